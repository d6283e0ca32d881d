"""The geometry of charts drawn as SVG on the server: numbers in, coordinates and labels out. Styles are the sheet's."""

from collections.abc import Callable, Container, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

LARGEUR: Final = 720
HAUTEUR: Final = 260
GAUCHE, DROITE, HAUT, BAS = 52, 28, 14, 30
# Less than one in a billion is not drawn apart from zero.
_NUL: Final = 1e-9
_PAS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
# Below this distance two labels under the axis would touch on a narrow screen.
_ETIQUETTES_MAX: Final = 7


class Repere(NamedTuple):
    """A labelled place on an axis."""

    position: float
    texte: str


class Point(NamedTuple):
    """A known value; ``joint``: on the curve, not beside it."""

    x: float
    y: float
    joint: bool


class Graphe(NamedTuple):
    """A curve over time. ``segments``: paths, one per run of known values; ``ponts``: straight over the gaps between
    them; ``aires``: closed on the axis.
    """

    segments: list[str]
    ponts: list[str]
    aires: list[str]
    points: list[Point]
    ordonnees: list[Repere]
    abscisses: list[Repere]
    cible: float | None
    largeur: int = LARGEUR
    hauteur: int = HAUTEUR
    gauche: int = GAUCHE
    droite: int = LARGEUR - DROITE
    haut: int = HAUT
    bas: int = HAUTEUR - BAS


def pick_ticks(maximum: float, nombre: int = 4) -> list[float]:
    """Round values from 0 to at least ``maximum``, about ``nombre`` steps."""
    if maximum < _NUL:
        return [0.0, 1.0]
    brut = maximum / nombre
    puissance = 1.0
    while puissance * 10 <= brut:
        puissance *= 10
    while puissance > brut:
        puissance /= 10
    pas = next(p * puissance for p in _PAS if p * puissance >= brut * 0.999_999)
    combien = 1
    while combien * pas < maximum * 0.999_999:
        combien += 1
    return [rang * pas for rang in range(combien + 1)]


def draw(
    valeurs: Sequence[float | None],
    etiquettes: Sequence[str],
    write: Callable[[float], str],
    *,
    cible: float | None = None,
    a_part: Container[int] = (),
    plein: bool = False,
) -> Graphe:
    """The curve of a series, with gaps for None.

    ``write``: the label of a value; ``cible``: a level to mark; ``a_part``: ranks that the curve passes over, drawn
    beside it if they have a value; ``plein``: filled down to the axis.
    """
    connus = [v for v in valeurs if v is not None]
    graduations = pick_ticks(max([*connus, cible or 0], default=0))
    haut = graduations[-1]

    def x(rang: int) -> float:
        pas = (LARGEUR - GAUCHE - DROITE) / max(len(valeurs) - 1, 1)
        return round(GAUCHE + rang * pas, 1)

    def y(valeur: float) -> float:
        return round(HAUTEUR - BAS - (HAUTEUR - BAS - HAUT) * valeur / haut, 1)

    places = [None if v is None else Point(x(r), y(v), r not in a_part) for r, v in enumerate(valeurs)]
    suites = _split_runs([p for r, p in enumerate(places) if r not in a_part])
    saut = -(-len(etiquettes) // _ETIQUETTES_MAX) or 1
    return Graphe(
        segments=[_path(suite) for suite in suites],
        ponts=[_path((avant[-1], apres[0])) for avant, apres in pairwise(suites)],
        aires=[f"{_path(s)}V{HAUTEUR - BAS}H{s[0].x}Z" for s in suites] if plein else [],
        points=[p for p in places if p is not None],
        ordonnees=[Repere(y(v), write(v)) for v in graduations],
        abscisses=[Repere(x(r), e) for r, e in enumerate(etiquettes) if r % saut == 0],
        cible=None if cible is None else y(cible),
    )


def _split_runs(points: Sequence[Point | None]) -> list[list[Point]]:
    suites: list[list[Point]] = []
    for avant, point in pairwise([None, *points]):
        if point is not None:
            if avant is None:
                suites.append([])
            suites[-1].append(point)
    return suites


def _path(suite: Sequence[Point]) -> str:
    return "M" + "L".join(f"{p.x} {p.y}" for p in suite)


class Jauge(NamedTuple):
    """A water gauge in days: heights above its foot, up to ``HAUTEUR_JAUGE`` for ``maximum``."""

    maximum: int
    niveau: float | None
    cible: float | None
    crans: list[float]
    graduations: list[Repere]


HAUTEUR_JAUGE: Final = 200
_GRADUATION: Final = 5


def draw_gauge(valeur: float | None, cible: float | None, au_moins: int) -> Jauge:
    """The gauge that shows both with room above, ``au_moins`` days high; a value that rises beyond fills it."""
    haut = 1.25 * max(valeur or 0, cible or 0)
    maximum = max(au_moins, -(-int(haut) // _GRADUATION) * _GRADUATION)

    def height(v: float) -> float:
        return round(HAUTEUR_JAUGE * min(max(v / maximum, 0), 1), 1)

    return Jauge(
        maximum,
        None if valeur is None else height(valeur),
        None if cible is None else height(cible),
        [height(v) for v in range(maximum + 1)] if maximum <= 8 * _GRADUATION else [],
        [Repere(height(v), str(v)) for v in range(0, maximum + 1, _GRADUATION * (1 + maximum // 50))],
    )
