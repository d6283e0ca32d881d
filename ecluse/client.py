"""The house over HTTP: what the command line uses when another process runs it, on this machine or not."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
import msgspec

from ecluse.guichet import Reponse
from shared.events.porte import Refus, judge
from shared.reglages import read_clock
from shared.web.porte import EVENEMENTS_MAX, OCTETS_MAX, UN_LOT

ATTENTE: Final = 120.0
# A rebuild reads every log from its beginning, maybe twice.
ATTENTE_RECONSTRUCTION: Final = 3_600.0
TROP_DE_REQUETES: Final = 429
INTROUVABLE: Final = 404
# What a request is held back at most, in all, when the house asks to slow down; and at a time.
_RETENUE: Final = 120.0
_PAUSE_MAX: Final = 30.0


class ServeurInjoignable(Exception):
    """The house does not answer, or refuses: the message says what to do."""


class RienLa(ServeurInjoignable):
    """The house answers that there is nothing at this address."""


@dataclass(frozen=True)
class _Envoi:
    reponses: list[Reponse]

    def answers(self) -> list[Reponse]:
        """The answers, already there."""
        return self.reponses


class Client:
    """Speaks to a running house with its token. ``url``: its origin."""

    def __init__(self, url: str, jeton: str) -> None:
        self._url = url
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {jeton}"}, timeout=ATTENTE)

    def get(self, chemin: str, **parametres: Any) -> Any:
        """The document at a path. Raises ``ServeurInjoignable`` with the detail of the problem."""
        return self._call("GET", chemin, params={k: v for k, v in parametres.items() if v is not None})

    def post(self, chemin: str, **parametres: Any) -> Any:
        """The answer to a command. Raises as ``get``."""
        return self._call("POST", chemin, params=parametres)

    def post_body(self, chemin: str, corps: bytes, media: str, cle: str | None = None, **parametres: Any) -> Any:
        """The answer to a command that has a body, under an idempotency key if there is one. Raises as ``get``."""
        entetes = {"Content-Type": media} | ({"Idempotency-Key": cle} if cle else {})
        parametres = {k: v for k, v in parametres.items() if v is not None}
        return self._call("POST", chemin, content=corps, headers=entetes, params=parametres)

    def order(self, chemin: str, corps: Any) -> Any:
        """The answer to a command with a JSON body. Raises as ``get``."""
        return self._call("POST", chemin, json=corps)

    def put(self, chemin: str, corps: Any) -> Any:
        """The answer to a change with a JSON body. Raises as ``get``."""
        return self._call("PUT", chemin, json=corps)

    def read_logs(self, chemin: str, **parametres: Any) -> Any:
        """A document for which logs are read again, however long it takes. Raises as ``get``."""
        connus = {nom: valeur for nom, valeur in parametres.items() if valeur is not None}
        return self._call("GET", chemin, params=connus, timeout=ATTENTE_RECONSTRUCTION)

    def read(self, chemin: str, **parametres: Any) -> Iterator[bytes]:
        """The bytes at a path, as they come. Raises as ``get``."""
        connus = {nom: valeur for nom, valeur in parametres.items() if valeur is not None}
        try:
            with self._http.stream("GET", chemin, params=connus) as reponse:
                if reponse.status_code >= 400:
                    reponse.read()
                    raise ServeurInjoignable(_detail(reponse))
                yield from reponse.iter_bytes()
        except httpx.HTTPError as erreur:
            raise ServeurInjoignable(
                f"Écluse ne répond pas jusqu'au bout à {self._url} ({type(erreur).__name__}) : recommencer"
            ) from erreur

    def rebuild(self, **parametres: Any) -> Any:
        """The proof by rebuild, however long it takes. Raises as ``get``."""
        return self._call("POST", "/v1/reconstruction", params=parametres, timeout=ATTENTE_RECONSTRUCTION)

    def send(self, octets: Sequence[bytes]) -> _Envoi:
        """Hand a batch of raw events to the door.

        A line that is no JSON can not travel in a list, and one that is larger than a request can not travel at all:
        they are judged here, as the door would.
        """
        reponses: list[Reponse] = [_refuse_here(o) or Reponse("accepte") for o in octets]
        voyagent = [rang for rang, reponse in enumerate(reponses) if reponse.sort == "accepte"]
        for paquet in _packets(voyagent, octets):
            self._send_packet(paquet, octets, reponses)
        return _Envoi(reponses)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send_packet(self, rangs: list[int], octets: Sequence[bytes], reponses: list[Reponse]) -> None:
        corps = b"[" + b",".join(octets[rang] for rang in rangs) + b"]"
        reponse = self._request("POST", "/v1/evenements", content=corps, headers={"Content-Type": UN_LOT})
        if reponse.status_code not in (202, 422):
            raise ServeurInjoignable(_detail(reponse))
        document = self._document(reponse)
        for rejet in document["rejets"]:
            rang = rangs[rejet["index"]]
            # The answer names no member: the same rules, asked here, do.
            jugement = judge(octets[rang], read_clock())
            membre = jugement.membre if isinstance(jugement, Refus) else "id"
            reponses[rang] = Reponse("refuse", rejet["detail"], rejet["id"], rejet["type"], membre)
        _place_duplicates(rangs, reponses, document["doublons"])

    def _call(self, methode: str, chemin: str, **reste: Any) -> Any:
        reponse = self._request(methode, chemin, **reste)
        if reponse.status_code == INTROUVABLE:
            raise RienLa(_detail(reponse))
        if reponse.status_code >= 400:
            raise ServeurInjoignable(_detail(reponse))
        return self._document(reponse)

    def _document(self, reponse: httpx.Response) -> Any:
        try:
            return reponse.json()
        except ValueError:
            raise ServeurInjoignable(
                f"{self._url} répond ({reponse.status_code}) autre chose qu'Écluse : vérifier l'adresse"
            ) from None

    def _request(self, methode: str, chemin: str, **reste: Any) -> httpx.Response:
        """The answer; one that asks to slow down is obeyed, for a time."""
        retenue = 0.0
        while True:
            try:
                reponse = self._http.request(methode, chemin, **reste)
            except httpx.HTTPError as erreur:
                raise ServeurInjoignable(
                    f"Écluse ne répond pas à {self._url} ({type(erreur).__name__}) : vérifier qu'elle tourne"
                ) from erreur
            pause = _pause(reponse)
            if reponse.status_code != TROP_DE_REQUETES or retenue + pause > _RETENUE:
                return reponse
            time.sleep(pause)
            retenue += pause


def _pause(reponse: httpx.Response) -> float:
    """Seconds that the house asks to wait, at least one."""
    demande = reponse.headers.get("Retry-After", "")
    return min(max(float(demande), 1.0), _PAUSE_MAX) if demande.isdecimal() else 1.0


def _refuse_here(octets: bytes) -> Reponse | None:
    if len(octets) > OCTETS_MAX - 2:
        return Reponse("refuse", f"ligne de plus de {OCTETS_MAX // 1_000_000} Mo : aucun événement n'est si grand")
    try:
        msgspec.json.decode(octets, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        jugement = judge(octets, read_clock())
        return Reponse("refuse", jugement.detail, membre=jugement.membre) if isinstance(jugement, Refus) else None
    return None


def _packets(rangs: Sequence[int], octets: Sequence[bytes]) -> Iterator[list[int]]:
    """The ranks by packets that fit in a request."""
    paquet: list[int] = []
    taille = 2
    for rang in rangs:
        if paquet and (taille + len(octets[rang]) + 1 > OCTETS_MAX or len(paquet) == EVENEMENTS_MAX):
            yield paquet
            paquet, taille = [], 2
        paquet.append(rang)
        taille += len(octets[rang]) + 1
    if paquet:
        yield paquet


def _place_duplicates(rangs: Sequence[int], reponses: list[Reponse], doublons: int) -> None:
    """The door counts duplicates without naming them: as many of the accepted are counted so."""
    for rang in rangs:
        if doublons and reponses[rang].sort == "accepte":
            reponses[rang] = Reponse("doublon")
            doublons -= 1


def _detail(reponse: httpx.Response) -> str:
    try:
        return str(reponse.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"réponse {reponse.status_code} inattendue"
