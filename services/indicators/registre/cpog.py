"""The 41 indicators of the two contracts (Cpog 2023-2027), as their annexes list them, in the annexes' order.

Sources: 003, Caf de la Haute-Marne, lines 601 to 660; 004, Caf de l'Indre, lines 662 to 719. Ten rows bear no code: the
contracts name them only by their titles. 004 prints « COG 12-26 » at line 702: 003 has 12-46, the number of its sheet.
"""

from typing import Final, NamedTuple


class LigneCpog(NamedTuple):
    """A row of the annex. ``code``: ours; ``intitule``: as 003 writes it, spelling put right.

    ``hors_cog``: added to those of the national convention; ``suivi``: followed without a target to reach;
    ``pivots``: for the Cafs that carry the pensions of others; ``ligne_003``, ``ligne_004``: where it is printed.
    """

    code: str
    intitule: str
    ligne_003: int
    ligne_004: int
    hors_cog: bool = False
    suivi: bool = False
    pivots: bool = False


class PartieCpog(NamedTuple):
    """A part of the annex."""

    titre: str
    lignes: tuple[LigneCpog, ...]


PARTIES: Final = (
    PartieCpog(
        "Services à l'allocataire",
        (
            LigneCpog("COG-08-25", "Taux de réclamations traitées dans le délai de 10 jours", 601, 662),
            LigneCpog(
                "COG-08-27",
                "Taux de courriels traités dans le délai de 2 jours sur les courriels d'information générale",
                602,
                663,
            ),
            LigneCpog("COG-08-28", "Taux d'utilisation des téléservices bouquet allocataires", 603, 664),
            LigneCpog("COG-08-29", "Délai moyen de démarche des prestations légales", 604, 665),
            LigneCpog("COG-08-30", "Délai moyen de démarche des bénéficiaires de minima sociaux", 605, 666),
            LigneCpog(
                "COG-08-31",
                "Délai moyen de démarche des demandes de prestations afférentes aux minima sociaux",
                606,
                667,
            ),
            LigneCpog(
                "COG-08-32",
                "Délai moyen de démarche des pièces de demande de l'aide personnelle au logement",
                607,
                668,
            ),
            LigneCpog(
                "COG-08-33", "Proportion du stock national dont l'antériorité est supérieure à 40 jours", 608, 669
            ),
            LigneCpog(
                "COG-04-15", "Taux de recouvrement global des impayés de pension alimentaire", 609, 670, pivots=True
            ),
            LigneCpog(
                "COG-04-16",
                "Taux de recouvrement des impayés de pension alimentaire avec IF",
                610,
                671,
                suivi=True,
                pivots=True,
            ),
            LigneCpog(
                "COG-04-17",
                "Nombre de pensions alimentaires intermédiées ou avancées",
                611,
                672,
                suivi=True,
                pivots=True,
            ),
            LigneCpog(
                "ARIPA-HORS-IF", "Délai de démarche Aripa hors IF sans impayé", 612, 673, hors_cog=True, pivots=True
            ),
            LigneCpog("ARIPA-IF", "Délai de démarche IF sans impayé", 614, 674, hors_cog=True, pivots=True),
        ),
    ),
    PartieCpog(
        "Politiques et gestion d'action sociale",
        (
            LigneCpog(
                "COG-01-11",
                "Part des villes de plus de 10 000 habitants avec un Rpe implanté sur la commune",
                621,
                680,
            ),
            LigneCpog(
                "MONENFANT",
                "Pourcentage d'assistants maternels référencés sur monenfant.fr",
                622,
                681,
                hors_cog=True,
            ),
            LigneCpog(
                "COG-01-02",
                "Taux de familles avec enfants de moins de trois ans bénéficiant d'un mode d'accueil formel soutenu "
                "par la branche famille (hors préscolarisation)",
                624,
                683,
            ),
            LigneCpog(
                "CTG-PETITE-ENFANCE",
                "Part des CTG intégrant un schéma de maintien et de développement de l'offre d'accueil du jeune enfant",
                625,
                684,
                hors_cog=True,
            ),
            LigneCpog(
                "COG-01-03",
                "Taux de familles avec enfants de moins de trois ans vivant sous le seuil de bas revenus bénéficiant "
                "d'un mode d'accueil formel",
                627,
                686,
            ),
            LigneCpog(
                "COG-01-05",
                "Nombre d'enfants bénéficiaires d'AEEH ou dont le handicap est en cours de détection accueillis en "
                "Eaje Psu",
                628,
                687,
                suivi=True,
            ),
            LigneCpog(
                "COG-01-07",
                "Part des structures d'accueil de la petite enfance participant à l'enquête « Filoué »",
                629,
                688,
            ),
            LigneCpog(
                "COG-01-06",
                "Nombre des structures d'accueil de la petite enfance bénéficiant des aides à l'investissement au "
                "titre de la transition écologique",
                631,
                690,
                suivi=True,
            ),
            LigneCpog(
                "COG-01-10",
                "Nombre d'assistants maternels par ETP en Relais petite enfance (RPE)",
                632,
                691,
                suivi=True,
            ),
            LigneCpog(
                "COG-02-12",
                "Nombre d'heures en accueil collectif de mineurs (ACM) bénéficiant du complément inclusif handicap",
                634,
                693,
                suivi=True,
            ),
            LigneCpog("COG-02-13", "Nombre d'heures d'accueil en ALSH", 635, 694, suivi=True),
            LigneCpog(
                "COG-02-14",
                "Nombre de familles bénéficiant d'aides au départ en vacances gérées par Vacaf",
                636,
                695,
                suivi=True,
            ),
            LigneCpog(
                "COG-04-18",
                "Nombre d'heures de fonctionnement des Lieux d'accueil enfants parents (Laep)",
                637,
                696,
                suivi=True,
            ),
            LigneCpog(
                "LIEUX-RESSOURCES",
                "Nombre de « lieux ressources » parentalité existants sur le département (espaces parents, maisons "
                "des familles, maisons des 1000 jours)",
                638,
                697,
                hors_cog=True,
                suivi=True,
            ),
        ),
    ),
    PartieCpog(
        "Performance économique et sociale",
        (
            LigneCpog("COG-12-46", "Taux de formation des agents", 643, 702),
            LigneCpog("COG-12-47", "Productivité par unité d'œuvre famille (allocataires pondérés)", 644, 703),
            LigneCpog("COG-12-48", "Coût par unité d'œuvre famille (allocataires pondérés)", 645, 704),
            LigneCpog("COG-12-49", "Taux d'absentéisme pour maladie de courte durée inférieur à huit jours", 646, 705),
            LigneCpog(
                "COG-12-51",
                "Ratio de surface utile brut par résident (en SUB) pour les nouveaux sites ou les sites objet de "
                "réhabilitations dès lors que les espaces sont reconfigurés, ayant fait l'objet d'un projet dans le "
                "cadre du PNI",
                647,
                706,
            ),
            LigneCpog("COG-12-53", "Taux d'évolution de la consommation d'énergie (année de référence 2021)", 648, 707),
        ),
    ),
    PartieCpog(
        "Maîtrise des risques et lutte contre la fraude",
        (
            LigneCpog("COG-10-41", "Montant total des préjudices frauduleux constatés", 653, 712),
            LigneCpog("COG-10-42", "Taux de recouvrement des indus frauduleux (hors Rsa)", 654, 713),
            LigneCpog("COG-10-43", "Taux de recouvrement des indus non frauduleux", 655, 714),
            LigneCpog("IQL0", "Indicateur de qualité en sortie de liquidation (IQL0)", 656, 715, hors_cog=True),
            LigneCpog("IQL6", "Indicateur de qualité de liquidation à 6 mois (IQL6)", 657, 716, hors_cog=True),
            LigneCpog(
                "DATAMINING-250",
                "Taux d'atteinte de l'objectif datamining métier (cible 250) en volume",
                658,
                717,
                hors_cog=True,
            ),
            LigneCpog(
                "DONNEES-ENTRANTES",
                "Montant redressé dans le cadre du contrôle des données entrantes (déclinaison par typologie de "
                "contrôle dans le cadre du PCI)",
                659,
                718,
                hors_cog=True,
            ),
            LigneCpog(
                "EAJE-CONTROLES",
                "Pourcentage d'établissements d'accueil du jeune enfant contrôlés au moins une fois tous les 5 ans",
                660,
                719,
                hors_cog=True,
            ),
        ),
    ),
)
LIGNES: Final = {ligne.code: ligne for partie in PARTIES for ligne in partie.lignes}
