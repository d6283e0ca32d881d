"""The images that movements carry, each read once: what it adds to its cells is kept as numbers, found by its bytes.

Most movements carry images that others carried a moment before: pieces of one kind that came on one day are alike.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from msgspec import Raw, Struct
from msgspec.json import Decoder

from services.indicators.fold.columns import Colonnes, Entiers, pack
from services.indicators.fold.families import Part
from shared.events.mouvements import MOUVEMENTS, Image

# Beyond, all are forgotten: what is held in memory is bounded (a few hundred bytes each).
IMAGES_MAX: Final = 150_000
_ABSENTE: Final = b"null"


class _Brut(Struct):
    """``data`` of a movement, its images not read."""

    objet: str
    avant: Raw
    apres: Raw


class _Evenement(Struct):
    """A movement, its images not read."""

    caf: str
    data: _Brut


class Ajout(NamedTuple):
    """What is to be added to the cells of a family: keys, and the measures of each."""

    colonnes: Colonnes
    cles: Entiers
    valeurs: Entiers


_lire: Final = Decoder(_Evenement).decode


class Images:
    """The images of one type of movement, for the families that it feeds."""

    def __init__(self, type_: str, colonnes: Iterable[Colonnes]) -> None:
        self._lire_image: Decoder[Image] = Decoder(MOUVEMENTS[type_].image)
        self._parts = [_Parts(c) for c in colonnes]
        # By Caf, then by bytes.
        self._numeros: dict[str, dict[bytes, int]] = defaultdict(dict)
        self._nombre = 0

    def sum_up(self, lignes: Iterable[bytes]) -> list[Ajout]:
        """What movements add, avant taken from apres. Raises ``DecodeError`` or ``ValueError``, and nothing is lost."""
        if self._nombre > IMAGES_MAX:
            self._forget()
        fois: dict[int, int] = defaultdict(int)
        numeros, learn = self._numeros, self._learn
        for ligne in lignes:
            evenement = _lire(ligne)
            siens, mouvement = numeros[evenement.caf], evenement.data
            avant, apres = bytes(mouvement.avant), bytes(mouvement.apres)
            if avant != _ABSENTE:
                numero = siens.get(avant)
                fois[learn(evenement.caf, avant) if numero is None else numero] -= 1
            if apres != _ABSENTE:
                numero = siens.get(apres)
                fois[learn(evenement.caf, apres) if numero is None else numero] += 1
        comptes = np.array([(numero, n) for numero, n in fois.items() if n], np.int64).reshape(-1, 2)
        return [parts.take(comptes[:, 0], comptes[:, 1]) for parts in self._parts]

    def _learn(self, caf: str, octets: bytes) -> int:
        """Give an image its number."""
        image = self._lire_image.decode(octets)
        # All of them, before any is kept: one that can not be read leaves nothing.
        lues = [list(parts.colonnes.famille.parts(image)) for parts in self._parts]
        for parts, siennes in zip(self._parts, lues, strict=True):
            parts.append(caf, siennes)
        numero = self._numeros[caf][octets] = self._nombre
        self._nombre += 1
        return numero

    def _forget(self) -> None:
        self._numeros.clear()
        self._parts = [_Parts(parts.colonnes) for parts in self._parts]
        self._nombre = 0


class _Parts:
    """What each image adds to the cells of one family: the parts of image *n* lie from ``debuts[n]`` to the next."""

    def __init__(self, colonnes: Colonnes) -> None:
        self.colonnes = colonnes
        self._debuts = np.zeros(1, np.int64)
        self._cles = np.zeros(0, np.int64)
        self._mesures = np.zeros((0, len(colonnes.famille.mesures)), np.int64)
        self._clear()

    def append(self, caf: str, parts: Iterable[Part]) -> None:
        """The parts of the next image."""
        number, cles = self.colonnes.number, self._nouvelles_cles
        for categories, jour, second, mesures in parts:
            cles.append(pack(number((caf, *categories)), jour, second))
            self._nouvelles_mesures.append(mesures)
        self._nouveaux_debuts.append(len(self._cles) + len(cles))

    def take(self, numeros: Entiers, fois: Entiers) -> Ajout:
        """What these images add, each as many times as told."""
        if self._nouveaux_debuts:
            self._keep()
        premiers, nombres = self._debuts[numeros], self._debuts[numeros + 1] - self._debuts[numeros]
        fins = np.cumsum(nombres)
        lignes = np.arange(nombres.sum()) + np.repeat(premiers - fins + nombres, nombres)
        return Ajout(self.colonnes, self._cles[lignes], self._mesures[lignes] * np.repeat(fois, nombres)[:, None])

    def _keep(self) -> None:
        self._debuts = np.concatenate([self._debuts, np.array(self._nouveaux_debuts, np.int64)])
        self._cles = np.concatenate([self._cles, np.array(self._nouvelles_cles, np.int64)])
        if self._nouvelles_mesures:
            self._mesures = np.concatenate([self._mesures, np.array(self._nouvelles_mesures, np.int64)])
        self._clear()

    def _clear(self) -> None:
        self._nouveaux_debuts: list[int] = []
        self._nouvelles_cles: list[int] = []
        self._nouvelles_mesures: list[tuple[int, ...]] = []
