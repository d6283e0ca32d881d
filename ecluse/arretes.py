"""Arrêtés as the command line asks for them, in this process or over HTTP: the documents are those of the API."""

from collections.abc import Iterator
from typing import Any, Protocol

import msgspec

from ecluse.client import Client
from services.indicators.app import Indicateurs
from services.indicators.arretes.endpoints import read_place
from services.indicators.arretes.service import Demande


class AccesArretes(Protocol):
    """The arrêtés of a house, wherever it runs."""

    def take(self, demande: Demande) -> Any: ...
    def find(self, caf: str | None, periode: str) -> Any: ...
    def all(self, caf: str | None) -> Iterator[Any]: ...
    def document(self, id_: str) -> bytes: ...
    def verify(self, caf: str | None) -> Any: ...
    def compare(self, id_: str, code: str | None) -> Any: ...
    def movements(self, id_: str, code: str, apres: str | None) -> Any: ...


class ArretesLocaux:
    """Those of a house opened in this process."""

    def __init__(self, indicateurs: Indicateurs) -> None:
        self._arretes = indicateurs.arretes
        self._confrontations = indicateurs.confrontations

    def take(self, demande: Demande) -> Any:
        return msgspec.to_builtins(self._arretes.take(demande))

    def find(self, caf: str | None, periode: str) -> Any:
        return msgspec.to_builtins(self._arretes.find(caf, periode))

    def all(self, caf: str | None) -> Iterator[Any]:
        apres = None
        while True:
            page = self._arretes.list(caf, apres)
            yield from msgspec.to_builtins(page.arretes)
            apres = page.suite
            if apres is None:
                return

    def document(self, id_: str) -> bytes:
        return self._arretes.get(id_).document

    def verify(self, caf: str | None) -> Any:
        return msgspec.to_builtins(self._arretes.verify(caf))

    def compare(self, id_: str, code: str | None) -> Any:
        return msgspec.to_builtins(self._confrontations.compare(id_, code))

    def movements(self, id_: str, code: str, apres: str | None) -> Any:
        # By way of JSON: images are kept as they are written.
        return msgspec.json.decode(msgspec.json.encode(self._confrontations.movements(id_, code, read_place(apres))))


class ArretesDistants:
    """Those of a house that another process runs."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def take(self, demande: Demande) -> Any:
        return self._client.order("/v1/arretes", demande._asdict())

    def find(self, caf: str | None, periode: str) -> Any:
        return self._client.get(f"/v1/arretes/derniers/{periode}", caf=caf)

    def all(self, caf: str | None) -> Iterator[Any]:
        apres = None
        while True:
            page = self._client.get("/v1/arretes", caf=caf, apres=apres)
            yield from page["arretes"]
            apres = page["suite"]
            if apres is None:
                return

    def document(self, id_: str) -> bytes:
        return b"".join(self._client.read(f"/v1/arretes/{id_}"))

    def verify(self, caf: str | None) -> Any:
        return self._client.read_logs("/v1/arretes/verification", caf=caf)

    def compare(self, id_: str, code: str | None) -> Any:
        return self._client.read_logs(f"/v1/arretes/{id_}/ecarts", code=code)

    def movements(self, id_: str, code: str, apres: str | None) -> Any:
        return self._client.read_logs(f"/v1/arretes/{id_}/ecarts/{code}", apres=apres)
