"""The fold as the sink of the consumer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
from sqlalchemy import Connection

from services.indicators import store
from services.indicators.fold.columns import Modifiees
from services.indicators.fold.pli import Pli
from shared.runtime.journal import Enregistrement
from shared.runtime.reperes import Arret
from shared.temps import SECONDE
from shared.traces import PLI, Traceur

# Traces older than this (ns) are over.
SUIVIS: Final = 3_600 * SECONDE


@dataclass(frozen=True)
class Suivi:
    """Follows events to the figures. One that is folded again long after, from the log, has left its trace already."""

    traceur: Traceur
    clock: Callable[[], int]

    def begin(self) -> int:
        """The instant, where it is needed."""
        return self.clock() if self.traceur.actif else 0

    def tell(self, records: Sequence[Enregistrement], debut: int) -> None:
        """These have been folded since ``debut``."""
        if self.traceur.actif:
            recents = debut - SUIVIS
            traces = (r.trace for r in records if r.trace and r.enregistre_le > recents)
            self.traceur.follow(PLI, traces, debut, self.clock())


@dataclass
class PuitsDuPli:
    """The fold as the sink of the consumer. ``version`` grows with each batch applied."""

    pli: Pli
    suivi: Suivi
    version: int = 0
    types: Sequence[str] = field(default_factory=lambda: Pli.types)
    _gardees: list[Modifiees] = field(default_factory=list)
    _remplace: bool = False

    def apply(self, records: Sequence[Enregistrement]) -> None:
        """Fold a batch; an unreadable movement stops the consumer, the fold never skips. Raises ``Arret``."""
        depuis = self.suivi.begin()
        try:
            self.pli.apply(records)
        except (msgspec.DecodeError, ValueError) as erreur:
            debut, fin = records[0], records[-1]
            raise Arret(
                f"mouvement illisible dans le journal de {debut.source}, entre les positions {debut.position} et "
                f"{fin.position} ({erreur}) : mettre Écluse à jour, ou restaurer la base d'origine"
            ) from erreur
        self.version += 1
        self.suivi.tell(records, depuis)

    def collect(self) -> None:
        """Copy the cells that changed."""
        self._gardees = self.pli.dirty()

    def save(self, connexion: Connection) -> None:
        """Save the cells that were collected."""
        if self._remplace:
            store.erase(connexion)
        store.save(connexion, self._gardees)

    def saved(self) -> None:
        """What was saved is committed."""
        self.pli.mark_saved(self._gardees)
        self._remplace = False

    def start_over(self) -> None:
        """See ``Puits.start_over``."""
        self.pli.mark_all()
        self._remplace = True

    def forget(self) -> None:
        """See ``Puits.forget``."""
        self.pli = Pli()
        self.version += 1
        self._gardees, self._remplace = [], False
