"""The floor of the C client: confluent-kafka hands out every record in batches, and they are counted."""

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from bench.fold.demande import Chrono, Demande, Reponse, answer
from shared.reglages import PARTITIONS

_LOT = 10_000


def run(demande: Demande) -> Reponse:
    """See ``answer``."""
    chrono = Chrono()
    consommateur = Consumer(
        {"bootstrap.servers": demande.courtier, "group.id": demande.essai, "enable.auto.commit": False}
    )
    consommateur.assign([TopicPartition(demande.sujet, p, OFFSET_BEGINNING) for p in range(PARTITIONS)])
    lus = 0
    # One opening of an epoch in each partition.
    while lus < demande.nombre + PARTITIONS:
        lus += sum(record.error() is None for record in consommateur.consume(_LOT, timeout=1.0))
    secondes = chrono.secondes
    consommateur.close()
    return Reponse(secondes, lus - PARTITIONS, None)


if __name__ == "__main__":
    answer(run)
