"""The state of the fold: what all the movements applied so far add up to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from services.indicators.fold.columns import Colonnes, Entiers, Modifiees, pack, unpack
from services.indicators.fold.families import FAMILLES, FAMILLES_DE, ORIGINE, Categorie
from services.indicators.fold.images import Ajout, Images
from shared.runtime.journal import Enregistrement
from shared.temps import to_iso


class Ecart(NamedTuple):
    """A cell that two folds do not count alike: its family, its members, the measures of each."""

    famille: str
    cellule: dict[str, Categorie]
    ici: dict[str, int]
    autre: dict[str, int]


class Pli:
    """The sums of every family of cells. One thread at a time: whoever applies or asks holds the same lock."""

    types: Sequence[str] = tuple(FAMILLES_DE)

    def __init__(self) -> None:
        self.colonnes = {nom: Colonnes(famille) for nom, famille in FAMILLES.items()}
        self._images = _images_of(self.colonnes)

    def apply(self, records: Iterable[Enregistrement]) -> None:
        """Take movements from the log, all of them or none: an unreadable one raises before anything is added."""
        self.apply_bytes(_by_type(records))

    def apply_bytes(self, par_type: Mapping[str, Iterable[bytes]]) -> None:
        """The same of movements by their type, as they are written in the log."""
        for colonnes, cles, valeurs in self._sum_up(par_type):
            colonnes.add(cles, valeurs)

    def take_back(self, records: Iterable[Enregistrement]) -> None:
        """Undo movements that were applied: it counts what it did before them. Raises as ``apply``."""
        for colonnes, cles, valeurs in self._sum_up(_by_type(records)):
            colonnes.add(cles, -valeurs)

    def _sum_up(self, par_type: Mapping[str, Iterable[bytes]]) -> list[Ajout]:
        return [ajout for type_, octets in par_type.items() for ajout in self._images[type_].sum_up(octets)]

    def dirty(self) -> list[Modifiees]:
        """What the next checkpoint must save."""
        return [colonnes.modified() for colonnes in self.colonnes.values()]

    def mark_saved(self, modifiees: Iterable[Modifiees]) -> None:
        """The transaction that holds this checkpoint is committed."""
        for modifiee in modifiees:
            self.colonnes[modifiee.famille].mark_saved(modifiee)

    def mark_all(self) -> None:
        """Nothing of it is in a checkpoint: the next one must hold everything."""
        for colonnes in self.colonnes.values():
            colonnes.forget_saved()

    def copy(self) -> "Pli":
        """What it counts now, on its own."""
        copie = Pli()
        copie.colonnes = {nom: colonnes.copy() for nom, colonnes in self.colonnes.items()}
        copie._images = _images_of(copie.colonnes)
        return copie

    def cafs(self) -> list[str]:
        """The Cafs that own something counted, in order."""
        return sorted({str(p[0]) for colonnes in self.colonnes.values() for p in colonnes.profils})

    def diff(self, autre: "Pli") -> list[Ecart]:
        """The cells that both folds do not count alike; none when they are equal."""
        return [e for nom in self.colonnes for e in _diff(self.colonnes[nom], autre.colonnes[nom])]


def _by_type(records: Iterable[Enregistrement]) -> dict[str, list[bytes]]:
    par_type: dict[str, list[bytes]] = defaultdict(list)
    for record in records:
        if record.octets is not None:
            par_type[record.type].append(record.octets)
    return par_type


def _images_of(colonnes: Mapping[str, Colonnes]) -> dict[str, Images]:
    return {type_: Images(type_, [colonnes[f.nom] for f in familles]) for type_, familles in FAMILLES_DE.items()}


def _diff(ici: Colonnes, autre: Colonnes) -> list[Ecart]:
    commun = Colonnes(ici.famille)
    cles_ici, cles_autre = _renumber(commun, ici), _renumber(commun, autre)
    cles = np.union1d(cles_ici[0], cles_autre[0])
    mesures = np.zeros((2, len(cles), len(ici.famille.mesures)), np.int64)
    for cote, (propres, valeurs) in enumerate((cles_ici, cles_autre)):
        mesures[cote, np.searchsorted(cles, propres)] = valeurs
    differentes = (mesures[0] != mesures[1]).any(axis=1)
    noms = ici.famille.mesures
    return [
        Ecart(ici.famille.nom, cellule, dict(zip(noms, a, strict=True)), dict(zip(noms, b, strict=True)))
        for cellule, a, b in zip(
            _describe(commun, cles[differentes]),
            mesures[0, differentes].tolist(),
            mesures[1, differentes].tolist(),
            strict=True,
        )
    ]


def _renumber(commun: Colonnes, colonnes: Colonnes) -> tuple[Entiers, Entiers]:
    """The cells that count something, their profiles numbered as in ``commun``."""
    cles, valeurs = colonnes.nonzero()
    numeros = np.array([commun.number(profil) for profil in colonnes.profils], np.int64)
    profils, jours, seconds = unpack(cles)
    return pack(numeros[profils], jours, seconds), valeurs


def _describe(colonnes: Colonnes, cles: Entiers) -> list[dict[str, Categorie]]:
    noms = ("caf", *colonnes.famille.dims, *colonnes.famille.jours)
    lignes = zip(*(champ.tolist() for champ in unpack(cles)), strict=True)
    return [
        dict(
            zip(
                noms,
                (*colonnes.profils[profil], *(to_iso(j + ORIGINE) if j else None for j in jours)),
                strict=False,
            )
        )
        for profil, *jours in lignes
    ]
