"""The deciders of contacts: what each kind of object says to the indicators."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET

from services.contacts.models import LigneCampagne, LigneContact, LigneRendezVous
from services.contacts.rules import (
    RECU,
    Contact,
    Place,
    RendezVous,
    Voisins,
    fold_contact,
    fold_rendez_vous,
    repeats,
    windows,
)
from services.contacts.store import kept_places, kept_within
from shared.events.contacts import (
    CampagneEnvoyee,
    ContactClos,
    ContactRecu,
    RendezVousDemande,
    RendezVousManque,
    RendezVousPropose,
)
from shared.events.mouvements import ImageCampagne, ImageContact, ImageRendezVous
from shared.runtime.faits import creating_fact
from shared.runtime.objets import Comptee, Etat, Genre, Lecture, Objet
from shared.temps import to_iso

_CONTACT_INCONNU: Final[Mapping[str, Any]] = {
    "recu": None,
    "repete": False,
    "canal": None,
    "nature": None,
    "clos": None,
    "issue": None,
}
_RENDEZ_VOUS_INCONNU: Final[Mapping[str, Any]] = dict.fromkeys(
    ("demande", "modalite", "site", "creneau", "issue", "issue_le")
)


class GenreContact(Genre):
    """Contacts. ``voisinage``: the instant of the reception before, in the same Caf and dossier, if any."""

    nom = "contact"
    modele = LigneContact

    def reduce(self, objet: Objet) -> Etat:
        """See ``Genre.reduce``."""
        contact = fold_contact(objet.faits)
        if contact is None:
            return Etat(None, _CONTACT_INCONNU)
        image = _image_contact(contact, repeats(contact.reception.instant, objet.voisinage))
        colonnes = {
            "recu": contact.reception.instant,
            "repete": image.repete,
            "canal": image.canal,
            "nature": image.nature,
            "clos": None if contact.cloture is None else contact.cloture.jour,
            "issue": image.issue,
        }
        return Etat(contact.reception.dossier, colonnes, (Comptee("contact", objet.id, image),))

    def widen(self, touches: list[Objet], lecture: Lecture) -> list[Objet]:
        """The contacts that begin or cease to repeat another, because one came, moved to another dossier or instant.

        Only contacts after the old and the new place of a touched one can change, at most 168 h after.
        """
        places = {o.cle: _place(o) for o in touches}
        bouges = [*kept_places(lecture, (o.cle for o in touches if o.version)), *(p for p in places.values() if p)]
        gardees = [g for g in kept_within(lecture, windows(bouges)) if g.cle not in places]
        voisins = Voisins([*(g.place for g in gardees), *(p for p in places.values() if p)])
        autour = Voisins(bouges)
        changees = {
            g.cle: g.place
            for g in gardees
            if repeats(g.place.recu, autour.before(g.place))
            and repeats(g.place.recu, voisins.before(g.place)) != g.repete
        }
        objets = [*touches, *lecture.load(self, changees)]
        for objet in objets:
            place = places.get(objet.cle) or changees.get(objet.cle)
            objet.voisinage = voisins.before(place) if place else None
        return objets


def _place(objet: Objet) -> Place | None:
    reception = creating_fact(objet.faits, RECU)
    return Place(objet.caf, reception.dossier, reception.instant) if reception else None


def _image_contact(contact: Contact, repete: bool) -> ImageContact:
    data: ContactRecu = contact.reception.data
    cloture = contact.cloture
    fin: ContactClos | None = None if cloture is None else cloture.data
    return ImageContact(
        canal=data.canal,
        nature=data.nature,
        niveau=data.niveau,
        recu=to_iso(contact.reception.jour),
        site=None if data.site is UNSET else data.site,
        pole=contact.pole,
        clos=None if cloture is None else to_iso(cloture.jour),
        issue=None if fin is None else fin.issue,
        par=None if fin is None else fin.par,
        clos_sous_48h=contact.clos_sous_48h,
        pris_en_charge=contact.geste is not None,
        pris_en_charge_avant_48h=contact.pris_en_charge_avant_48h,
        repete=repete,
    )


class GenreRendezVous(Genre):
    """Rendez-vous."""

    nom = "rdv"
    modele = LigneRendezVous

    def reduce(self, objet: Objet) -> Etat:
        """See ``Genre.reduce``."""
        rdv = fold_rendez_vous(objet.faits)
        if rdv is None:
            return Etat(None, _RENDEZ_VOUS_INCONNU)
        image = _image_rendez_vous(rdv)
        colonnes = {
            "demande": rdv.demande.jour,
            "modalite": image.modalite,
            "site": image.site,
            "creneau": rdv.creneau,
            "issue": image.issue,
            "issue_le": None if rdv.issue is None else rdv.issue.jour,
        }
        return Etat(rdv.demande.dossier, colonnes, (Comptee("rendez_vous", objet.id, image),))


def _image_rendez_vous(rdv: RendezVous) -> ImageRendezVous:
    """Modalité and site of the last proposal, else of the demand."""
    demande: RendezVousDemande = rdv.demande.data
    offre: RendezVousPropose | RendezVousDemande = demande if rdv.derniere is None else rdv.derniere.data
    site = demande.site if offre.site is UNSET else offre.site
    manque: RendezVousManque | None = rdv.issue.data if rdv.issue and rdv.issue_nom == "manque" else None
    return ImageRendezVous(
        modalite=offre.modalite,
        demande=to_iso(rdv.demande.jour),
        site=None if site is UNSET else site,
        propose=None if rdv.premiere is None else to_iso(rdv.premiere.jour),
        propose_sous_7j=rdv.propose_sous_7j,
        issue=rdv.issue_nom,
        issue_le=None if rdv.issue is None else to_iso(rdv.issue.jour),
        excuse=manque is not None and manque.excuse,
    )


class GenreCampagne(Genre):
    """Campaigns: each event is one person reached, and its own object."""

    nom = "campagne"
    modele = LigneCampagne

    def reduce(self, objet: Objet) -> Etat:
        """See ``Genre.reduce``."""
        fait = objet.faits[0]
        data: CampagneEnvoyee = fait.data
        image = ImageCampagne(jour=to_iso(fait.jour), theme=data.theme, canal=data.canal)
        colonnes = {"jour": fait.jour, "campagne": data.campagne}
        return Etat(fait.dossier, colonnes, (Comptee("campagne", objet.id, image),))


CONTACT: Final = GenreContact()
RENDEZ_VOUS: Final = GenreRendezVous()

DECIDEURS: Final[Mapping[str, Genre]] = {
    "fr.caf.contact.recu.v1": CONTACT,
    "fr.caf.contact.pris_en_charge.v1": CONTACT,
    "fr.caf.contact.transfere.v1": CONTACT,
    "fr.caf.contact.clos.v1": CONTACT,
    "fr.caf.rendez_vous.demande.v1": RENDEZ_VOUS,
    "fr.caf.rendez_vous.propose.v1": RENDEZ_VOUS,
    "fr.caf.rendez_vous.pris.v1": RENDEZ_VOUS,
    "fr.caf.rendez_vous.deplace.v1": RENDEZ_VOUS,
    "fr.caf.rendez_vous.honore.v1": RENDEZ_VOUS,
    "fr.caf.rendez_vous.manque.v1": RENDEZ_VOUS,
    "fr.caf.rendez_vous.annule.v1": RENDEZ_VOUS,
    "fr.caf.campagne.envoyee.v1": GenreCampagne(),
}
