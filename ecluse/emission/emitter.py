"""The spool as a library: a Python tool emits events that a kill or an outage neither loses nor doubles."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import msgspec

from ecluse.emission.destination import Destination, open_destination
from ecluse.emission.etat import Etat, Refuse
from ecluse.emission.expediteur import ATTENTE_MAX, Expediteur
from ecluse.emission.spool import Depot, open_spool
from shared.events.base import Donnees
from shared.events.porte import Refus, judge
from shared.reglages import read_clock
from shared.temps import from_datetime, write_instant
from shared.web.porte import OCTETS_MAX


class EvenementRefuse(ValueError):
    """The event breaks a rule of the door: nothing was kept. ``membre``: the member at fault, where one is known."""

    def __init__(self, detail: str, membre: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.membre = membre


class Emitter:
    """Emits events through a durable spool, which one process at a time opens::

        with Emitter("spool", "https://ecluse.example", jeton) as emetteur:
            emetteur.emit(type="fr.caf.courrier.arrive.v1", source="/ged", subject="D-1", caf="091",
                          data={"courrier": "C-1", "arrive_le": "2024-03-05T09:10:00+01:00"})

    ``dossier``: folder of the spool, created if absent; ``jeton``: token of the destination, or a function that reads
    it before each request. Events leave in the background, in order. Methods may be called from several threads.

    An address ``kafka://machine:9092,machine:9092`` emits to the ingress topic, which takes no token: its security is
    told by the variables ``ECLUSE_KAFKA_…`` and the extra ``ecluse[distribue]`` must be installed.
    """

    def __init__(
        self,
        dossier: str | Path,
        url: str,
        jeton: str | Callable[[], str | None] | None = None,
        *,
        destination: Destination | None = None,
        clock: Callable[[], int] = read_clock,
        attente_max: float = ATTENTE_MAX,
    ) -> None:
        """``attente_max``: seconds between two attempts at most; ``destination``: another way in than the address says.

        Raises ``AdresseInvalide``, ``DossierOccupe``, ``DossierInutilisable``.
        """
        cible = destination or open_destination(url, jeton if callable(jeton) else lambda: jeton)
        self._clock = clock
        try:
            self._spool = open_spool(Path(dossier))
        except BaseException:
            cible.close()
            raise
        self._expediteur = Expediteur(self._spool, cible, clock, attente_max=attente_max)
        self._expediteur.start()
        self._ouvert = True

    def emit(
        self,
        *,
        type: str,
        source: str,
        subject: str,
        caf: str,
        data: Mapping[str, Any] | Donnees,
        id: str | None = None,
        time: str | datetime | None = None,
    ) -> str:
        """Keep an event: it is on disk when this returns its ``id``. The same event again changes nothing.

        Without ``id`` a new one is drawn, without ``time`` it is now; a ``datetime`` must carry its zone.
        Raises ``EvenementRefuse``, ``SpoolIndisponible``.
        """
        maintenant = self._clock()
        evenement = {
            "specversion": "1.0",
            "id": str(uuid4()) if id is None else id,
            "source": source,
            "type": type,
            "subject": subject,
            "time": write_instant(maintenant) if time is None else _write_time(time),
            "caf": caf,
            "data": data,
        }
        self._keep(_encode(evenement), maintenant)
        return str(evenement["id"])

    def _keep(self, octets: bytes, maintenant: int) -> None:
        recu = judge(octets, maintenant)
        if isinstance(recu, Refus):
            raise EvenementRefuse(recu.detail, recu.membre)
        (rendu,) = self._spool.append([Depot(recu, octets)], maintenant)
        if rendu.sort == "refuse":
            raise EvenementRefuse(rendu.detail, "id")
        self._expediteur.wake()

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until the destination has answered for every event, ``timeout`` seconds at most; whether it has."""
        return self._expediteur.wait_empty(timeout)

    def etat(self) -> Etat:
        """Where the spool stands: waiting, refused, last error."""
        return self._spool.read_state()

    def refuses(self, limite: int = 100) -> list[Refuse]:
        """The first events that the destination refused, with its reasons."""
        return self._spool.read_refused(limite)

    def close(self, timeout: float = 5.0) -> None:
        """Give what waits ``timeout`` seconds to leave, then stop. What still waits leaves at the next opening."""
        if not self._ouvert:
            return
        self._ouvert = False
        try:
            self.flush(timeout)
        finally:
            self._expediteur.stop(2.0)
            self._spool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


def _write_time(time: str | datetime) -> str:
    if isinstance(time, str):
        return time
    if time.tzinfo is None:
        raise EvenementRefuse("time sans fuseau : donner un datetime qui porte le sien", "time")
    return write_instant(from_datetime(time))


def _encode(evenement: Mapping[str, Any]) -> bytes:
    try:
        octets = msgspec.json.encode(evenement)
    except (TypeError, ValueError, OverflowError, RecursionError) as erreur:
        raise EvenementRefuse(f"data ne s'écrit pas en JSON ({erreur})", "data") from None
    if len(octets) > OCTETS_MAX:
        raise EvenementRefuse(f"événement trop grand : au plus {OCTETS_MAX // 1_000_000} Mo")
    return octets
