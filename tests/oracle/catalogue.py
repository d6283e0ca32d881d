"""The public event types: who owns them, which member dates them, what each member may hold (`*`: required)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

Regle = Callable[[object], bool]

_INSTANT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
_NIR = re.compile(r"[1-478]\d{4}(\d{2}|2[AB])\d{6}(\d{2})?")
_SEPARATEURS = re.compile(r"[\s.\-/_]")
_IDENTIFIANT = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CONTROLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CAF = re.compile(r"[0-9]{3}")


def lis_instant(valeur: object) -> datetime | None:
    """The instant in UTC, or None if the text is not one. Digits below the microsecond are dropped."""
    trouve = _INSTANT.fullmatch(valeur) if isinstance(valeur, str) else None
    if trouve is None:
        return None
    annee, mois, jour, heure, minute, seconde = (int(groupe) for groupe in trouve.groups()[:6])
    fraction, signe, heures, minutes = trouve.groups()[6:]
    decalage = timedelta(hours=int(heures or 0), minutes=int(minutes or 0))
    if not 1970 <= annee <= 2100 or int(minutes or 0) > 59:
        return None
    try:
        fuseau = timezone(-decalage if signe == "-" else decalage)
        micro = int(((fraction or "") + "000000")[:6])
        return datetime(annee, mois, jour, heure, minute, seconde, micro, fuseau).astimezone(UTC)
    except ValueError:
        return None


def ressemble_a_un_nir(valeur: str) -> bool:
    return _NIR.fullmatch(_SEPARATEURS.sub("", valeur).upper()) is not None


def identifiant(valeur: object) -> bool:
    return isinstance(valeur, str) and _IDENTIFIANT.fullmatch(valeur) is not None and not ressemble_a_un_nir(valeur)


def texte(valeur: object) -> bool:
    return (
        isinstance(valeur, str)
        and 1 <= len(valeur) <= 200
        and _CONTROLE.search(valeur) is None
        and not ressemble_a_un_nir(valeur)
    )


def instant(valeur: object) -> bool:
    return lis_instant(valeur) is not None


def booleen(valeur: object) -> bool:
    return isinstance(valeur, bool)


def entier(minimum: int, maximum: int) -> Regle:
    def regle(valeur: object) -> bool:
        return isinstance(valeur, int) and not isinstance(valeur, bool) and minimum <= valeur <= maximum

    return regle


def parmi(liste: str) -> Regle:
    """One of the words of a list."""
    valeurs = liste.split()

    def regle(valeur: object) -> bool:
        return isinstance(valeur, str) and valeur in valeurs

    return regle


def numero_de_caf(valeur: object) -> bool:
    return isinstance(valeur, str) and _CAF.fullmatch(valeur) is not None


montant = entier(1, 10**12)
montant_ou_zero = entier(0, 10**12)

TELESERVICES = ("rsa", "ppa", "al", "paje", "ars", "etudiant", "boursier", "autre")
MODALITES = ("site", "telephone", "visio")
TYPES_DE_CONTROLE = ("echange", "pieces", "place", "metier")

_nature = parmi(
    "demande_rsa demande_ppa demande_aah demande_al demande_paje demande_asf demande_af demande_aeeh demande_autre "
    "declaration_trimestrielle declaration_ressources changement_situation justificatif quittance_loyer "
    "decision_mdph titre_executoire autre"
)
_canal_piece = parmi("web courrier accueil partenaire interne")
_canal_contact = parmi("accueil telephone courriel courrier visio chat")
_nature_contact = parmi("information_generale dossier reclamation recouvrement mediation")
_motif_pause = parmi("attente_allocataire attente_partenaire")
_motif_annulation = parmi("doublon erreur_numerisation sans_objet")
_modalite = parmi(" ".join(MODALITES))
_partie = parmi("usager caf")
_prestation = parmi("rsa ppa aah aeeh al paje asf af cf ars ajpp autre")
_cause = parmi("erreur_declaration declaration_tardive fraude erreur_traitement")
_mode = parmi("retenue versement prelevement huissier compensation")
_instance = parmi("services cra")


class TypeEvenement(NamedTuple):
    """A type: its owning service, the member that holds its business instant, the rule of each member."""

    service: str
    date: str
    membres: Mapping[str, Regle]
    requis: frozenset[str]


def _type(service: str, date: str, membres: Mapping[str, Regle]) -> TypeEvenement:
    requis = frozenset(nom[:-1] for nom in membres if nom.endswith("*"))
    return TypeEvenement(service, date, {nom.rstrip("*"): regle for nom, regle in membres.items()}, requis | {date})


def _production(date: str, membres: Mapping[str, Regle]) -> TypeEvenement:
    return _type("production", date, {date: instant, **membres})


def _contacts(date: str, membres: Mapping[str, Regle]) -> TypeEvenement:
    return _type("contacts", date, {date: instant, **membres})


def _recouvrement(date: str, membres: Mapping[str, Regle]) -> TypeEvenement:
    return _type("recovery", date, {date: instant, **membres})


_PIECE: Mapping[str, Regle] = {"piece*": identifiant}
_CONTACT: Mapping[str, Regle] = {"contact*": identifiant}
_RDV: Mapping[str, Regle] = {"rdv*": identifiant}
_CREANCE: Mapping[str, Regle] = {"creance*": identifiant}
_ENCAISSEMENT: Mapping[str, Regle] = {**_CREANCE, "encaissement*": identifiant}
_SOMME: Mapping[str, Regle] = {**_CREANCE, "montant_centimes*": montant}

TYPES: Mapping[str, TypeEvenement] = {
    f"fr.caf.{nom}.v1": forme
    for nom, forme in {
        "piece.arrivee": _production(
            "arrivee_le",
            {
                **_PIECE, "nature*": _nature, "canal*": _canal_piece, "minima_sociaux*": booleen,
                "teleservice": parmi(" ".join(TELESERVICES)), "caf_traitante": numero_de_caf,
                "urgence": parmi("rupture_de_droits"), "pole": texte, "site": texte,
            },
        ),
        "piece.traitee": _production(
            "traitee_le",
            {**_PIECE, "issue*": parmi("liquidee classee rejetee transmise"), "automatique": booleen},
        ),
        "piece.rouverte": _production("rouverte_le", {**_PIECE, "motif": texte}),
        "piece.annulee": _production("annulee_le", {**_PIECE, "motif*": _motif_annulation}),
        "piece.suspendue": _production("suspendue_le", {**_PIECE, "motif": _motif_pause}),
        "piece.reprise": _production("reprise_le", {**_PIECE, "motif": _motif_pause}),
        "courrier.arrive": _production("arrive_le", {"courrier*": identifiant}),
        "verification.realisee": _production(
            "realisee_le", {"verification*": identifiant, "moment*": parmi("iql0 iql6"), "conforme*": booleen}
        ),
        "controle.realise": _production(
            "realise_le",
            {
                "controle*": identifiant, "type_controle*": parmi(" ".join(TYPES_DE_CONTROLE)),
                "indu_centimes*": montant_ou_zero, "rappel_centimes*": montant_ou_zero,
            },
        ),
        "contact.recu": _contacts(
            "recu_le",
            {
                **_CONTACT, "canal*": _canal_contact, "nature*": _nature_contact,
                "niveau": entier(1, 2), "motif": texte, "site": texte,
            },
        ),
        "contact.pris_en_charge": _contacts("pris_en_charge_le", _CONTACT),
        "contact.transfere": _contacts("transfere_le", {**_CONTACT, "pole": texte}),
        "contact.clos": _contacts(
            "clos_le",
            {**_CONTACT, "issue*": parmi("repondu abandonne sans_suite"), "par": parmi("agent automate")},
        ),
        "rendez_vous.demande": _contacts(
            "demande_le", {**_RDV, "motif*": texte, "modalite*": _modalite, "site": texte}
        ),
        "rendez_vous.propose": _contacts(
            "propose_le", {**_RDV, "debut*": instant, "modalite*": _modalite, "site": texte}
        ),
        "rendez_vous.pris": _contacts("pris_le", {**_RDV, "debut*": instant}),
        "rendez_vous.deplace": _contacts("deplace_le", {**_RDV, "debut*": instant, "par*": _partie}),
        "rendez_vous.honore": _contacts("honore_le", _RDV),
        "rendez_vous.manque": _contacts("constate_le", {**_RDV, "excuse*": booleen}),
        "rendez_vous.annule": _contacts("annule_le", {**_RDV, "par*": _partie}),
        "campagne.envoyee": _contacts(
            "envoyee_le",
            {"campagne*": identifiant, "theme*": texte, "canal*": parmi("sms courriel appel")},
        ),
        "indu.constate": _recouvrement(
            "constate_le",
            {
                **_SOMME, "prestation*": _prestation, "cause*": _cause,
                "debiteur*": parmi("allocataire partenaire"), "origine": texte, "caf_traitante": numero_de_caf,
            },
        ),
        "creance.notifiee": _recouvrement("notifiee_le", _CREANCE),
        "encaissement.constate": _recouvrement(
            "encaisse_le", {**_ENCAISSEMENT, "montant_centimes*": montant, "mode*": _mode}
        ),
        "encaissement.annule": _recouvrement("annule_le", _ENCAISSEMENT),
        "indu.annule": _recouvrement("annule_le", {**_SOMME, "motif*": parmi("recours erreur mediation")}),
        "remise.demandee": _recouvrement("demandee_le", _SOMME),
        "remise.accordee": _recouvrement(
            "decidee_le", {**_SOMME, "instance*": _instance, "portee": parmi("totale partielle")}
        ),
        "remise.refusee": _recouvrement("decidee_le", {**_CREANCE, "instance*": _instance}),
        "fraude.qualifiee": _recouvrement("qualifiee_le", {**_CREANCE, "prejudice_centimes*": montant}),
        "droits.clos": _recouvrement("clos_le", {"prestation*": _prestation}),
    }.items()
}  # fmt: skip
