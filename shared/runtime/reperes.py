"""Watermarks: how far a consumer has applied each log, kept beside the effects and moved by compare-and-set."""

from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Insert, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from shared.base import table_of
from shared.reglages import PARTITIONS
from shared.runtime.service import Tic
from shared.runtime.tables import Repere

REPERE: Final = table_of(Repere)


class Arret(Exception):
    """The consumer must not go on by itself; the message says why and what to do."""


class PasEncore(Exception):
    """Nothing is known of the log yet: its publisher has not spoken."""


class Trou(Exception):
    """A record of the log is missing; the message says which. It may still come."""


@dataclass
class Avance:
    """How far one source has been applied. ``curseur``: all records up to it are; ``gardees``: as in the checkpoint;
    ``offsets``: where each partition goes on in a log that is read by offset."""

    marque: str | None = None
    curseur: int = 0
    positions: list[int] = field(default_factory=lambda: [0] * PARTITIONS)
    offsets: list[int] = field(default_factory=lambda: [0] * PARTITIONS)
    gardees: list[int | None] = field(default_factory=lambda: [None] * PARTITIONS)
    complet_le: int = 0
    tic: Tic | None = None
    dernier: int = 0
    arret: str | None = None
    trou: str | None = None

    def copy_marks(self) -> "Avance":
        """What a checkpoint saves of it, as it is now."""
        return replace(self, positions=list(self.positions), offsets=list(self.offsets), gardees=list(self.gardees))


# The row that tells one checkpoint from another: two may stand at the same watermarks and number things otherwise.
POINT: Final = "point"


class Identite(NamedTuple):
    """Which checkpoint is kept. ``marque``: None before the first; ``reprises``: how often its consumer was told to
    take the logs again from their beginning."""

    marque: str | None = None
    reprises: int = 0


def read_identity(connexion: Connection, consommateur: str) -> Identite:
    """Which checkpoint is kept."""
    cle = (REPERE.c.consommateur == consommateur, REPERE.c.source == POINT)
    ligne = connexion.execute(select(REPERE.c.marque, REPERE.c.position).where(*cle)).first()
    return Identite() if ligne is None else Identite(*ligne)


def save_identity(connexion: Connection, consommateur: str, ancienne: Identite, nouvelle: str) -> None:
    """Take the place of a checkpoint. Raises ``Arret`` if another did."""
    valeurs = {"position": ancienne.reprises, "offset": 0, "marque": nouvelle}
    cle = _key_of_point(consommateur)
    requete = (
        insert(REPERE).values(**cle, **valeurs)
        if ancienne.marque is None
        else update(REPERE)
        .where(*(REPERE.c[n] == v for n, v in cle.items()), REPERE.c.marque == ancienne.marque)
        .values(**valeurs)
    )
    if _moved(connexion, requete) != 1:
        raise Arret(
            f"un autre processus a écrit le point de reprise de {consommateur} : celui-ci s'arrête sans rien écrire. "
            "Vérifier qu'un seul processus tient ce dossier de données"
        )


def forget_marks(connexion: Connection, consommateur: str, marque: str) -> Identite:
    """Forget every watermark, of whichever process wrote the checkpoint; which one, empty, takes its place."""
    cle = _key_of_point(consommateur)
    point = [REPERE.c[n] == v for n, v in cle.items()]
    # First of all: a checkpoint that is being written is over, or finds that it was replaced.
    relu = update(REPERE).where(*point).values(position=REPERE.c.position + 1, marque=marque)
    if connexion.execute(relu).rowcount == 0:
        connexion.execute(insert(REPERE).values(**cle, position=1, offset=0, marque=marque))
    connexion.execute(delete(REPERE).where(REPERE.c.consommateur == consommateur, REPERE.c.source != POINT))
    return read_identity(connexion, consommateur)


def _key_of_point(consommateur: str) -> dict[str, Any]:
    return {"consommateur": consommateur, "source": POINT, "generation": 1, "partition": 0}


def save_marks(connexion: Connection, consommateur: str, source: str, avance: Avance) -> None:
    """Move the watermarks of a source against those of the last checkpoint. Raises ``Arret`` if another did."""
    for partition, position in enumerate(avance.positions):
        gardee = avance.gardees[partition]
        valeurs = {"position": position, "offset": avance.offsets[partition], "marque": avance.marque}
        cle = {"consommateur": consommateur, "source": source, "generation": 1, "partition": partition}
        requete = (
            insert(REPERE).values(**cle, **valeurs)
            if gardee is None
            else update(REPERE)
            .where(*(REPERE.c[n] == v for n, v in cle.items()), REPERE.c.position == gardee)
            .values(**valeurs)
        )
        try:
            fait = connexion.execute(requete)
            # Of an insertion PostgreSQL's driver counts nothing: it took place, or it raised.
            avancees = 1 if gardee is None else fait.rowcount
        except IntegrityError:
            avancees = 0
        if avancees != 1:
            raise Arret(
                f"un autre processus a avancé le repère de {consommateur} sur {source} : celui-ci s'arrête "
                f"sans rien écrire. Vérifier qu'un seul processus tient ce dossier de données"
            )


def _moved(connexion: Connection, requete: Any) -> int:
    """Rows that a statement wrote; none when another process has written there first."""
    try:
        fait = connexion.execute(requete)
        # Of an insertion PostgreSQL's driver counts nothing: it took place, or it raised.
        return 1 if isinstance(requete, Insert) else int(fait.rowcount)
    except IntegrityError:
        return 0


def load_marks(connexion: Connection, consommateur: str) -> dict[str, Avance]:
    """The watermarks of the last checkpoint, by source; under ``POINT`` its identity."""
    avances: dict[str, Avance] = {}
    for ligne in connexion.execute(select(REPERE).where(REPERE.c.consommateur == consommateur)).mappings():
        avance = avances.setdefault(ligne["source"], Avance(marque=ligne["marque"]))
        avance.curseur = max(avance.curseur, ligne["position"])
        avance.positions[ligne["partition"]] = ligne["position"]
        avance.offsets[ligne["partition"]] = ligne["offset"]
        avance.gardees[ligne["partition"]] = ligne["position"]
    return avances
