"""The writer of a service: the only thread that changes its database (architecture §2, §3).

Waiting messages are taken together into one commit. A future is resolved after the commit, never before.
"""

import logging
import random
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from shared.base import explain_refusal, is_conflict, is_refused_for_now
from shared.erreurs import describe_error
from shared.events.porte import Recu
from shared.pannes import crash_point, declare_point
from shared.runtime.journal import Evince, UnePlume
from shared.runtime.lot import ACCEPTE, Conflit, Lot, Verdict
from shared.runtime.temoin import TEMOIN
from shared.traces import ECRITURE, MUET, Traceur

T = TypeVar("T")
Ordre = Callable[[Lot], T]
ESSAIS: Final = 6
# Two that met once must not meet again: each waits up to this long, twice as long at each attempt (seconds).
ECART: Final = 0.005
# Beyond, callers are told to come back: what waits is in memory, and promised to nobody.
ATTENTE_MAX: Final = 50_000
DEBUT: Final = declare_point("ecrivain.debut_de_lot", "transaction ouverte, rien d'écrit")
AVANT_COMMIT: Final = declare_point("ecrivain.avant_commit", "tout est écrit, rien n'est validé")
APRES_COMMIT: Final = declare_point("ecrivain.apres_commit", "le lot est validé, personne n'en est averti")
APRES_REPONSE: Final = declare_point("ecrivain.apres_reponse", "les appelants ont leur réponse")
# What the database answers to a row that it will never take, whatever the moment.
REFUSES_PAR_LA_BASE: Final = (DataError, IntegrityError, OverflowError, UnicodeEncodeError, sqlite3.DataError)
_LOG = logging.getLogger("ecluse.runtime")


class Indisponible(Exception):
    """The database can not take the message now (full, locked, stopping): nothing was kept, a retry is safe."""


class Refuse(Exception):
    """A command refused by a rule: nothing changed. Services subclass it with a stable ``probleme`` and a status."""

    probleme = "refus"
    statut = 409


@dataclass(slots=True)
class _Demande:
    """Messages of one caller: events, or one command. ``trace``: ``traceparent`` of the events."""

    recus: Sequence[Recu]
    ordre: Ordre[Any] | None
    futur: "Future[Any]"
    trace: str | None = None

    @property
    def poids(self) -> int:
        return len(self.recus) or 1


