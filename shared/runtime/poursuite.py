"""How one log is followed: whether it continues what was applied, what comes next, and what must stop it."""

import logging
from collections.abc import Callable, Sequence
from threading import RLock
from typing import Final

from shared.runtime.journal import Enregistrement, Evince
from shared.runtime.reperes import Arret, Avance, PasEncore, Trou
from shared.runtime.suivi import Puits, Source

LECTURE_MAX: Final = 20_000
_LOG = logging.getLogger("ecluse.consommateur")


class Poursuite:
    """One log and how far it is applied. ``verrou`` is held whenever records go into the sink.

    ``partagee``: several processes fold this log, and share a checkpoint.
    """

    def __init__(self, source: Source, avance: Avance, puits: Puits, verrou: RLock, *, partagee: bool) -> None:
        self.nom = source.nom
        self.avance = avance
        self._source = source
        self._puits = puits
        self._verrou = verrou
        self._partagee = partagee
        # The reader has not been told yet where to read on.
        self._a_reprendre = True

    def start(self) -> None:
        """Check the lineage of the log, and have it read from the watermarks."""
        self._guard(self._check_lineage)
        self._guard(self._resume)

    def advance(self) -> int:
        """Apply up to one batch; the number of records applied. What must stop it is shown, never jumped."""
        return self._guard(self._advance)

    def begin_again(self) -> None:
        """Forget how far it was applied. The caller holds ``verrou``."""
        self.avance = Avance()
        self._a_reprendre = True

    def is_complete(self) -> bool:
        """Whether all that its publisher had promised at the last pass is applied."""
        tic = self.avance.tic
        return tic is not None and tic.attente == 0 and self.avance.curseur >= tic.tete and not self.avance.arret

    def is_at_head(self) -> bool:
        """Whether everything committed by now is applied. Raises what the log raises when it can not be asked."""
        return self.avance.curseur >= self._source.tick().tete

    def _guard(self, geste: Callable[[], int]) -> int:
        avance = self.avance
        if avance.arret:
            return 0
        try:
            return geste()
        except (Arret, Evince) as arret:
            avance.arret = str(arret)
            _LOG.error("consommation arrêtée", extra={"source": self.nom, "raison": str(arret)})
        except PasEncore:
            return 0
        except Exception:
            _LOG.exception("lecture du journal impossible pour le moment", extra={"source": self.nom})
        return 0

    def _advance(self) -> int:
        if self._a_reprendre:
            self._resume()
        avance = self.avance
        tic = self._source.tick()
        if tic.marque != avance.marque:
            self._check_lineage()
        try:
            records = self._source.read(avance.curseur, LECTURE_MAX, self._puits.types)
        except Trou as manque:
            _tell_hole(avance, str(manque))
            return 0
        suite, positions, curseur, trou = _contiguous(avance, records)
        _tell_hole(avance, trou)
        with self._verrou:
            if self.avance is not avance:
                return 0
            if suite:
                self._puits.apply(suite)
                _move_offsets(avance.offsets, suite)
            if records and not trou:
                avance.dernier = max(avance.dernier, records[-1].enregistre_le)
            avance.positions, avance.curseur = positions, curseur
        avance.tic = tic
        if curseur >= tic.tete:
            # Whatever was acknowledged before the tick is applied: what still waits has been promised to nobody.
            avance.complet_le = tic.instant
        return len(suite)

    def _check_lineage(self) -> int:
        """The log must continue the one that was applied; otherwise a copy was restored: stop."""
        avance = self.avance
        lignee = self._source.lineage()
        if not lignee:
            raise PasEncore(f"le publieur de {self.nom} n'a pas encore parlé")
        if avance.marque is not None:
            rangs = {m.marque: i for i, m in enumerate(lignee)}
            rang = rangs.get(avance.marque)
            suivante = rang is not None and rang + 1 < len(lignee)
            fin = lignee[rang + 1].depuis if rang is not None and suivante else self._source.tick().tete
            if rang is None or avance.curseur > fin:
                raise Arret(self._tell_restored(avance.curseur))
        avance.marque = lignee[-1].marque
        return 0

    def _tell_restored(self, curseur: int) -> str:
        # What several processes keep in memory is forgotten while none of them runs.
        commande = "topics adopter indicators --refaire" if self._partagee else "rebuild --accepter-restauration"
        return (
            f"le journal de {self.nom} n'est pas la suite de celui qui a été lu : une ancienne copie a été "
            f"restaurée (lu jusqu'à {curseur}). Remettre la base d'origine, ou accepter cette copie "
            f"avec « ecluse {commande} »"
        )

    def _resume(self) -> int:
        """Have the log read on from the watermarks."""
        # Before it is tried: a restart meanwhile asks for it again.
        self._a_reprendre = False
        try:
            self._source.resume(self.avance)
        except BaseException:
            self._a_reprendre = True
            raise
        return 0


def _move_offsets(offsets: list[int], suite: Sequence[Enregistrement]) -> None:
    for record in suite:
        # A place of a deposed publisher may come before: the one that follows it sends all of it again.
        if record.offset >= offsets[record.partition]:
            offsets[record.partition] = record.offset + 1


def _tell_hole(avance: Avance, trou: str | None) -> None:
    if trou and trou != avance.trou:
        _LOG.error("%s", trou)
    avance.trou = trou


def _contiguous(
    avance: Avance, records: Sequence[Enregistrement]
) -> tuple[list[Enregistrement], list[int], int, str | None]:
    """The records to apply: those already applied are left out, and nothing is taken beyond a hole, which is told."""
    positions, curseur = list(avance.positions), avance.curseur
    suite: list[Enregistrement] = []
    for record in records:
        position, atteinte = record.position, positions[record.partition]
        if position > atteinte:
            if record.precedent != atteinte:
                trou = (
                    f"trou dans le journal de {record.source}, partition {record.partition} : "
                    f"après {atteinte}, attendu {record.precedent} avant {position}"
                )
                return suite, positions, curseur, trou
            positions[record.partition] = position
            suite.append(record)
        if position > curseur:
            curseur = position
    return suite, positions, curseur, None
