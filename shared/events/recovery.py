"""Recovery: indus, créances, encaissements, remises, fraud, rights that end (event contract, section Recovery)."""

from msgspec import UNSET, UnsetType

from shared.events.base import CodeCaf, Donnees, Identifiant, Instant, Liste, Montant, Texte, evenement


class Prestation(Liste):
    rsa = "rsa", "RSA"
    ppa = "ppa", "Prime d'activité"
    aah = "aah", "AAH"
    aeeh = "aeeh", "AEEH"
    al = "al", "Aide au logement"
    paje = "paje", "Paje"
    asf = "asf", "ASF"
    af = "af", "Allocations familiales"
    cf = "cf", "Complément familial"
    ars = "ars", "Rentrée scolaire"
    ajpp = "ajpp", "AJPP"
    autre = "autre", "Autre prestation"


class Cause(Liste):
    erreur_declaration = "erreur_declaration", "Erreur de déclaration"
    declaration_tardive = "declaration_tardive", "Déclaration tardive"
    fraude = "fraude", "Fraude"
    erreur_traitement = "erreur_traitement", "Erreur de traitement"


class Debiteur(Liste):
    allocataire = "allocataire", "Allocataire"
    partenaire = "partenaire", "Partenaire"


class Mode(Liste):
    retenue = "retenue", "Retenue sur prestations"
    versement = "versement", "Versement"
    prelevement = "prelevement", "Prélèvement"
    huissier = "huissier", "Huissier"
    compensation = "compensation", "Compensation"


class MotifAnnulationIndu(Liste):
    recours = "recours", "Recours"
    erreur = "erreur", "Erreur"
    mediation = "mediation", "Médiation"


class Instance(Liste):
    services = "services", "Services"
    cra = "cra", "Commission de recours amiable"


class Portee(Liste):
    totale = "totale", "Totale"
    partielle = "partielle", "Partielle"


@evenement("fr.caf.indu.constate.v1", "recovery", "creance", objet="creance", instant="constate_le", rang=0, cree=True)
class InduConstate(Donnees, frozen=True, omit_defaults=True):
    """Un indu est constaté : la créance naît."""

    creance: Identifiant
    prestation: Prestation
    montant_centimes: Montant
    cause: Cause
    constate_le: Instant
    debiteur: Debiteur
    origine: Texte | UnsetType = UNSET
    caf_traitante: CodeCaf | UnsetType = UNSET


@evenement("fr.caf.creance.notifiee.v1", "recovery", "creance", objet="creance", instant="notifiee_le", rang=1)
class CreanceNotifiee(Donnees, frozen=True, omit_defaults=True):
    """La créance est notifiée au débiteur."""

    creance: Identifiant
    notifiee_le: Instant


@evenement("fr.caf.encaissement.constate.v1", "recovery", "creance", objet="creance", instant="encaisse_le", rang=2)
class EncaissementConstate(Donnees, frozen=True, omit_defaults=True):
    """Une somme est encaissée sur une créance."""

    creance: Identifiant
    encaissement: Identifiant
    montant_centimes: Montant
    mode: Mode
    encaisse_le: Instant


@evenement("fr.caf.encaissement.annule.v1", "recovery", "creance", objet="creance", instant="annule_le", rang=3)
class EncaissementAnnule(Donnees, frozen=True, omit_defaults=True):
    """Un encaissement est annulé."""

    creance: Identifiant
    encaissement: Identifiant
    annule_le: Instant


@evenement("fr.caf.indu.annule.v1", "recovery", "creance", objet="creance", instant="annule_le", rang=4)
class InduAnnule(Donnees, frozen=True, omit_defaults=True):
    """Tout ou partie d'un indu est annulé."""

    creance: Identifiant
    montant_centimes: Montant
    annule_le: Instant
    motif: MotifAnnulationIndu


@evenement("fr.caf.remise.demandee.v1", "recovery", "creance", objet="creance", instant="demandee_le", rang=5)
class RemiseDemandee(Donnees, frozen=True, omit_defaults=True):
    """Une remise de dette est demandée."""

    creance: Identifiant
    montant_centimes: Montant
    demandee_le: Instant


@evenement("fr.caf.remise.accordee.v1", "recovery", "creance", objet="creance", instant="decidee_le", rang=6)
class RemiseAccordee(Donnees, frozen=True, omit_defaults=True):
    """Une remise de dette est accordée."""

    creance: Identifiant
    montant_centimes: Montant
    decidee_le: Instant
    instance: Instance
    portee: Portee | UnsetType = UNSET


@evenement("fr.caf.remise.refusee.v1", "recovery", "creance", objet="creance", instant="decidee_le", rang=7)
class RemiseRefusee(Donnees, frozen=True, omit_defaults=True):
    """Une remise de dette est refusée."""

    creance: Identifiant
    decidee_le: Instant
    instance: Instance


@evenement("fr.caf.fraude.qualifiee.v1", "recovery", "creance", objet="creance", instant="qualifiee_le", rang=8)
class FraudeQualifiee(Donnees, frozen=True, omit_defaults=True):
    """La créance est qualifiée de frauduleuse."""

    creance: Identifiant
    prejudice_centimes: Montant
    qualifiee_le: Instant


@evenement("fr.caf.droits.clos.v1", "recovery", "droits", objet="subject", instant="clos_le", rang=0, cree=True)
class DroitsClos(Donnees, frozen=True, omit_defaults=True):
    """Le dossier ne perçoit plus rien : premier déclencheur du télérecouvrement."""

    prestation: Prestation
    clos_le: Instant
