"""From the settings to the cluster."""

from collections.abc import Mapping

from ecluse.distribue import variables as v
from ecluse.distribue.reglages import Kafka, ReglageFaux, read_kafka, read_one
from shared.bus.courtier import Courtier


def courtier_of(environ: Mapping[str, str]) -> Courtier:
    """The cluster that the environment names, for a command. Raises ``ReglageFaux``."""
    kafka = read_kafka(environ)
    if kafka is None:
        raise ReglageFaux(f"{v.KAFKA.nom} manque : {v.KAFKA.sens} ; attendu : {v.KAFKA.forme.attendu}")
    return reach_cluster(kafka, read_one(environ, v.PREFIXE))


def reach_cluster(kafka: Kafka, prefixe: str) -> Courtier:
    """The cluster of the settings; ``prefixe``: what its topics begin with."""
    return Courtier(
        kafka.serveurs,
        prefixe,
        kafka.protocole,
        kafka.mecanisme,
        kafka.utilisateur,
        kafka.mot_de_passe.read_again if kafka.mot_de_passe else None,
        kafka.autorite,
    )
