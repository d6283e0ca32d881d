"""Images laid out as cells of their own: what the fold adds up stays apart here, by the same rule."""

from collections.abc import Iterable, Sequence

import numpy as np

from services.indicators.explication.poids import Poids
from services.indicators.fold.columns import Colonnes, Entiers
from services.indicators.fold.families import FAMILLES, Famille, Part
from services.indicators.views import Profils, Vue, read_rows
from shared.events.mouvements import Image


class Lot:
    """Images of one type of movement that a Caf owns. Each row of a view is what one of them adds to one cell."""

    def __init__(self, caf: str, images: Sequence[Image]) -> None:
        self._caf = caf
        self._images = images
        self._vues: dict[str, Vue] = {}
        self._rangs: dict[str, Entiers] = {}

    def view(self, nom: str) -> Vue:
        """The rows of a family."""
        if nom not in self._vues:
            famille = FAMILLES[nom]
            parts = [(rang, part) for rang, image in enumerate(self._images) for part in famille.parts(image)]
            self._vues[nom], self._rangs[nom] = lay_out(famille, self._caf, parts)
        return self._vues[nom]

    def sum(self, poids: Iterable[Poids]) -> list[int]:
        """What each image adds."""
        sommes = np.zeros(len(self._images), np.int64)
        for famille, valeurs in poids:
            np.add.at(sommes, self._rangs[famille], valeurs)
        return sommes.tolist()


def lay_out(famille: Famille, caf: str, parts: Sequence[tuple[int, Part]]) -> tuple[Vue, Entiers]:
    """Parts of images as rows of a family, and the rank of the image of each row."""
    colonnes = Colonnes(famille)
    numeros = [colonnes.number((caf, *part.categories)) for _, part in parts]
    premiers, seconds = (np.array([part[i] for _, part in parts], np.int64) for i in (1, 2))
    valeurs = np.array([part.mesures for _, part in parts], np.int64).reshape(len(parts), len(famille.mesures))
    vue = read_rows(famille, Profils(colonnes), np.array(numeros, np.int64), (premiers, seconds), valeurs)
    return vue, np.array([rang for rang, _ in parts], np.int64)
