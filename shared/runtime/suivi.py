"""What a consumer works with: the logs that it follows, what takes their records, who may write its checkpoint."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection

from shared.runtime.journal import Enregistrement
from shared.runtime.reperes import Avance
from shared.runtime.service import MaillonEpoque, Tic


class Lecture(Protocol):
    """A log that can be read in the order of its positions."""

    nom: str

    def read(self, apres: int, limite: int, types: Sequence[str]) -> list[Enregistrement]: ...


class Source(Lecture, Protocol):
    """A log that can be followed: a service, seen from a consumer.

    ``resume``: what is read next follows these watermarks; ``reread``: the log again, beside whatever follows it, from
    its beginning or from watermarks that it had, with the bytes of these ``types`` (none: those it is followed for).
    """

    def tick(self) -> Tic: ...
    def lineage(self) -> list[MaillonEpoque]: ...
    def resume(self, avance: Avance) -> None: ...
    def reread(self, depuis: Avance | None = None, types: Sequence[str] = ()) -> AbstractContextManager[Lecture]: ...


class Puits(Protocol):
    """What takes the records: ``apply`` in memory; ``collect`` a copy of what changed, ``save`` it within the
    checkpoint's transaction, ``saved`` once it is committed."""

    types: Sequence[str]

    def apply(self, records: Sequence[Enregistrement]) -> None: ...
    def collect(self) -> None: ...
    def save(self, connexion: Connection) -> None: ...
    def saved(self) -> None: ...
    def start_over(self) -> None:
        """The checkpoint is not ours: the next one replaces it whole."""
        ...

    def forget(self) -> None:
        """Nothing has been applied: the logs come again from their beginning."""
        ...


class Garde(Protocol):
    """Who may write the checkpoint, when several processes fold the same logs: at most one holds it at a time."""

    def hold(self) -> bool:
        """Whether this process holds it now, having taken it if it was free."""
        ...

    def release(self) -> None:
        """Give it back."""
        ...


class SeulGardien:
    """The one process of a data folder."""

    def hold(self) -> bool:
        """See ``Garde``."""
        return True

    def release(self) -> None:
        """See ``Garde``."""
