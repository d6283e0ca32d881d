"""The images that movements carry, each read once: what it adds to its cells is kept as numbers, found by its bytes.

Most movements carry images that others carried a moment before: pieces of one kind that came on one day are alike.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from msgspec import Raw, Struct
from msgspec.json import Decoder

from services.indicators.fold.columns import Colonnes, Entiers, grow, pack
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
        self._debuts = _Pile(())
        self._cles = _Pile(())
        self._mesures = _Pile((len(colonnes.famille.mesures),))
        self._debuts.attente.append(0)
        self._nombre = 0

    def append(self, caf: str, parts: Iterable[Part]) -> None:
        """The parts of the next image."""
        number, cles, valeurs = self.colonnes.number, self._cles.attente, self._mesures.attente
        for categories, jour, second, mesures in parts:
            cles.append(pack(number((caf, *categories)), jour, second))
            valeurs.append(mesures)
            self._nombre += 1
        self._debuts.attente.append(self._nombre)

    def take(self, numeros: Entiers, fois: Entiers) -> Ajout:
        """What these images add, each as many times as told."""
        debuts = self._debuts.read()
        premiers, nombres = debuts[numeros], debuts[numeros + 1] - debuts[numeros]
        fins = np.cumsum(nombres)
        lignes = np.arange(nombres.sum()) + np.repeat(premiers - fins + nombres, nombres)
        valeurs = self._mesures.read()[lignes] * np.repeat(fois, nombres)[:, None]
        return Ajout(self.colonnes, self._cles.read()[lignes], valeurs)


class _Pile:
    """Whole numbers, or rows of them, that come one at a time and are read as an array. ``attente``: the last ones."""

    def __init__(self, forme: tuple[int, ...]) -> None:
        self.attente: list[int | tuple[int, ...]] = []
        self._tableau = np.zeros((1_024, *forme), np.int64)
        self._taille = 0

    def read(self) -> Entiers:
        """All of them."""
        if self.attente:
            taille = self._taille + len(self.attente)
            if taille > len(self._tableau):
                self._tableau = grow(self._tableau, taille * 3 // 2)
            self._tableau[self._taille : taille] = self.attente
            self._taille = taille
            self.attente.clear()
        return self._tableau[: self._taille]
