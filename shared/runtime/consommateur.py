"""The consumer: applies every record of the logs exactly once, and never jumps a hole (architecture §4)."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock, Thread
from time import monotonic
from typing import Final
from uuid import uuid4

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from shared.pannes import crash_point, declare_point
from shared.runtime.journal import Enregistrement, Evince
from shared.runtime.reperes import (
    POINT,
    Arret,
    Avance,
    Identite,
    PasEncore,
    Trou,
    forget_marks,
    load_marks,
    read_identity,
    save_identity,
    save_marks,
)
from shared.runtime.service import Cloche
from shared.runtime.suivi import Garde, Puits, SeulGardien, Source
from shared.temps import SECONDE

LECTURE_MAX: Final = 5_000
POINT_TOUS_LES: Final = 2 * SECONDE
POINT_RECORDS: Final = 60_000
# A consumer passes at least every second: without news for longer, nobody knows what it has missed (seconds).
RETARD_ADMIS: Final = 5.0
# How often a process asks whether another one was told to begin again (seconds).
REGARD: Final = 2.0
AVANT_POINT: Final = declare_point("consommateur.avant_point", "cellules et repères écrits, rien de validé")
APRES_POINT: Final = declare_point("consommateur.apres_point", "cellules et repères validés ensemble")
_LOG = logging.getLogger("ecluse.consommateur")


@dataclass(frozen=True)
class Fraicheur:
    """How fresh a figure is: instant of the last event applied, age of what is certainly complete, caught up or not."""

    dernier_evenement: int | None
    retard_secondes: float | None
    a_jour: bool


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
        self.avances = {s.nom: charge.get(s.nom, Avance()) for s in sources}
        self._sources = sources
        self._puits = puits
        self._moteur = moteur
        self._clock = clock
        self._cloche = cloche
        self._garde = garde or SeulGardien()
        self._partage = garde is not None
        self._gardait = garde is None
        point = charge.get(POINT, Avance())
        self._point_lu = Identite(point.marque, point.curseur)
        self._regarde_le = monotonic()
        # Logs of which the reader has not been told yet where to read on.
        self._a_reprendre = {s.nom for s in sources}
        self._depuis_point = 0
        self._point_le = clock()
        self._passes_a_jour = 0
        self._arret = False
        self._fini = False
        self._fil = Thread(target=self._run, name=f"consommateur-{nom}", daemon=True)

    def start(self) -> None:
        """Check the lineage of each log, then apply in a thread of its own."""
        for source in self._sources:
            self._guard(source, self._check_lineage)
            self._guard(source, self._resume)
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
        if any(a.complet_le == 0 for a in avances):
            return Fraicheur(dernier or None, None, False)
        retard = (self._clock() - min(a.complet_le for a in avances)) / SECONDE
        # Clocks of two machines differ: silence is measured on ours alone.
        entendus = [a.tic.entendu for a in avances if a.tic is not None and a.tic.entendu is not None]
        retard = max(retard, monotonic() - min(entendus)) if entendus else retard
        a_jour = self._passes_a_jour >= 2 and retard < RETARD_ADMIS and not self._held() and self._is_at_heads()
        return Fraicheur(dernier or None, max(0.0, retard), a_jour)

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
        for source in self._sources:
            self.avances[source.nom] = Avance()
            self._a_reprendre.add(source.nom)
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
            lus = sum(self._guard(s, self._advance) or 0 for s in self._sources)
            complet = all(self._is_complete(a) for a in self.avances.values())
            self._passes_a_jour = self._passes_a_jour + 1 if complet else 0
            self._depuis_point += lus
            # A clock that was set back must not put the checkpoint off until it is what it was.
            attendu = not 0 <= self._clock() - self._point_le < POINT_TOUS_LES
            if self._depuis_point >= POINT_RECORDS or (self._depuis_point and attendu):
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

    def _guard(self, source: Source, geste: Callable[[Source], int]) -> int:
        """Run a step on a source; what must stop it is shown, never jumped."""
        avance = self.avances[source.nom]
        if avance.arret:
            return 0
        try:
            return geste(source)
        except (Arret, Evince) as arret:
            avance.arret = str(arret)
            _LOG.error("consommation arrêtée", extra={"source": source.nom, "raison": str(arret)})
        except PasEncore:
            return 0
        except Exception:
            _LOG.exception("lecture du journal impossible pour le moment", extra={"source": source.nom})
        return 0

    def _advance(self, source: Source) -> int:
        """Apply up to one batch of a source; the number of records applied."""
        if source.nom in self._a_reprendre:
            self._resume(source)
        avance = self.avances[source.nom]
        tic = source.tick()
        if tic.marque != avance.marque:
            self._check_lineage(source)
        try:
            records = source.read(avance.curseur, LECTURE_MAX, self._puits.types)
        except Trou as manque:
            self._tell_hole(avance, str(manque))
            return 0
        suite, positions, curseur, trou = _contiguous(avance, records)
        self._tell_hole(avance, trou)
        with self.verrou:
            if self.avances[source.nom] is not avance:
                return 0
            if suite:
                self._puits.apply(suite)
                for record in suite:
                    # A place of a deposed publisher may come before: the one that follows it sends all of it again.
                    avance.offsets[record.partition] = max(avance.offsets[record.partition], record.offset + 1)
            if records and not trou:
                avance.dernier = max(avance.dernier, records[-1].enregistre_le)
            avance.positions, avance.curseur = positions, curseur
        avance.tic = tic
        if curseur >= tic.tete:
            # Whatever was acknowledged before the tick is applied: what still waits has been promised to nobody.
            avance.complet_le = tic.instant
        return len(suite)

    def _check_lineage(self, source: Source) -> int:
        """The log must continue the one that was applied; otherwise a copy was restored: stop."""
        avance = self.avances[source.nom]
        lignee = source.lineage()
        if not lignee:
            raise PasEncore(f"le publieur de {source.nom} n'a pas encore parlé")
        if avance.marque is not None:
            rangs = {m.marque: i for i, m in enumerate(lignee)}
            rang = rangs.get(avance.marque)
            fin = lignee[rang + 1].depuis if rang is not None and rang + 1 < len(lignee) else source.tick().tete
            if rang is None or avance.curseur > fin:
                # What several processes keep in memory is forgotten while none of them runs.
                commande = "topics adopter indicators --refaire" if self._partage else "rebuild --accepter-restauration"
                raise Arret(
                    f"le journal de {source.nom} n'est pas la suite de celui qui a été lu : une ancienne copie a été "
                    f"restaurée (lu jusqu'à {avance.curseur}). Remettre la base d'origine, ou accepter cette copie "
                    f"avec « ecluse {commande} »"
                )
        avance.marque = lignee[-1].marque
        return 0

    def _resume(self, source: Source) -> int:
        """Have the log read on from the watermarks."""
        # Before it is tried: a restart meanwhile asks for it again.
        self._a_reprendre.discard(source.nom)
        try:
            source.resume(self.avances[source.nom])
        except BaseException:
            self._a_reprendre.add(source.nom)
            raise
        return 0

    def _tell_hole(self, avance: Avance, trou: str | None) -> None:
        if trou and trou != avance.trou:
            _LOG.error("%s", trou)
        avance.trou = trou

    def _is_at_heads(self) -> bool:
        """Whether everything committed by now is applied, and not only what was there at the last pass."""
        try:
            return all(self.avances[s.nom].curseur >= s.tick().tete for s in self._sources)
        except Exception:
            return False

    def _is_complete(self, avance: Avance) -> bool:
        tic = avance.tic
        return tic is not None and tic.attente == 0 and avance.curseur >= tic.tete and not avance.arret


def _contiguous(
    avance: Avance, records: Sequence[Enregistrement]
) -> tuple[list[Enregistrement], list[int], int, str | None]:
    """The records to apply: those already applied are left out, and nothing is taken beyond a hole, which is told."""
    positions, curseur = list(avance.positions), avance.curseur
    suite: list[Enregistrement] = []
    for record in records:
        atteinte = positions[record.partition]
        if record.position > atteinte:
            if record.precedent != atteinte:
                trou = (
                    f"trou dans le journal de {record.source}, partition {record.partition} : "
                    f"après {atteinte}, attendu {record.precedent} avant {record.position}"
                )
                return suite, positions, curseur, trou
            positions[record.partition] = record.position
            suite.append(record)
        curseur = max(curseur, record.position)
    return suite, positions, curseur, None
