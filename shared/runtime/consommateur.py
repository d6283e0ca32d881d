"""The consumer: applies every record of the logs exactly once, and never jumps a hole (architecture §4)."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import RLock, Thread
from time import monotonic
from typing import Final
from uuid import uuid4

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from shared.pannes import crash_point, declare_point
from shared.runtime.fraicheur import Fraicheur, age_of
from shared.runtime.poursuite import Poursuite
from shared.runtime.reperes import (
    POINT,
    Arret,
    Avance,
    Identite,
    forget_marks,
    load_marks,
    read_identity,
    save_identity,
    save_marks,
)
from shared.runtime.service import Cloche
from shared.runtime.suivi import Garde, Puits, SeulGardien, Source
from shared.temps import SECONDE

POINT_TOUS_LES: Final = 2 * SECONDE
# A checkpoint waits so many times what the last one took: one that saves much, as when a whole log is read again, takes
# a tenth of the time at most.
POINT_REPOS: Final = 10
# A consumer passes at least every second: without news for longer, nobody knows what it has missed (seconds).
RETARD_ADMIS: Final = 5.0
# How often a process asks whether another one was told to begin again (seconds).
REGARD: Final = 2.0
AVANT_POINT: Final = declare_point("consommateur.avant_point", "cellules et repères écrits, rien de validé")
APRES_POINT: Final = declare_point("consommateur.apres_point", "cellules et repères validés ensemble")
_LOG = logging.getLogger("ecluse.consommateur")


class Consommateur:
    """One consumer of several logs, with its watermarks; it owns the thread that applies them."""

    def __init__(
        self,
        nom: str,
        sources: Sequence[Source],
        puits: Puits,
        moteur: Engine,
        clock: Callable[[], int],
        cloche: Cloche,
        charge: dict[str, Avance],
        garde: Garde | None = None,
    ) -> None:
        self.nom = nom
        self.evinces = 0
        self.verrou = RLock()
        # Held during a checkpoint, and always taken before ``verrou``: figures are served while it is written.
        self._point = RLock()
        self._puits = puits
        self._moteur = moteur
        self._clock = clock
        self._cloche = cloche
        self._garde = garde or SeulGardien()
        self._partage = garde is not None
        self._poursuites = [
            Poursuite(s, charge.get(s.nom, Avance()), puits, self.verrou, partagee=self._partage) for s in sources
        ]
        self._gardait = garde is None
        point = charge.get(POINT, Avance())
        self._point_lu = Identite(point.marque, point.curseur)
        self._regarde_le = monotonic()
        self._depuis_point = 0
        self._point_le = clock()
        self._point_dure = 0
        self._passes_a_jour = 0
        self._arret = False
        self._fini = False
        self._fil = Thread(target=self._run, name=f"consommateur-{nom}", daemon=True)

    @property
    def avances(self) -> dict[str, Avance]:
        """How far each log is applied, by its name."""
        return {p.nom: p.avance for p in self._poursuites}

    def start(self) -> None:
        """Check the lineage of each log, then apply in a thread of its own."""
        for poursuite in self._poursuites:
            poursuite.start()
        self._fil.start()

    def stop(self) -> None:
        """Stop after a last checkpoint."""
        self._arret = True
        self._cloche.ring()
        if self._fil.ident is not None:
            self._fil.join()
        self._garde.release()

    def freshness(self) -> Fraicheur:
        """The freshness of everything applied so far: what is in a log at this moment and not applied is not fresh."""
        avances = self.avances.values()
        dernier = max((a.dernier for a in avances), default=0)
        retard = age_of(avances, self._clock())
        a_jour = retard is not None and self._passes_a_jour >= 2 and retard < RETARD_ADMIS and not self._held()
        return Fraicheur(dernier or None, retard, a_jour and self._is_at_heads())

    def wait_for(self, cibles: dict[str, int], attente: float) -> bool:
        """Wait until every source is applied up to its target position and ``a_jour``.

        False after ``attente`` seconds, or as soon as a source is stopped or held by a hole.
        """

        def is_there() -> bool:
            # What was seen before a restart says nothing: ``complet_le`` does.
            entier = self._passes_a_jour >= 2 and all(a.complet_le for a in self.avances.values())
            return entier and all(self.avances[s].curseur >= p for s, p in cibles.items() if s in self.avances)

        with self._cloche.signal:
            return self._cloche.signal.wait_for(lambda: is_there() or self._held() > 0, attente) and not self._held()

    @contextmanager
    def held_still(self) -> Iterator[None]:
        """Nothing is applied and no checkpoint is taken by others while the context lasts."""
        with self._point, self.verrou:
            yield

    def checkpoint(self) -> bool:
        """Save what changed and the watermarks in one transaction, against the watermarks of the last one.

        False when another process holds the checkpoint, or took its place. Raises ``Arret`` when none should have.
        """
        with self._point:
            if not self._hold_checkpoint():
                self._depuis_point = 0
                return False
            try:
                self._write_checkpoint()
            except Arret as arret:
                if not self._partage:
                    raise
                # Deposed while it wrote: nothing of it was kept, and its figures stay right.
                self.evinces += 1
                self._leave()
                _LOG.warning("point de reprise laissé à un autre processus", extra={"raison": str(arret)})
                return False
            return True

    def _write_checkpoint(self) -> None:
        debut = monotonic()
        with self.verrou:
            reperes = {n: a.copy_marks() for n, a in self.avances.items() if a.marque is not None}
            self._puits.collect()
            self._depuis_point = 0
        marque = uuid4().hex
        with self._moteur.begin() as connexion:
            # First of all: another consumer's cells are never mixed with ours.
            save_identity(connexion, self.nom, self._point_lu, marque)
            for nom, avance in reperes.items():
                save_marks(connexion, self.nom, nom, avance)
            self._puits.save(connexion)
            crash_point(AVANT_POINT)
        crash_point(APRES_POINT)
        with self.verrou:
            self._puits.saved()
            self._point_lu = self._point_lu._replace(marque=marque)
            for nom, avance in reperes.items():
                self.avances[nom].gardees = list(avance.positions)
            self._point_le = self._clock()
            self._point_dure = round((monotonic() - debut) * SECONDE)

    def _hold_checkpoint(self) -> bool:
        """Hold the checkpoint; one that was written by another process meanwhile is replaced whole."""
        if self._is_stuck():
            self._leave()
            return False
        tenue = self._garde.hold()
        if tenue and not self._gardait:
            with self._moteur.connect() as connexion:
                ecrit, reperes = read_identity(connexion, self.nom), load_marks(connexion, self.nom)
            if ecrit.reprises != self._point_lu.reprises:
                # What it holds is of before: it begins again itself, and writes nothing until then.
                self._leave()
                return False
            with self.verrou:
                if ecrit != self._point_lu:
                    self._point_lu = ecrit
                    for nom, avance in self.avances.items():
                        avance.gardees = reperes.get(nom, Avance()).gardees
                    self._puits.start_over()
        self._gardait = tenue
        return tenue

    def restart(self, erase: Callable[[Connection], None]) -> None:
        """Forget every watermark and every stop: the logs are applied again from their beginning, as they are now.

        So does every process that shares the checkpoint, which ``erase`` empties of what the sink has saved there.
        """
        with self.held_still():
            with self._moteur.begin() as connexion:
                identite = forget_marks(connexion, self.nom, uuid4().hex)
                erase(connexion)
            self._begin_again(identite)

    def _begin_again(self, identite: Identite) -> None:
        """The caller holds it still."""
        self._point_lu = identite
        self._puits.forget()
        self._depuis_point = self._passes_a_jour = 0
        for poursuite in self._poursuites:
            poursuite.begin_again()
        self._arret = False
        if self._fini:
            self._fini = False
            self._fil = Thread(target=self._run, name=f"consommateur-{self.nom}", daemon=True)
            self._fil.start()

    def _run(self) -> None:
        while not self._fini:
            self._apply_until_stopped()
            # Whoever did not hold the checkpoint leaves it: replacing it whole takes time, and gains nothing.
            if self._gardait:
                self._try_checkpoint()
            with self.verrou:
                self._fini = self._arret

    def _apply_until_stopped(self) -> None:
        while not self._arret:
            coups = self._cloche.coups
            lus = sum(p.advance() for p in self._poursuites)
            complet = all(p.is_complete() for p in self._poursuites)
            self._passes_a_jour = self._passes_a_jour + 1 if complet else 0
            self._depuis_point += lus
            # A clock that was set back must not put the checkpoint off until it is what it was.
            attendu = not 0 <= self._clock() - self._point_le < max(POINT_TOUS_LES, POINT_REPOS * self._point_dure)
            if self._depuis_point and attendu:
                self._try_checkpoint()
            self._let_go()
            self._follow_others()
            self._rest(coups, 0.0 if lus else 0.05 if self._passes_a_jour == 1 else 1.0)

    def _rest(self, coups: int, au_plus: float) -> None:
        """Tell whoever waits to look again, then wait for a ring; one that came since ``coups`` was read counts."""
        with self._cloche.signal:
            self._cloche.signal.notify_all()
            self._cloche.signal.wait_for(lambda: self._arret or self._cloche.coups != coups, au_plus)

    def _let_go(self) -> None:
        """Another process, that may not be stopped, is to keep the checkpoint."""
        if self._gardait and self._is_stuck():
            with self._point:
                self._leave()

    def _is_stuck(self) -> bool:
        """Stopped on a log, while other processes may go on."""
        return self._partage and any(a.arret for a in self.avances.values())

    def _leave(self) -> None:
        """Leave the checkpoint to other processes."""
        self._gardait = False
        self._garde.release()

    def _follow_others(self) -> None:
        """Begin again when another process that shares the checkpoint was told to."""
        if not self._partage or monotonic() - self._regarde_le < REGARD:
            return
        self._regarde_le = monotonic()
        try:
            if self._read_identity().reprises == self._point_lu.reprises:
                return
            with self.held_still():
                ecrite = self._read_identity()
                if ecrite.reprises != self._point_lu.reprises:
                    # Whatever was written since is another's: it is read when this process takes its place.
                    self._leave()
                    self._begin_again(ecrite._replace(marque=None))
                    _LOG.warning("journaux relus depuis leur début, comme un autre processus")
        except DBAPIError as erreur:
            _LOG.info("point de reprise illisible pour le moment", extra={"cause": type(erreur).__name__})

    def _read_identity(self) -> Identite:
        with self._moteur.connect() as connexion:
            return read_identity(connexion, self.nom)

    def _held(self) -> int:
        """How many sources are stopped, or held by a hole."""
        return sum(bool(a.arret or a.trou) for a in self.avances.values())

    def _try_checkpoint(self) -> None:
        try:
            self.checkpoint()
        except Arret as arret:
            for avance in self.avances.values():
                avance.arret = str(arret)
            self._arret = True
        except Exception:
            # The fold stays in memory and the watermarks stay behind: the next checkpoint takes both.
            self._depuis_point += 1
            _LOG.exception("point de reprise impossible pour le moment")

    def _is_at_heads(self) -> bool:
        """Whether everything committed by now is applied, and not only what was there at the last pass."""
        try:
            return all(p.is_at_head() for p in self._poursuites)
        except Exception:
            return False
