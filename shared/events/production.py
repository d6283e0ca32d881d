"""Production: pieces, courriers, verifications, controls (event contract, section Production)."""

from msgspec import UNSET, UnsetType

from shared.events.base import CodeCaf, Donnees, Identifiant, Instant, Liste, MontantOuZero, Texte, evenement


class Nature(Liste):
    demande_rsa = "demande_rsa", "Demande de RSA"
    demande_ppa = "demande_ppa", "Demande de prime d'activité"
    demande_aah = "demande_aah", "Demande d'AAH"
    demande_al = "demande_al", "Demande d'aide au logement"
    demande_paje = "demande_paje", "Demande de Paje"
    demande_asf = "demande_asf", "Demande d'ASF"
    demande_af = "demande_af", "Demande d'allocations familiales"
    demande_aeeh = "demande_aeeh", "Demande d'AEEH"
    demande_autre = "demande_autre", "Autre demande"
    declaration_trimestrielle = "declaration_trimestrielle", "Déclaration trimestrielle"
    declaration_ressources = "declaration_ressources", "Déclaration de ressources"
    changement_situation = "changement_situation", "Changement de situation"
    justificatif = "justificatif", "Justificatif"
    quittance_loyer = "quittance_loyer", "Quittance de loyer"
    decision_mdph = "decision_mdph", "Décision de la MDPH"
    titre_executoire = "titre_executoire", "Titre exécutoire"
    autre = "autre", "Autre pièce"


class Canal(Liste):
    web = "web", "Web"
    courrier = "courrier", "Courrier"
    accueil = "accueil", "Accueil"
    partenaire = "partenaire", "Partenaire"
    interne = "interne", "Travail interne"


class Teleservice(Liste):
    rsa = "rsa", "RSA"
    ppa = "ppa", "Prime d'activité"
    al = "al", "Aide au logement"
    paje = "paje", "Paje"
    ars = "ars", "Rentrée scolaire"
    etudiant = "etudiant", "Étudiant"
    boursier = "boursier", "Boursier"
    autre = "autre", "Autre téléservice"


class Urgence(Liste):
    rupture_de_droits = "rupture_de_droits", "Rupture de droits"


class IssuePiece(Liste):
    liquidee = "liquidee", "Liquidée"
    classee = "classee", "Classée"
    rejetee = "rejetee", "Rejetée"
    transmise = "transmise", "Transmise"


class MotifAnnulation(Liste):
    doublon = "doublon", "Doublon"
    erreur_numerisation = "erreur_numerisation", "Erreur de numérisation"
    sans_objet = "sans_objet", "Sans objet"


class MotifAttente(Liste):
    attente_allocataire = "attente_allocataire", "Attente de l'allocataire"
    attente_partenaire = "attente_partenaire", "Attente d'un partenaire"


class Moment(Liste):
    iql0 = "iql0", "À la liquidation"
    iql6 = "iql6", "Six mois après"


class TypeControle(Liste):
    echange = "echange", "Échange de données"
    pieces = "pieces", "Sur pièces"
    place = "place", "Sur place"
    metier = "metier", "Métier"


@evenement("fr.caf.piece.arrivee.v1", "production", "piece", objet="piece", instant="arrivee_le", rang=0, cree=True)
class PieceArrivee(Donnees, frozen=True, omit_defaults=True):
    """Une pièce arrive à la Caf."""

    piece: Identifiant
    nature: Nature
    canal: Canal
    arrivee_le: Instant
    minima_sociaux: bool
    teleservice: Teleservice | UnsetType = UNSET
    caf_traitante: CodeCaf | UnsetType = UNSET
    urgence: Urgence | UnsetType = UNSET
    pole: Texte | UnsetType = UNSET
    site: Texte | UnsetType = UNSET


@evenement("fr.caf.piece.suspendue.v1", "production", "piece", objet="piece", instant="suspendue_le", rang=1)
class PieceSuspendue(Donnees, frozen=True, omit_defaults=True):
    """Le traitement d'une pièce attend quelqu'un."""

    piece: Identifiant
    suspendue_le: Instant
    motif: MotifAttente | UnsetType = UNSET


@evenement("fr.caf.piece.reprise.v1", "production", "piece", objet="piece", instant="reprise_le", rang=2)
class PieceReprise(Donnees, frozen=True, omit_defaults=True):
    """Le traitement d'une pièce reprend."""

    piece: Identifiant
    reprise_le: Instant
    motif: MotifAttente | UnsetType = UNSET


@evenement("fr.caf.piece.traitee.v1", "production", "piece", objet="piece", instant="traitee_le", rang=3)
class PieceTraitee(Donnees, frozen=True, omit_defaults=True):
    """Une pièce est traitée, quelle que soit l'issue."""

    piece: Identifiant
    traitee_le: Instant
    issue: IssuePiece
    automatique: bool | UnsetType = UNSET


@evenement("fr.caf.piece.rouverte.v1", "production", "piece", objet="piece", instant="rouverte_le", rang=4)
class PieceRouverte(Donnees, frozen=True, omit_defaults=True):
    """Une pièce traitée est rouverte, avec son jour d'arrivée."""

    piece: Identifiant
    rouverte_le: Instant
    motif: Texte | UnsetType = UNSET


@evenement("fr.caf.piece.annulee.v1", "production", "piece", objet="piece", instant="annulee_le", rang=5)
class PieceAnnulee(Donnees, frozen=True, omit_defaults=True):
    """Une pièce quitte le stock sans être traitée."""

    piece: Identifiant
    annulee_le: Instant
    motif: MotifAnnulation


@evenement(
    "fr.caf.courrier.arrive.v1", "production", "courrier", objet="courrier", instant="arrive_le", rang=0, cree=True
)
class CourrierArrive(Donnees, frozen=True, omit_defaults=True):
    """Un courrier arrive ; il contient plusieurs pièces, ou aucune."""

    courrier: Identifiant
    arrive_le: Instant


@evenement(
    "fr.caf.verification.realisee.v1",
    "production",
    "verification",
    objet="verification",
    instant="realisee_le",
    rang=0,
    cree=True,
)
class VerificationRealisee(Donnees, frozen=True, omit_defaults=True):
    """La qualité d'une liquidation est vérifiée."""

    verification: Identifiant
    moment: Moment
    conforme: bool
    realisee_le: Instant


@evenement(
    "fr.caf.controle.realise.v1", "production", "controle", objet="controle", instant="realise_le", rang=0, cree=True
)
class ControleRealise(Donnees, frozen=True, omit_defaults=True):
    """Un contrôle est terminé, avec ses deux effets."""

    controle: Identifiant
    type_controle: TypeControle
    indu_centimes: MontantOuZero
    rappel_centimes: MontantOuZero
    realise_le: Instant
