"""Contacts: visits, calls, mails, rendez-vous, campaigns (event contract, section Contacts)."""

from msgspec import UNSET, UnsetType

from shared.events.base import Donnees, Identifiant, Instant, Liste, Niveau, Texte, evenement


class CanalContact(Liste):
    accueil = "accueil", "Accueil"
    telephone = "telephone", "Téléphone"
    courriel = "courriel", "Courriel"
    courrier = "courrier", "Courrier"
    visio = "visio", "Visio"
    chat = "chat", "Chat"


class NatureContact(Liste):
    information_generale = "information_generale", "Information générale"
    dossier = "dossier", "Dossier"
    reclamation = "reclamation", "Réclamation"
    recouvrement = "recouvrement", "Recouvrement"
    mediation = "mediation", "Médiation"


class IssueContact(Liste):
    repondu = "repondu", "Répondu"
    abandonne = "abandonne", "Abandonné"
    sans_suite = "sans_suite", "Sans suite"


class Repondant(Liste):
    agent = "agent", "Agent"
    automate = "automate", "Automate"


class Modalite(Liste):
    site = "site", "Sur site"
    telephone = "telephone", "Par téléphone"
    visio = "visio", "En visio"


class AuteurRendezVous(Liste):
    usager = "usager", "L'usager"
    caf = "caf", "La Caf"


class CanalCampagne(Liste):
    sms = "sms", "SMS"
    courriel = "courriel", "Courriel"
    appel = "appel", "Appel"


@evenement("fr.caf.contact.recu.v1", "contacts", "contact", objet="contact", instant="recu_le", rang=0, cree=True)
class ContactRecu(Donnees, frozen=True, omit_defaults=True):
    """Une personne contacte la Caf."""

    contact: Identifiant
    canal: CanalContact
    nature: NatureContact
    recu_le: Instant
    niveau: Niveau = 1
    motif: Texte | UnsetType = UNSET
    site: Texte | UnsetType = UNSET


@evenement(
    "fr.caf.contact.pris_en_charge.v1", "contacts", "contact", objet="contact", instant="pris_en_charge_le", rang=1
)
class ContactPrisEnCharge(Donnees, frozen=True, omit_defaults=True):
    """Un contact est pris en charge."""

    contact: Identifiant
    pris_en_charge_le: Instant


@evenement("fr.caf.contact.transfere.v1", "contacts", "contact", objet="contact", instant="transfere_le", rang=2)
class ContactTransfere(Donnees, frozen=True, omit_defaults=True):
    """Un contact est transféré à un pôle."""

    contact: Identifiant
    transfere_le: Instant
    pole: Texte | UnsetType = UNSET


@evenement("fr.caf.contact.clos.v1", "contacts", "contact", objet="contact", instant="clos_le", rang=3)
class ContactClos(Donnees, frozen=True, omit_defaults=True):
    """Un contact est clos ; de plusieurs clôtures la première compte."""

    contact: Identifiant
    clos_le: Instant
    issue: IssueContact
    par: Repondant = Repondant.agent


@evenement("fr.caf.rendez_vous.demande.v1", "contacts", "rdv", objet="rdv", instant="demande_le", rang=0, cree=True)
class RendezVousDemande(Donnees, frozen=True, omit_defaults=True):
    """Un rendez-vous est demandé."""

    rdv: Identifiant
    demande_le: Instant
    motif: Texte
    modalite: Modalite
    site: Texte | UnsetType = UNSET


@evenement("fr.caf.rendez_vous.propose.v1", "contacts", "rdv", objet="rdv", instant="propose_le", rang=1)
class RendezVousPropose(Donnees, frozen=True, omit_defaults=True):
    """Un créneau est proposé ; `debut` est l'instant offert."""

    rdv: Identifiant
    propose_le: Instant
    debut: Instant
    modalite: Modalite
    site: Texte | UnsetType = UNSET


@evenement("fr.caf.rendez_vous.pris.v1", "contacts", "rdv", objet="rdv", instant="pris_le", rang=2)
class RendezVousPris(Donnees, frozen=True, omit_defaults=True):
    """Un créneau est pris."""

    rdv: Identifiant
    pris_le: Instant
    debut: Instant


@evenement("fr.caf.rendez_vous.deplace.v1", "contacts", "rdv", objet="rdv", instant="deplace_le", rang=3)
class RendezVousDeplace(Donnees, frozen=True, omit_defaults=True):
    """Un rendez-vous est déplacé, par l'usager ou par la Caf."""

    rdv: Identifiant
    deplace_le: Instant
    debut: Instant
    par: AuteurRendezVous


@evenement("fr.caf.rendez_vous.honore.v1", "contacts", "rdv", objet="rdv", instant="honore_le", rang=4)
class RendezVousHonore(Donnees, frozen=True, omit_defaults=True):
    """Un rendez-vous a eu lieu."""

    rdv: Identifiant
    honore_le: Instant


@evenement("fr.caf.rendez_vous.manque.v1", "contacts", "rdv", objet="rdv", instant="constate_le", rang=5)
class RendezVousManque(Donnees, frozen=True, omit_defaults=True):
    """La personne n'est pas venue, excusée ou non."""

    rdv: Identifiant
    constate_le: Instant
    excuse: bool


@evenement("fr.caf.rendez_vous.annule.v1", "contacts", "rdv", objet="rdv", instant="annule_le", rang=6)
class RendezVousAnnule(Donnees, frozen=True, omit_defaults=True):
    """Un rendez-vous est annulé, par l'usager ou par la Caf."""

    rdv: Identifiant
    annule_le: Instant
    par: AuteurRendezVous


@evenement("fr.caf.campagne.envoyee.v1", "contacts", "campagne", objet=None, instant="envoyee_le", rang=0, cree=True)
class CampagneEnvoyee(Donnees, frozen=True, omit_defaults=True):
    """Une campagne atteint un dossier (un événement par dossier)."""

    campagne: Identifiant
    theme: Texte
    canal: CanalCampagne
    envoyee_le: Instant
