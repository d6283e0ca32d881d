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
        self._debuts = _Pile((), 0)
        self._cles = _Pile(())
        self._mesures = _Pile((len(colonnes.famille.mesures),))

    def append(self, caf: str, parts: Iterable[Part]) -> None:
        """The parts of the next image."""
        number = self.colonnes.number
        for categories, jour, second, mesures in parts:
            self._cles.append(pack(number((caf, *categories)), jour, second))
            self._mesures.append(mesures)
        self._debuts.append(len(self._cles))

    def take(self, numeros: Entiers, fois: Entiers) -> Ajout:
        """What these images add, each as many times as told."""
        debuts = self._debuts.array()
        premiers, nombres = debuts[numeros], debuts[numeros + 1] - debuts[numeros]
        lignes = np.repeat(premiers - np.concatenate([[0], np.cumsum(nombres)[:-1]])[: len(nombres)], nombres)
        lignes += np.arange(len(lignes))
        valeurs = self._mesures.array()[lignes] * np.repeat(fois, nombres)[:, None]
        return Ajout(self.colonnes, self._cles.array()[lignes], valeurs)


class _Pile:
    """Whole numbers, or rows of them, that are appended one at a time and read as an array."""

    def __init__(self, forme: tuple[int, ...], *premiers: int) -> None:
        self._tableau = np.zeros((1_024, *forme), np.int64)
        self._recents: list[int | tuple[int, ...]] = list(premiers)
        self._taille = 0

    def __len__(self) -> int:
        return self._taille + len(self._recents)

    def append(self, valeur: int | tuple[int, ...]) -> None:
        """One more."""
        self._recents.append(valeur)

    def array(self) -> Entiers:
        """All of them."""
        if self._recents:
            taille = len(self)
            if taille > len(self._tableau):
                grand = np.zeros((taille * 3 // 2, *self._tableau.shape[1:]), np.int64)
                grand[: self._taille] = self._tableau[: self._taille]
                self._tableau = grand
            self._tableau[self._taille : taille] = self._recents
            self._taille, self._recents = taille, []
        return self._tableau[: self._taille]
