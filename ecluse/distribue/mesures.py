"""The Prometheus metrics of the distributed mode, as data: each name, what it means, which processes show it.

Labels are closed sets: never a dossier, a person or an address that a caller chose.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ecluse.distribue.variables import AVEC_BASE, AVEC_KAFKA, TOUS, Processus


class Genre(StrEnum):
    """What Prometheus calls the type of a metric."""

    jauge = "gauge"
    compteur = "counter"
    histogramme = "histogram"


@dataclass(frozen=True)
class Mesure:
    """``nom``: as Prometheus shows it, less the suffixes of a histogram; ``etiquettes``: its labels."""

    nom: str
    genre: Genre
    sens: str
    processus: frozenset[Processus] = TOUS
    etiquettes: tuple[str, ...] = ()


P, J, C, H = Processus, Genre.jauge, Genre.compteur, Genre.histogramme
DE_FAITS: Final = frozenset({P.api, P.worker})
DE_CHIFFRES: Final = frozenset({P.indicateurs_api, P.indicateurs_worker})
WORKERS: Final = frozenset({P.worker})

CONSTRUCTION: Final = Mesure(
    "ecluse_build_info", J, "1 ; la version du programme, en étiquette", etiquettes=("version",)
)
INCOMPLET: Final = Mesure(
    "ecluse_metrics_incomplete", J, "1 si une partie de l'état n'a pas pu être lue (base absente)"
)
HTTP: Final = Mesure(
    "ecluse_http_request_duration_seconds", H, "Requêtes répondues, par modèle d'adresse : nombre et durée",
    etiquettes=("method", "route", "status"),
)  # fmt: skip
REDIS: Final = Mesure(
    "ecluse_redis_degraded", J, "1 si Redis ne répond pas : chaque processus fait alors sans",
    frozenset({P.api, P.indicateurs_api, P.porte}),
)  # fmt: skip
BASE_OCCUPEES: Final = Mesure(
    "ecluse_database_connections_in_use", J, "Connexions à la base prises en ce moment", AVEC_BASE, ("usage",)
)
BASE_MAX: Final = Mesure(
    "ecluse_database_connections_max", J, "Connexions à la base qui peuvent être prises à la fois", AVEC_BASE,
    ("usage",),
)  # fmt: skip

LUES: Final = Mesure("ecluse_reader_partitions", J, "Partitions lues ici", AVEC_KAFKA, ("topic",))
RETARD: Final = Mesure(
    "ecluse_reader_lag_records", J, "Enregistrements d'un topic à lire encore, partitions d'ici réunies", AVEC_KAFKA,
    ("topic",),
)  # fmt: skip
RETARD_TEMPS: Final = Mesure(
    "ecluse_reader_lag_seconds", J, "Depuis quand la partition la plus en retard l'est ; 0 quand tout est lu",
    AVEC_KAFKA, ("topic",),
)  # fmt: skip
LECTEUR_ARRETE: Final = Mesure(
    "ecluse_reader_stopped", J, "1 si la lecture s'est arrêtée et attend une personne", AVEC_KAFKA, ("topic",)
)
LOTS: Final = Mesure("ecluse_batch_duration_seconds", H, "Lots appliqués : nombre et durée", AVEC_KAFKA, ("topic",))
REPRISES: Final = Mesure(
    "ecluse_batches_retried_total", C, "Lots qu'il a fallu reprendre", AVEC_KAFKA, ("topic",)
)  # fmt: skip
DEVANCES: Final = Mesure(
    "ecluse_reader_fenced_total", C, "Lots abandonnés parce qu'un autre processus avait déplacé le repère", AVEC_KAFKA,
    ("topic",),
)  # fmt: skip
VERDICTS: Final = ("accepte", "doublon", "refuse", "ignore")
ENTREES: Final = Mesure(
    "ecluse_ingress_records_total", C, "Enregistrements des entrées, par sort (ignore : d'un autre service)", WORKERS,
    ("verdict",),
)  # fmt: skip

MENEUR: Final = Mesure("ecluse_publisher_leader", J, "1 si ce processus publie le journal du service", WORKERS)
PUBLIEUR_ARRETE: Final = Mesure(
    "ecluse_publisher_stopped", J, "1 si la publication s'est arrêtée et attend une personne", WORKERS
)
EPOQUE: Final = Mesure("ecluse_publisher_epoch", J, "Époque du journal que ce processus a menée en dernier", WORKERS)
ENVOYES: Final = Mesure(
    "ecluse_publisher_records_total", C, "Enregistrements envoyés et acquittés, répétitions comprises", WORKERS
)
RELANCES: Final = Mesure("ecluse_publisher_restarts_total", C, "Fois où la publication a dû être reprise", WORKERS)
CONFIRME: Final = Mesure(
    "ecluse_publisher_confirmed_position", J, "Position jusqu'à laquelle le journal est livré", WORKERS
)
A_PUBLIER: Final = Mesure(
    "ecluse_publisher_backlog_records", J, "Événements validés qui ne sont pas livrés, lus dans la base", WORKERS
)
A_PUBLIER_AGE: Final = Mesure(
    "ecluse_publisher_backlog_seconds", J, "Âge du plus ancien événement validé et non livré ; 0 s'il n'y en a pas",
    WORKERS,
)  # fmt: skip

DERNIER: Final = Mesure(
    "ecluse_consumer_last_applied_timestamp_seconds", J, "Instant du dernier événement appliqué", DE_CHIFFRES,
    ("source",),
)  # fmt: skip
POINTS_LAISSES: Final = Mesure(
    "ecluse_consumer_checkpoints_lost_total", C, "Points de reprise laissés à un autre processus", DE_CHIFFRES
)
ECRANS: Final = Mesure(
    "ecluse_sse_clients", J, "Écrans qui suivent les chiffres en direct", frozenset({P.indicateurs_api})
)

# What ``ecluse.mesures`` shows of the state, in both modes.
_AVEC_SERVICES: Final = DE_FAITS | {P.porte}
_AVEC_CONSOMMATEURS: Final = DE_CHIFFRES | {P.porte}
DE_LA_MAISON: Final = (
    Mesure("ecluse_journal_position", J, "Dernière position du journal", _AVEC_SERVICES, ("service",)),
    Mesure(
        "ecluse_writer_waiting", J, "Messages qui attendent un commit ou une position", _AVEC_SERVICES, ("service",)
    ),
    Mesure("ecluse_dead_letters", J, "Lettres mortes ouvertes", _AVEC_SERVICES, ("service",)),
    Mesure("ecluse_consumer_lag_records", J, "Événements à appliquer", _AVEC_CONSOMMATEURS, ("source",)),
    Mesure("ecluse_consumer_lag_seconds", J, "Âge de ce qui est complet", _AVEC_CONSOMMATEURS, ("source",)),
    Mesure("ecluse_consumer_stopped", J, "1 si la consommation est arrêtée", _AVEC_CONSOMMATEURS, ("source",)),
    Mesure("ecluse_up_to_date", J, "1 si tout ce qui est accepté est publié, ou appliqué"),
)

# What ``services.indicators.mesures`` and ``shared.corbeille.mesures`` show, in both modes.
_QUI_REPOND: Final = frozenset({P.indicateurs_api})
_CHIFFRE: Final = ("caf", "code", "fenetre")
DES_CHIFFRES: Final = (
    Mesure(
        "ecluse_indicator_info", J, "1 ; ce que le registre dit d'un indicateur", _QUI_REPOND,
        ("code", "libelle", "unite", "sens", "maison", "formule"),
    ),
    Mesure("ecluse_indicator_numerator", J, "Numérateur d'un indicateur, ou le nombre lui-même", _QUI_REPOND, _CHIFFRE),
    Mesure("ecluse_indicator_denominator", J, "Dénominateur d'un indicateur", _QUI_REPOND, _CHIFFRE),
    Mesure("ecluse_indicator_value", J, "Valeur d'un indicateur qui n'a pas de termes", _QUI_REPOND, _CHIFFRE),
    Mesure("ecluse_little_gap", J, "Écart de la loi de Little sur le mois", _QUI_REPOND, ("caf",)),
    Mesure("ecluse_figures_up_to_date", J, "1 si les chiffres exportés comptent tout", _QUI_REPOND),
    Mesure("ecluse_figures_snapshot_duration_seconds", J, "Durée du dernier calcul des chiffres", _QUI_REPOND),
    Mesure("ecluse_figures_age_seconds", J, "Âge des chiffres exportés", _QUI_REPOND),
    Mesure("ecluse_figures_last_event_timestamp_seconds", J, "Instant du dernier événement compté", _QUI_REPOND),
    Mesure("ecluse_office_open", J, "1 pendant les heures d'ouverture de la Caf", _QUI_REPOND, ("caf",)),
)  # fmt: skip
# Only where there is something to show: a target that was given, a corbeille that holds something.
PEUT_ETRE: Final = (
    Mesure(
        "ecluse_target", J, "Cible de l'année en cours", _QUI_REPOND, ("caf", "code", "nature", "operateur", "juge")
    ),
    Mesure(
        "ecluse_queue_items", J, "Éléments des corbeilles", frozenset({P.api}), ("caf", "corbeille", "etat")
    ),
    Mesure(
        "ecluse_queue_oldest_timestamp_seconds", J, "Début du jour depuis lequel le plus ancien attend",
        frozenset({P.api}), ("caf", "corbeille"),
    ),
)  # fmt: skip

MESURES: Final = (
    CONSTRUCTION, INCOMPLET, HTTP, REDIS, BASE_OCCUPEES, BASE_MAX, LUES, RETARD, RETARD_TEMPS, LECTEUR_ARRETE, LOTS,
    REPRISES, DEVANCES, ENTREES, MENEUR, PUBLIEUR_ARRETE, EPOQUE, ENVOYES, RELANCES, CONFIRME, A_PUBLIER, A_PUBLIER_AGE,
    DERNIER, POINTS_LAISSES, ECRANS,
)  # fmt: skip


def shown_by(processus: frozenset[Processus]) -> Mapping[str, Mesure]:
    """The metrics of a process of these kinds, by name."""
    return {m.nom: m for m in (*MESURES, *DE_LA_MAISON, *DES_CHIFFRES, *PEUT_ETRE) if m.processus & processus}
