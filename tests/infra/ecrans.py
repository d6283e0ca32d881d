"""Screens that follow a live page, each on a server of its own: a thread with its event loop."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread
from typing import Any

import msgspec

from shared.partage.ouverture import open_redis
from shared.web.flux import Diffuseur
from tests.infra.processus import DELAI

CLE = "091"


class Chiffres:
    """What all servers show: a number that only grows, and that a test sets."""

    def __init__(self) -> None:
        self.valeur = 0


class Ecran:
    """One watcher of one server: the numbers it was shown under which ids, what it was told, who computed what."""

    def __init__(self, url: str, chiffres: Chiffres, cadence: float) -> None:
        self.valeurs: list[int] = []
        self.ids: list[str] = []
        self.annonces: list[str] = []
        self.calculees: list[int] = []
        self.en_panne = False
        self._chiffres = chiffres
        self._change = Condition()
        self._boucle: asyncio.AbstractEventLoop | None = None
        partage = open_redis(url).create_sharing()
        self._diffuseur: Diffuseur[str] = Diffuseur(
            self._compute, lambda: chiffres.valeur, cadence, rappel=1_000, partage=partage
        )
        self._fil = Thread(target=lambda: asyncio.run(self._watch()))
        self._fil.start()

    @property
    def degrade(self) -> bool:
        """Whether the page says now that the sharing is interrupted."""
        return bool(self.annonces and self.annonces[-1])

    def wait(self, condition: Callable[["Ecran"], bool]) -> None:
        """Wait until something is seen; fails after a long time."""
        with self._change:
            assert self._change.wait_for(lambda: condition(self), DELAI), self.__dict__

    def wait_value(self, valeur: int) -> None:
        """Wait until a number is shown."""
        self.wait(lambda e: e.valeurs[-1:] == [valeur])

    def close(self) -> None:
        """End the stream, and with it the server."""
        self._diffuseur.close()
        self._fil.join(DELAI)
        assert not self._fil.is_alive()

    def _compute(self, cle: str) -> bytes:
        if self.en_panne:
            raise RuntimeError("panne voulue")
        valeur = self._chiffres.valeur
        self.calculees.append(valeur)
        return msgspec.json.encode({"cle": cle, "valeur": valeur})

    async def _watch(self) -> None:
        async for evenement in self._diffuseur.watch(CLE):
            if evenement.startswith(b":"):
                continue
            champs: dict[str, Any] = dict(ligne.split(": ", 1) for ligne in evenement.decode().strip().split("\n"))
            corps = msgspec.json.decode(champs["data"])
            with self._change:
                if champs.get("event") == "diffusion":
                    self.annonces.append(corps["texte"])
                elif champs.get("event") != "inchangee":
                    self.ids.append(champs["id"])
                    self.valeurs.append(corps["valeur"])
                self._change.notify_all()
        # What the last watcher left behind ends before the loop does.
        autres = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*autres, return_exceptions=True)


@contextmanager
def follow(url: str, chiffres: Chiffres, nombre: int = 2, cadence: float = 0.25) -> Iterator[list[Ecran]]:
    """Screens of as many servers, opened one after the other."""
    ecrans: list[Ecran] = []
    try:
        for _ in range(nombre):
            ecrans.append(Ecran(url, chiffres, cadence))
            ecrans[-1].wait_value(chiffres.valeur)
        yield ecrans
    finally:
        for ecran in ecrans:
            ecran.close()
