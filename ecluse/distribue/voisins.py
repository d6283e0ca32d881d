"""The other processes of the house, asked over HTTP for what they alone know."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx
import msgspec

from ecluse.distribue.porte import TRANSMIS
from ecluse.distribue.reglages import Secret
from ecluse.etat import Etat
from services.indicators.answer import EtatFile
from shared.corbeille.etal import Regard

T = TypeVar("T")
# Behind each of these a person waits for a page.
ATTENTE: Final = httpx.Timeout(2.0, connect=1.0)
_LOG = logging.getLogger("ecluse.voisins")


class VoisinInjoignable(Exception):
    """A process of the house does not answer as it should; the message names it."""


class Voisin:
    """The API of the service ``nom`` at ``url``."""

    def __init__(self, nom: str, url: str, jeton: Secret) -> None:
        self.nom = nom
        self.url = url
        entetes = {"Authorization": f"Bearer {jeton.reveal()}", TRANSMIS: "1"}
        self._http = httpx.Client(base_url=url, headers=entetes, timeout=ATTENTE)

    def get(self, chemin: str, type_: type[T], **parametres: Any) -> T:
        """The document at a path. Raises ``VoisinInjoignable``."""
        return self._read(chemin, type_, "GET", params=parametres)

    def post(self, chemin: str, type_: type[T], corps: object) -> T:
        """What a path answers to a JSON document. Raises ``VoisinInjoignable``."""
        return self._read(chemin, type_, "POST", json=corps)

    def _read(self, chemin: str, type_: type[T], methode: str, **demande: Any) -> T:
        try:
            reponse = self._http.request(methode, chemin, **demande)
            reponse.raise_for_status()
            return msgspec.json.decode(reponse.content, type=type_)
        except (httpx.HTTPError, msgspec.DecodeError, RuntimeError) as erreur:
            _LOG.warning("%s ne répond pas à %s : %s", self.nom, chemin, type(erreur).__name__)
            raise VoisinInjoignable(f"le service {self.nom} ne répond pas") from erreur

    def state(self) -> Etat | None:
        """What ``GET /v1/etat`` of that process says; None when it does not answer."""
        try:
            return self.get("/v1/etat", Etat)
        except VoisinInjoignable:
            return None

    @contextmanager
    def stream(self, chemin: str, attente: httpx.Timeout, **parametres: Any) -> Iterator[Iterator[bytes]]:
        """The bytes at a path as they come. Raises ``httpx.HTTPError``, also while they are read."""
        with self._http.stream("GET", chemin, params=parametres, timeout=attente) as reponse:
            reponse.raise_for_status()
            yield reponse.iter_bytes()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


class StockDistant:
    """Production's own count of its rows, asked of its API. See ``services.indicators.app.RangeesDeProduction``."""

    def __init__(self, production: Voisin | None) -> None:
        self._production = production

    def closing_stocks(self, caf: str, jours: Sequence[int], position: int) -> Sequence[int] | None:
        """None when production does not answer, or is not known here."""
        if self._production is None:
            return None
        try:
            question = {"caf": caf, "jours": list(jours), "position": position}
            return self._production.post("/v1/interne/stocks", Stocks, question).stocks
        except VoisinInjoignable:
            return None


class FilesDistantes:
    """Recovery's own view of its work queues, asked of its API. See ``services.indicators.answer``."""

    def __init__(self, recovery: Voisin | None) -> None:
        self._recovery = recovery

    def queues(self, caf: str) -> list[EtatFile] | None:
        """None when recovery does not answer, or is not known here."""
        if self._recovery is None:
            return None
        try:
            return self._recovery.get("/v1/interne/files", list[EtatFile], caf=caf)
        except VoisinInjoignable:
            return None


class EtalDistant:
    """The corbeilles of another process, for the page that lists them all. See ``shared.corbeille.pages.Etal``."""

    def __init__(self, voisin: Voisin) -> None:
        self._voisin = voisin
        self.nom = voisin.nom

    def look(self, titulaire: str, caf: str) -> Regard | None:
        """None when that process does not answer."""
        try:
            return self._voisin.get("/v1/interne/corbeilles", Regard, titulaire=titulaire, caf=caf)
        except VoisinInjoignable:
            return None


class Stocks(msgspec.Struct, frozen=True):
    """Production's answer, a number for each day; None when too much has moved since."""

    stocks: list[int] | None
