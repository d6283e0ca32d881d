"""An arrêté held against the figures of today: what moved, by how much, and through which movements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import numpy as np

from services.indicators.answer import EtatFile, Indication
from services.indicators.arretes.document import Arrete, ChiffreArrete
from services.indicators.arretes.effets import Lignes, columns, first_days
from services.indicators.arretes.reponses import CibleChangee, Ecart, FormuleChangee, Termes
from services.indicators.arretes.suite import Mouvement
from services.indicators.figures import Formule, Nombre, Rapport
from services.indicators.fold.columns import Entiers
from services.indicators.registre import REGISTRE
from services.indicators.rules import Periode

# Images are weighed so many at a time: what is held in memory is bounded.
_PAQUET: Final = 20_000


@dataclass
class Part:
    """What movements had to do with a figure: how many of them changed a sum that it is made of, and by how much they
    changed the first two of these sums."""

    mouvements: int = 0
    sommes: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, poids: Entiers) -> None:
        """Count more movements: see ``weigh_movements``."""
        self.mouvements += int(poids.any(axis=1).sum())
        for rang, somme in enumerate(poids.sum(axis=0).tolist()[:2]):
            self.sommes[rang] += somme


def weigh_movements(
    caf: str, periode: Periode, mouvements: Sequence[Mouvement], formules: Mapping[str, Formule]
) -> dict[str, Entiers]:
    """By code, one row for each movement and one column for each sum that the figure is made of: what it changed."""
    images = [m.avant for m in mouvements] + [m.apres for m in mouvements]
    # Most of what comes after a period is of later days, and changes nothing of it.
    utiles = np.flatnonzero(first_days(images) <= periode.au)
    lignes = Lignes(caf, [typee for rang in utiles.tolist() if (typee := images[rang]) is not None])
    poids: dict[str, Entiers] = {}
    for code, formule in formules.items():
        colonnes = columns(formule, lignes, periode)
        if colonnes:
            entieres = np.zeros((2 * len(mouvements), len(colonnes)), np.int64)
            entieres[utiles] = np.array(colonnes, np.int64).T
            poids[code] = entieres[len(mouvements) :] - entieres[: len(mouvements)]
    return poids


def packets(mouvements: Sequence[Mouvement]) -> Iterable[Sequence[Mouvement]]:
    """The movements, few enough at a time."""
    return (mouvements[debut : debut + _PAQUET] for debut in range(0, len(mouvements), _PAQUET))


def shown_terms(formule: Formule | None, sommes: Sequence[int]) -> tuple[int | None, int | None]:
    """What sums of columns change of the numerator and of the denominator, where the figure shows them."""
    if isinstance(formule, Nombre):
        return sommes[0], None
    return (sommes[0], sommes[1]) if isinstance(formule, Rapport) else (None, None)


def told_terms(chiffre: ChiffreArrete | Indication) -> Termes:
    """The terms of a figure, frozen or not."""
    termes = chiffre.termes
    return Termes(
        chiffre.valeur,
        chiffre.numerateur,
        chiffre.denominateur,
        str(chiffre.etat),
        dict(termes) if isinstance(termes, Mapping) else None,
    )


def compare(
    arrete: Arrete,
    alors: Mapping[str, Indication] | None,
    maintenant: Mapping[str, Indication],
    parts: Mapping[str, Part],
) -> tuple[list[Ecart], list[FormuleChangee]]:
    """The figures that moved, and those whose formula is another. ``alors``: the figures of the fold taken back to the
    arrêté by today's formulas, None when it could not be."""
    ecarts, formules = [], []
    for chiffre in arrete.chiffres:
        indication = maintenant.get(chiffre.code)
        if indication is None:
            continue
        dite, actuelle = told_terms(chiffre), told_terms(indication)
        reprise = told_terms(alors[chiffre.code]) if alors is not None else None
        if chiffre.formule != indication.formule:
            formules.append(_changed_formula(chiffre, indication, dite, reprise or dite, actuelle))
        elif not _same(dite, actuelle):
            ecarts.append(_moved(chiffre, indication, reprise, parts.get(chiffre.code)))
    return ecarts, formules


def compare_targets(arrete: Arrete, maintenant: Mapping[str, Indication]) -> list[CibleChangee]:
    """The figures whose targets are others now."""
    return [
        CibleChangee(chiffre.code, chiffre.cibles, siennes, chiffre.etat, str(maintenant[chiffre.code].etat))
        for chiffre in arrete.chiffres
        if chiffre.code in maintenant and (siennes := _targets(maintenant[chiffre.code])) != chiffre.cibles
    ]


class StockArrete:
    """Production's count as the arrêté told it: its rows are of today."""

    def __init__(self, arrete: Arrete) -> None:
        termes = next((c.termes for c in arrete.chiffres if c.termes and "cloture" in c.termes), None)
        self._cloture = termes["cloture"] if termes else None

    def closing_stocks(self, caf: str, jours: Sequence[int]) -> Sequence[int] | None:
        """See ``StockDeProduction``; the days of an arrêté are its last one."""
        del caf
        return None if self._cloture is None else [self._cloture] * len(jours)


class SansFiles:
    """No queues: they are of the present."""

    def queues(self, caf: str) -> Sequence[EtatFile] | None:
        """See ``FilesDeRecouvrement``."""
        del caf
        return None


def _moved(chiffre: ChiffreArrete, i: Indication, reprise: Termes | None, part: Part | None) -> Ecart:
    dite, saisie = told_terms(chiffre), i.saisie or None
    numerateur, denominateur = shown_terms(REGISTRE[i.code].calcul, part.sommes) if part else (None, None)
    return Ecart(
        i.code,
        i.libelle,
        i.unite,
        i.formule,
        dite,
        told_terms(i),
        part.mouvements if part else None,
        numerateur,
        denominateur,
        explique=(reprise is not None and _same(dite, reprise)) or saisie != chiffre.saisie,
        saisie=saisie,
    )


def _changed_formula(
    chiffre: ChiffreArrete, i: Indication, dite: Termes, alors: Termes, actuelle: Termes
) -> FormuleChangee:
    return FormuleChangee(i.code, i.libelle, i.unite, chiffre.formule, i.formule, dite, alors, actuelle)


def _same(un: Termes, autre: Termes) -> bool:
    """Whether both tell the same figure; the state may be another, for a target that changed."""
    return (un.valeur, un.numerateur, un.denominateur, un.termes) == (
        autre.valeur,
        autre.numerateur,
        autre.denominateur,
        autre.termes,
    )


def _targets(indication: Indication) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(cible) for cible in indication.cibles]
