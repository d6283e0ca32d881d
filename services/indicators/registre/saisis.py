"""The indicators of the contracts that no event feeds: people type their values in."""

from typing import Final, Literal

from services.indicators.registre.base import CPOG, Indicateur, Unite
from services.indicators.registre.cpog import LIGNES

FORMULE: Final = "Valeur saisie, avec son auteur et sa date ; les contrats n'en impriment pas la formule"


def _typed(
    code: str,
    unite: Unite,
    population: str,
    sens: Literal["bas", "haut"] | None = None,
    libelle: str | None = None,
    plancher: float = 0,
) -> Indicateur:
    ligne = LIGNES[code]
    return Indicateur(
        code,
        libelle or ligne.intitule,
        unite,
        f"{population} ; Caf pivots seules" if ligne.pivots else population,
        FORMULE,
        None,
        source=f"{CPOG} (003 L{ligne.ligne_003} ; 004 L{ligne.ligne_004})",
        sens=sens,
        genre="saisi",
        plancher=plancher,
        maturite=None,
    )


SAISIS: Final = (
    _typed("COG-04-15", "taux", "Impayés de pension alimentaire à recouvrer", "haut"),
    _typed("COG-04-16", "taux", "Impayés de pension alimentaire avec intermédiation financière"),
    _typed("COG-04-17", "nombre", "Pensions alimentaires"),
    _typed("ARIPA-HORS-IF", "jours", "Démarches hors intermédiation financière, sans impayé", "bas"),
    _typed("ARIPA-IF", "jours", "Démarches d'intermédiation financière, sans impayé", "bas"),
    _typed("COG-01-11", "taux", "Villes de plus de 10 000 habitants", "haut"),
    _typed("MONENFANT", "taux", "Assistants maternels", "haut"),
    _typed(
        "COG-01-02",
        "taux",
        "Familles avec enfants de moins de trois ans, hors préscolarisation",
        "haut",
        "Familles avec enfants de moins de trois ans bénéficiant d'un mode d'accueil formel",
    ),
    _typed(
        "CTG-PETITE-ENFANCE",
        "taux",
        "Conventions territoriales globales",
        "haut",
        "Part des CTG avec un schéma de l'offre d'accueil du jeune enfant",
    ),
    _typed(
        "COG-01-03",
        "taux",
        "Familles avec enfants de moins de trois ans vivant sous le seuil de bas revenus",
        "haut",
        "Familles à bas revenus, enfants de moins de trois ans, bénéficiant d'un mode d'accueil formel",
    ),
    _typed(
        "COG-01-05",
        "nombre",
        "Enfants accueillis en Eaje Psu",
        libelle="Enfants bénéficiaires d'AEEH, ou au handicap en cours de détection, accueillis en Eaje Psu",
    ),
    _typed("COG-01-07", "taux", "Structures d'accueil de la petite enfance", "haut"),
    _typed(
        "COG-01-06",
        "nombre",
        "Structures d'accueil de la petite enfance",
        libelle="Structures de la petite enfance aidées à l'investissement pour la transition écologique",
    ),
    _typed("COG-01-10", "ratio", "Assistants maternels et ETP des relais petite enfance"),
    _typed(
        "COG-02-12",
        "heures",
        "Heures d'accueil collectif de mineurs",
        libelle="Heures en accueil collectif de mineurs bénéficiant du complément inclusif handicap",
    ),
    _typed("COG-02-13", "heures", "Heures d'accueil de loisirs sans hébergement"),
    _typed("COG-02-14", "nombre", "Familles aidées par Vacaf"),
    _typed("COG-04-18", "heures", "Lieux d'accueil enfants parents"),
    _typed("LIEUX-RESSOURCES", "nombre", "Lieux du département", libelle="Lieux ressources parentalité du département"),
    _typed("COG-12-46", "taux", "Agents de la Caf", "haut"),
    _typed("COG-12-47", "ratio", "Allocataires pondérés ; l'unité n'est pas imprimée", "haut"),
    _typed("COG-12-48", "centimes", "Allocataires pondérés ; l'unité n'est pas imprimée", "bas"),
    _typed("COG-12-49", "taux", "Absences pour maladie de moins de huit jours", "bas"),
    _typed(
        "COG-12-51",
        "m2",
        "Nouveaux sites et sites reconfigurés, avec un projet du programme national immobilier",
        "bas",
        "Surface utile brute par résident",
    ),
    # A fall is a negative evolution, and the target is one.
    _typed("COG-12-53", "taux", "Consommation d'énergie, par rapport à 2021", "bas", plancher=-1),
    _typed("DATAMINING-250", "nombre", "Contrôles du datamining métier, cible 250", "haut"),
    _typed(
        "DONNEES-ENTRANTES",
        "centimes",
        "Contrôles des données entrantes",
        "haut",
        "Montant redressé par le contrôle des données entrantes",
    ),
    _typed(
        "EAJE-CONTROLES",
        "taux",
        "Établissements d'accueil du jeune enfant",
        "haut",
        "Établissements d'accueil du jeune enfant contrôlés au moins une fois tous les 5 ans",
    ),
)
