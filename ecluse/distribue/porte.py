"""Handing events to the service that owns them, when it runs in another process."""

import logging
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore
from types import TracebackType
from typing import Annotated, Final, Self

import httpx
import msgspec
from msgspec import Meta, Struct

from ecluse.distribue.reglages import Secret
from ecluse.distribue.variables import URLS
from ecluse.guichet import Depositaire, Part
from shared.runtime.ecrivain import Indisponible
from shared.runtime.lot import ACCEPTE, DOUBLON, Verdict
from shared.traces import ENTETE as TRACE
from shared.web.porte import UN_EVENEMENT, UN_LOT

# Set on what one process hands to another: whoever gets it commits it or refuses it, and hands it to nobody else.
TRANSMIS: Final = "ecluse-transmis"
# A service commits a batch in far less; a request that outlives this is sent again by its caller.
ATTENTE: Final = httpx.Timeout(30.0, connect=3.0)
# Parts on their way at once, to one service: beyond, callers are told to come back.
EN_ROUTE_MAX: Final = 32
_LOG = logging.getLogger("ecluse.porte")


class _Rejet(Struct):
    index: int
    detail: str


class _Reponse(Struct):
    acceptes: Annotated[int, Meta(ge=0)]
    doublons: Annotated[int, Meta(ge=0)]
    rejets: list[_Rejet]


class Distant:
    """A service that another process runs at ``url``."""

    def __init__(self, service: str, url: str, jeton: Secret) -> None:
        self._service = service
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {jeton.reveal()}", TRANSMIS: "1"},
            timeout=ATTENTE,
            limits=httpx.Limits(max_connections=EN_ROUTE_MAX, max_keepalive_connections=EN_ROUTE_MAX),
        )
        self._fils = ThreadPoolExecutor(EN_ROUTE_MAX, thread_name_prefix=f"porte-{service}")
        self._places = BoundedSemaphore(EN_ROUTE_MAX)

    def submit(self, part: Part) -> "Future[list[Verdict]]":
        """See ``Depositaire``."""
        if not self._places.acquire(blocking=False):
            raise Indisponible(f"trop de lots sont déjà en route vers {self._service} : réessayer")
        try:
            return self._fils.submit(self._hand_over, part)
        except RuntimeError:
            self._places.release()
            raise Indisponible("la porte s'arrête : réessayer") from None

    def close(self) -> None:
        """Finish what is on its way."""
        self._fils.shutdown()
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def _hand_over(self, part: Part) -> list[Verdict]:
        try:
            return self._send(part)
        finally:
            self._places.release()

    def _send(self, part: Part) -> list[Verdict]:
        seul = len(part.octets) == 1
        entetes = {"Content-Type": UN_EVENEMENT if seul else UN_LOT}
        if part.trace:
            entetes[TRACE] = part.trace
        corps = part.octets[0] if seul else b"[" + b",".join(part.octets) + b"]"
        try:
            reponse = self._http.post("/v1/evenements", content=corps, headers=entetes)
        except httpx.HTTPError as erreur:
            _LOG.warning("%s ne répond pas : %s", self._service, type(erreur).__name__)
            raise Indisponible(f"le service {self._service} ne répond pas : renvoyer le lot") from erreur
        if reponse.status_code not in (202, 422):
            _LOG.error("%s a répondu %s à une part de lot", self._service, reponse.status_code)
            raise Indisponible(f"le service {self._service} n'a pas pris sa part du lot : {_explain(reponse)}")
        return self._read(reponse, len(part.octets))

    def _read(self, reponse: httpx.Response, nombre: int) -> list[Verdict]:
        """The verdicts. The answer counts duplicates without naming them: as many of the accepted are counted so."""
        try:
            document = msgspec.json.decode(reponse.content, type=_Reponse)
            comptes = document.acceptes + document.doublons + len(document.rejets)
            if comptes != nombre or any(not 0 <= rejet.index < nombre for rejet in document.rejets):
                raise ValueError
            verdicts = [DOUBLON] * document.doublons + [ACCEPTE] * document.acceptes
            for rejet in sorted(document.rejets, key=lambda r: r.index):
                verdicts.insert(rejet.index, Verdict("refuse", rejet.detail))
        except (msgspec.DecodeError, ValueError) as erreur:
            _LOG.error("réponse illisible de %s", self._service)
            raise Indisponible(f"le service {self._service} a répondu sans qu'on le comprenne : renvoyer") from erreur
        return verdicts


class Ailleurs:
    """A service whose events cannot be handed over from here: nothing is kept, and the caller is told why."""

    def __init__(self, raison: str) -> None:
        self._raison = raison

    def submit(self, part: Part) -> "Future[list[Verdict]]":
        """See ``Depositaire``."""
        raise Indisponible(f"{part.recus[0].type.type} : {self._raison}")


def stay_here(ici: Mapping[str, Depositaire], services: tuple[str, ...]) -> dict[str, Depositaire]:
    """For what another process handed over: it is committed here, or goes back; it is never handed on."""
    raison = (
        f"transmis à {', '.join(ici) or 'un processus'}, qui n'a pas ces événements : corriger les ECLUSE_URL_* de "
        "l'expéditeur"
    )
    return {nom: ici.get(nom) or Ailleurs(raison) for nom in services}


def untold(service: str) -> Ailleurs:
    """For a service whose address was not given to this process."""
    return Ailleurs(
        f"appartient au service {service}, que ce processus ne sait pas joindre : régler {URLS[service].nom}, ou "
        "déposer à la porte"
    )


def _explain(reponse: httpx.Response) -> str:
    if reponse.status_code == 401:
        return "ECLUSE_TOKEN n'y est pas le même qu'ici"
    try:
        return str(reponse.json()["detail"])[:300]
    except (ValueError, KeyError, TypeError):
        return f"réponse {reponse.status_code}"
