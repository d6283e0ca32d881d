"""Forwards what a spool holds, in order, and never gives up on an event without an answer for it."""

import logging
import random
from collections.abc import Callable, Sequence
from threading import Condition, Event, Thread
from time import monotonic
from typing import Final

from ecluse.emission.destination import Destination, Diviser, PlusTard, Repondu, Suite
from ecluse.emission.fichier import SpoolIndisponible
from ecluse.emission.spool import EnAttente, Spool
from shared.pannes import crash_point, declare_point
from shared.web.porte import EVENEMENTS_MAX, OCTETS_MAX

AVANT_ENVOI: Final = declare_point("relais.envoi.avant", "un lot est lu, rien n'est parti")
APRES_ENVOI: Final = declare_point("relais.envoi.apres", "la destination a répondu, rien n'en est noté")
ATTENTE_MIN: Final = 0.2
ATTENTE_MAX: Final = 60.0

_journal = logging.getLogger("ecluse.relais")


class Expediteur:
    """Sends the batches of a spool to a destination. ``attente_max``: seconds between two attempts at most."""

    def __init__(
        self,
        spool: Spool,
        destination: Destination,
        clock: Callable[[], int],
        *,
        attente_max: float = ATTENTE_MAX,
        hasard: random.Random | None = None,
    ) -> None:
        self._spool = spool
        self._destination = destination
        self._clock = clock
        self._attente_max = attente_max
        # Only spreads the attempts of several senders over time.
        self._hasard = hasard or random.Random()  # noqa: S311
        self._echecs = 0
        self._nombre_max = EVENEMENTS_MAX
        self._octets_max = OCTETS_MAX
        self._fil = Thread(target=self._run, name="ecluse-relais", daemon=True)
        self._arret = Event()
        self._nouveau = Event()
        self._regle = Condition()

    def start(self) -> None:
        """Forward in the background."""
        self._fil.start()

    def wake(self) -> None:
        """Say that something was added. It does not shorten a wait that a failure imposed."""
        self._nouveau.set()

    def wait_empty(self, delai: float | None) -> bool:
        """Wait until nothing waits any more, ``delai`` seconds at most; whether that is so."""
        with self._regle:
            return self._regle.wait_for(self._spool.is_empty, delai)

    def stop(self, delai: float) -> None:
        """Stop forwarding; a request still under way after ``delai`` seconds is left: its events stay in the spool."""
        self._arret.set()
        self._nouveau.set()
        fin = monotonic() + delai
        if self._fil.ident is not None:
            self._fil.join(delai / 2)
        self._destination.close()
        if self._fil.ident is not None:
            self._fil.join(max(fin - monotonic(), 0.0))

    def _run(self) -> None:
        while not self._arret.is_set():
            self._nouveau.clear()
            attente = self.step()
            if attente is None:
                self._nouveau.wait()
            elif attente:
                self._arret.wait(attente)

    def step(self) -> float | None:
        """Send one batch; seconds to wait before the next, None when nothing waits."""
        try:
            lot = self._spool.read_next(self._nombre_max, self._octets_max)
            if not lot:
                return None
            crash_point(AVANT_ENVOI)
            suite = self._send(lot)
            crash_point(APRES_ENVOI)
            return self._follow(lot, suite)
        except SpoolIndisponible as erreur:
            _journal.error("%s ; le relais réessaie", erreur)
        except Exception:
            # The thread must outlive what nobody foresaw: nothing is settled, so nothing is lost by trying again.
            _journal.exception("échec imprévu de l'envoi ; le relais réessaie")
        return self._next_wait(None)

    def _send(self, lot: Sequence[EnAttente]) -> Suite:
        return self._destination.send([e.octets for e in lot], self._clock())

    def _follow(self, lot: Sequence[EnAttente], suite: Suite) -> float:
        match suite:
            case Repondu(refuses):
                self._settle(lot, {lot[i].rang: detail for i, detail in refuses.items()})
                self._nombre_max = min(self._nombre_max * 2, EVENEMENTS_MAX)
                return 0.0
            case Diviser(_, taille) if len(lot) > 1:
                self._halve(lot, taille)
                return 0.0
            case Diviser(detail):
                return self._set_aside(lot, detail)
            case PlusTard(detail, apres):
                return self._wait(detail, apres)

    def _settle(self, lot: Sequence[EnAttente], refuses: dict[int, str]) -> None:
        if self._echecs:
            _journal.warning("la destination répond de nouveau")
        if refuses:
            _journal.warning("refusés par la destination : %d ; « ecluse relais refuses » les montre", len(refuses))
        with self._regle:
            self._spool.settle([e.rang for e in lot], refuses, self._clock())
            self._regle.notify_all()
        self._echecs = 0

    def _halve(self, lot: Sequence[EnAttente], taille: bool) -> None:
        if taille:
            # The limit of the destination, or of a proxy before it, does not move: no use in trying it again.
            self._octets_max = max(sum(len(e.octets) + 1 for e in lot) // 2, 1)
        else:
            self._nombre_max = len(lot) // 2

    def _set_aside(self, lot: Sequence[EnAttente], detail: str) -> float:
        """Refuse the culprit, once the destination has shown that it is a door: a wrong address refuses everything."""
        match self._destination.send([], self._clock()):
            case Repondu():
                self._settle(lot, {lot[0].rang: detail})
                return 0.0
            case PlusTard(autre, apres):
                return self._wait(autre, apres)
            case Diviser():
                return self._wait(f"{detail} (un lot vide est refusé aussi : vérifier l'adresse)", None)

    def _wait(self, detail: str, apres: float | None) -> float:
        if not self._echecs:
            _journal.warning("%s ; les événements attendent, le relais réessaie", detail)
        self._spool.note_error(detail, self._clock())
        return self._next_wait(apres)

    def _next_wait(self, apres: float | None) -> float:
        """Seconds before the next attempt: they double up to a limit, spread at random, never under what was asked."""
        attente = min(ATTENTE_MIN * 2.0 ** min(self._echecs, 30), self._attente_max)
        self._echecs += 1
        return max(attente * self._hasard.uniform(0.5, 1.0), apres or 0.0)