class Ecrivain:
    """One writer thread on one database. ``ouvre(connexion, maintenant)`` gives the batch of the service."""

    def __init__(
        self,
        service: str,
        moteur: Engine,
        plume: UnePlume,
        ouvre: Callable[[Connection, int], Lot],
        clock: Callable[[], int],
        *,
        lot_max: int,
        notify: Callable[[], None] = lambda: None,
        traceur: Traceur = MUET,
    ) -> None:
        self.service = service
        self.plume = plume
        self.evince: Evince | None = None
        self._moteur = moteur
        self._ouvre = ouvre
        self._clock = clock
        self._lot_max = lot_max
        self._notify = notify
        self._traceur = traceur
        self._attente: deque[_Demande] = deque()
        self._signal = Condition()
        self._arret = False
        self._fil = Thread(target=self._run, name=f"ecrivain-{service}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._fil.start()

    def stop(self) -> None:
        """Finish what waits, then stop."""
        with self._signal:
            self._arret = True
            self._signal.notify_all()
        if self._fil.ident is not None:
            self._fil.join()

    def submit(self, recus: Sequence[Recu], trace: str | None = None) -> "Future[list[Verdict]]":
        """The verdicts of the events, once they are committed; ``Indisponible`` when they could not be."""
        return self._put(_Demande(recus, None, Future(), trace))

    def order(self, ordre: Ordre[T]) -> "Future[T]":
        """Run a command in the next commit; its result once committed. ``Refuse`` leaves everything as it was."""
        return self._put(_Demande((), ordre, Future()))

    @property
    def waiting(self) -> int:
        """Messages that wait for a commit."""
        return sum(d.poids for d in list(self._attente))

    def _put(self, demande: _Demande) -> "Future[Any]":
        with self._signal:
            if self._arret or self.evince:
                raise Indisponible(str(self.evince or f"le service {self.service} s'arrête"))
            if self.waiting >= ATTENTE_MAX:
                raise Indisponible(f"trop d'événements attendent déjà dans {self.service} : réessayer")
            self._attente.append(demande)
            self._signal.notify()
        return demande.futur

    def _run(self) -> None:
        while True:
            with self._signal:
                self._signal.wait_for(lambda: self._attente or self._arret)
                if not self._attente:
                    return
                demandes = self._drain()
            # Taken, they can not be given up any more; one given up before was promised to nobody.
            if demandes := [d for d in demandes if d.futur.set_running_or_notify_cancel()]:
                self._serve(demandes)

    def _drain(self) -> list[_Demande]:
        demandes, poids = [self._attente.popleft()], 0
        poids = demandes[0].poids
        while self._attente and poids + self._attente[0].poids <= self._lot_max:
            demandes.append(self._attente.popleft())
            poids += demandes[-1].poids
        return demandes

    def _serve(self, demandes: list[_Demande]) -> None:
        """Commit the demands together; alone each, when one of them spoils the batch."""
        debut = self._clock() if self._traceur.actif else 0
        try:
            resultats = self._commit(lambda lot: _execute(lot, demandes))
        except Indisponible as erreur:
            for demande in demandes:
                demande.futur.set_exception(erreur)
            return
        except Exception as erreur:
            if len(demandes) > 1:
                for demande in demandes:
                    self._serve([demande])
            elif isinstance(erreur, REFUSES_PAR_LA_BASE) and demandes[0].recus:
                self._halve(demandes[0], erreur)
            else:
                _LOG.exception("lot refusé par une erreur du programme", extra={"service": self.service})
                demandes[0].futur.set_exception(erreur)
            return
        for demande, resultat in zip(demandes, resultats, strict=True):
            if isinstance(resultat, Refuse):
                demande.futur.set_exception(resultat)
            else:
                demande.futur.set_result(resultat)
        crash_point(APRES_REPONSE)
        if self._traceur.actif:
            self._traceur.follow(ECRITURE, (d.trace for d in demandes), debut, self._clock())

    def _halve(self, demande: _Demande, erreur: Exception) -> None:
        """Half by half until the event that the database refuses is alone; it becomes a dead letter."""
        recus = list(demande.recus)
        if len(recus) == 1:
            detail = f"la base refuse d'enregistrer cet événement ({type(erreur).__name__})"
            try:
                self._commit(lambda lot: lot.park(recus[0], detail))
                demande.futur.set_result([ACCEPTE])
            except Exception as suite:
                demande.futur.set_exception(suite)
            return
        verdicts: list[Verdict] = []
        for moitie in (recus[: len(recus) // 2], recus[len(recus) // 2 :]):
            partie = _Demande(moitie, None, Future(), demande.trace)
            self._serve([partie])
            try:
                verdicts += partie.futur.result()
            except Exception as suite:
                demande.futur.set_exception(suite)
                return
        demande.futur.set_result(verdicts)

    def _commit(self, geste: Callable[[Lot], T]) -> T:
        """Decide again as long as others change the rows; ``Indisponible`` when the database can not take it now."""
        conflit: Exception | None = None
        for essai in range(ESSAIS):
            if conflit is not None:
                time.sleep(random.uniform(0, ECART * 2**essai))  # noqa: S311  # spreads writers, protects nothing
            try:
                return self._transact(geste)
            except Evince as erreur:
                self.evince = erreur
                raise Indisponible(str(erreur)) from erreur
            except (Conflit, DBAPIError) as erreur:
                conflit = self._judge(erreur)
        if isinstance(conflit, IntegrityError):
            # Whoever came first has committed long since: the row itself is what the database refuses.
            raise conflit
        raise Indisponible("la base change trop vite : réessayer") from conflit

    def _judge(self, erreur: Conflit | DBAPIError) -> Conflit | DBAPIError:
        """The conflict, if it is one. Raises ``Indisponible``, or what the database refuses whatever the moment."""
        if isinstance(erreur, Conflit) or is_conflict(erreur):
            _LOG.info("lot repris après un conflit", extra={"service": self.service, "conflit": describe_error(erreur)})
            return erreur
        if is_refused_for_now(erreur):
            raise Indisponible(explain_refusal(erreur)) from erreur
        raise erreur

    def _transact(self, geste: Callable[[Lot], T]) -> T:
        maintenant = self._clock()
        TEMOIN.open()
        try:
            with self._moteur.connect() as connexion, connexion.begin():
                self.plume.check_lead(connexion)
                lot = self._ouvre(connexion, maintenant)
                crash_point(DEBUT)
                resultat = geste(lot)
                plume = self.plume
                if lot.journal:
                    plume = plume.append(connexion, lot.journal, maintenant)
                crash_point(AVANT_COMMIT)
            self.plume = plume
            crash_point(APRES_COMMIT)
        finally:
            TEMOIN.close()
        # Even without an event for the log: nothing waits any more, which is what ``a_jour`` asks.
        self._notify()
        return resultat


def _execute(lot: Lot, demandes: list[_Demande]) -> list[Any]:
    """All events as one batch, then the commands in order; a refused command gives back its refusal."""
    tous = [r for d in demandes for r in d.recus]
    for demande in demandes:
        if demande.trace:
            lot.trace(demande.recus, demande.trace)
    verdicts = iter(lot.take(tous) if tous else [])
    resultats: list[Any] = []
    for demande in demandes:
        if demande.ordre is None:
            resultats.append([next(verdicts) for _ in demande.recus])
            continue
        try:
            with lot.savepoint():
                resultats.append(demande.ordre(lot))
        except Refuse as refus:
            resultats.append(refus)
    return resultats
