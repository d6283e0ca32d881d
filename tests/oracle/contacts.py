"""Contacts and rendez-vous: what the set of facts of each shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from tests.oracle.calendar import jour
from tests.oracle.catalogue import MODALITES, lis_instant
from tests.oracle.door import Evenement
from tests.oracle.values import Chiffre, compte, part, quotient

ISSUES_DE_RENDEZ_VOUS = ("rendez_vous.honore", "rendez_vous.manque", "rendez_vous.annule")
DEUX_JOURS = timedelta(hours=48)
SEPT_JOURS = timedelta(hours=168)
PRISES_EN_CHARGE = ("contact.pris_en_charge", "contact.transfere", "contact.clos")


@dataclass(frozen=True, slots=True)
class Contact:
    """A received contact. `issue` and `par` are those of its earliest closing; empty while it is open."""

    caf: str
    id: str
    dossier: str
    canal: str
    nature: str
    site: str
    recu: Evenement
    clos: Evenement | None
    premier_geste: Evenement | None
    repete: bool = False

    @property
    def repondu(self) -> bool:
        return self.clos is not None and self.clos.data["issue"] == "repondu"

    @property
    def par_agent(self) -> bool:
        return self.clos is not None and self.clos.data.get("par", "agent") == "agent"

    @property
    def jours_de_reponse(self) -> int:
        """Paris days from the reception to the closing; only for a closed contact."""
        assert self.clos is not None
        return (self.clos.jour - self.recu.jour).days

    @property
    def duree_de_reponse(self) -> timedelta:
        """Time elapsed from the reception to the closing; only for a closed contact."""
        assert self.clos is not None
        return self.clos.instant - self.recu.instant


@dataclass(frozen=True, slots=True)
class RendezVous:
    """A demanded rendez-vous. `modalite` and `site` are those of its last proposal, else of its demand."""

    caf: str
    id: str
    modalite: str
    site: str
    demande: date
    premiere_proposition: date | None
    premier_debut: date | None
    issue: str
    jour_issue: date | None

    @property
    def jours_avant_le_premier_debut(self) -> int:
        """Paris days from the demand to the start first offered; only for a rendez-vous with a proposal."""
        assert self.premier_debut is not None
        return (self.premier_debut - self.demande).days


def replie_contact(faits: Sequence[Evenement]) -> Contact | None:
    """The contact that its facts make; None while its reception is unknown."""
    ranges = sorted(faits, key=lambda fait: fait.ordre)
    recu = next((fait for fait in ranges if fait.type == "contact.recu"), None)
    if recu is None:
        return None
    return Contact(
        caf=recu.caf,
        id=recu.data["contact"],
        dossier=recu.dossier,
        canal=recu.data["canal"],
        nature=recu.data["nature"],
        site=recu.data.get("site", ""),
        recu=recu,
        clos=next((fait for fait in ranges if fait.type == "contact.clos"), None),
        premier_geste=next((fait for fait in ranges if fait.type in PRISES_EN_CHARGE), None),
    )


def replie_rendez_vous(faits: Sequence[Evenement]) -> RendezVous | None:
    """The rendez-vous that its facts make; None while its demand is unknown."""
    ranges = sorted(faits, key=lambda fait: fait.ordre)
    demande = next((fait for fait in ranges if fait.type == "rendez_vous.demande"), None)
    if demande is None:
        return None
    propositions = [fait for fait in ranges if fait.type == "rendez_vous.propose"]
    issues = [fait for fait in ranges if fait.type in ISSUES_DE_RENDEZ_VOUS]
    derniere = propositions[-1] if propositions else demande
    return RendezVous(
        caf=demande.caf,
        id=demande.data["rdv"],
        modalite=derniere.data["modalite"],
        site=derniere.data.get("site", demande.data.get("site", "")),
        demande=demande.jour,
        premiere_proposition=propositions[0].jour if propositions else None,
        premier_debut=_jour_de_debut(propositions[0]) if propositions else None,
        issue=issues[-1].type.removeprefix("rendez_vous.") if issues else "",
        jour_issue=issues[-1].jour if issues else None,
    )


def _jour_de_debut(fait: Evenement) -> date:
    debut = lis_instant(fait.data["debut"])
    assert debut is not None, "the door let it in"
    return jour(debut)


def marque_les_repetes(contacts: Sequence[Contact]) -> list[Contact]:
    """The same contacts; those that follow another of their dossier by more than 0 and at most 168 hours are marked."""
    par_dossier: dict[tuple[str, str], list[datetime]] = {}
    for contact in contacts:
        par_dossier.setdefault((contact.caf, contact.dossier), []).append(contact.recu.instant)
    return [
        replace(contact, repete=_en_suit_un_autre(contact.recu.instant, par_dossier[contact.caf, contact.dossier]))
        for contact in contacts
    ]


def _en_suit_un_autre(instant: datetime, receptions: Sequence[datetime]) -> bool:
    return any(timedelta(0) < instant - reception <= SEPT_JOURS for reception in receptions)


def figures_des_contacts(contacts: Sequence[Contact], _caf: str, du: date, au: date) -> dict[str, Chiffre]:
    """Every figure of the contacts given, all of one Caf."""
    recus = [contact for contact in contacts if du <= contact.recu.jour <= au]
    repondus = [c for c in contacts if c.clos and c.repondu and du <= c.clos.jour <= au]
    reclamations = [c for c in repondus if c.nature == "reclamation"]
    generaux = [c for c in repondus if c.canal == "courriel" and c.nature == "information_generale"]
    courriels = [c for c in recus if c.canal == "courriel"]
    appels = [c for c in recus if c.canal == "telephone"]
    return {
        "COG-08-25": part([c.jours_de_reponse <= 10 for c in reclamations]),
        "COG-08-27": part([c.duree_de_reponse <= DEUX_JOURS for c in generaux]),
        "COURRIELS-PEC-48H": part(
            [c.premier_geste.instant - c.recu.instant < DEUX_JOURS for c in courriels if c.premier_geste]
        ),
        "COURRIELS-RECUS": compte(len(courriels)),
        "APPELS-RECUS": compte(len(appels)),
        "APPELS-TRAITES-NOMBRE": compte(sum(c.repondu and c.par_agent for c in appels)),
        "APPELS-TRAITES": part([c.repondu and c.par_agent for c in appels]),
        "APPELS-ABOUTIS": part([c.repondu for c in appels]),
        "VISITES": compte(sum(c.canal == "accueil" for c in recus)),
        "REITERATION-7J": part([c.repete for c in recus]),
    }


def figures_des_rendez_vous(rdvs: Sequence[RendezVous], _caf: str, du: date, au: date) -> dict[str, Chiffre]:
    """Every figure of the rendez-vous given, all of one Caf."""
    proposes = [rdv for rdv in rdvs if rdv.premiere_proposition and du <= rdv.premiere_proposition <= au]
    finis = [rdv for rdv in rdvs if rdv.jour_issue and du <= rdv.jour_issue <= au]
    honores = [rdv for rdv in finis if rdv.issue == "honore"]
    manques = [rdv for rdv in finis if rdv.issue == "manque"]
    chiffres = {
        "RDV-7J": part([rdv.jours_avant_le_premier_debut <= 7 for rdv in proposes]),
        "RDV-HONORES": compte(len(honores)),
        "RDV-MANQUES": compte(len(manques)),
        "TAUX-ABSENCE": quotient(len(manques), len(manques) + len(honores)),
    }
    for modalite in MODALITES:
        chiffres[f"RDV-HONORES-{modalite}"] = compte(sum(rdv.modalite == modalite for rdv in honores))
    return chiffres
