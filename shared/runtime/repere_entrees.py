"""How far a service has taken the ingress topic: one row per partition, moved with the effects (architecture §3)."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from shared.runtime.ecrivain import Refuse
from shared.runtime.reperes import REPERE, Arret

SOURCE: Final = "entrees"


class Devance(Refuse):
    """Another process has moved the watermark: nothing of the batch is kept, the watermark is to be read again."""


def load_offsets(connexion: Connection, service: str, sujet: str, partitions: Collection[int]) -> dict[int, int]:
    """The next offset to read of each partition that was read before.

    ``sujet``: identity of the topic as it is today. Raises ``Arret`` when the rows are of another one.
    """
    requete = select(REPERE.c.partition, REPERE.c.offset, REPERE.c.marque).where(
        REPERE.c.consommateur == service, REPERE.c.source == SOURCE, REPERE.c.partition.in_(partitions)
    )
    offsets: dict[int, int] = {}
    for partition, offset, marque in connexion.execute(requete):
        if marque != sujet:
            raise Arret(
                f"le topic d'entrée que lit {service} a été recréé (identité {sujet}, le repère de la partition "
                f"{partition} est celui de {marque}) : ses offsets ne disent plus rien. Rien n'a été sauté. Le lire "
                f"depuis son début : « ecluse topics adopter {service} »"
            )
        offsets[partition] = offset
    return offsets


def move_offset(
    connexion: Connection, service: str, sujet: str, partition: int, attendu: int | None, suivant: int
) -> None:
    """Move the watermark from ``attendu`` (None: never read) to ``suivant``. Raises ``Devance`` if it is not there."""
    cle = {"consommateur": service, "source": SOURCE, "generation": 1, "partition": partition}
    valeurs = {"position": suivant, "offset": suivant, "marque": sujet}
    if attendu is None:
        try:
            with connexion.begin_nested():
                connexion.execute(insert(REPERE).values(**cle, **valeurs))
        except IntegrityError:
            raise _overtaken(service, partition) from None
        return
    deplacees = connexion.execute(
        update(REPERE)
        .where(*(REPERE.c[n] == v for n, v in cle.items()), REPERE.c.offset == attendu, REPERE.c.marque == sujet)
        .values(**valeurs)
    ).rowcount
    if deplacees != 1:
        raise _overtaken(service, partition)


def _overtaken(service: str, partition: int) -> Devance:
    return Devance(f"un autre processus de {service} a lu plus loin la partition {partition} des entrées")
