"""The geometry of charts and gauges."""

from collections.abc import Sequence

from hypothesis import example, given
from hypothesis import strategies as st

from shared.web.graphe import BAS, DROITE, GAUCHE, HAUT, HAUTEUR, HAUTEUR_JAUGE, LARGEUR, Graphe, draw, draw_gauge

valeurs = st.floats(0, 1e7, allow_nan=False)
series = st.lists(st.none() | valeurs, min_size=1, max_size=80)


def chart(serie: Sequence[float | None], **options: object) -> Graphe:
    """The chart of a series whose labels are its ranks."""
    return draw(serie, [str(r) for r in range(len(serie))], str, **options)  # type: ignore[arg-type]  # options of draw


@given(series, st.none() | valeurs)
def test_every_value_lies_within_the_frame_and_higher_is_higher(serie: list[float | None], cible: float | None) -> None:
    graphe = chart(serie, cible=cible)
    assert len(graphe.points) == sum(v is not None for v in serie)
    for p in graphe.points:
        assert GAUCHE <= p.x <= LARGEUR - DROITE
        assert HAUT - 0.1 <= p.y <= HAUTEUR - BAS
    connus = [v for v in serie if v is not None]
    par_valeur = sorted(zip(connus, (p.y for p in graphe.points), strict=True))
    assert [y for _, y in par_valeur] == sorted((y for _, y in par_valeur), reverse=True)


@given(series)
@example([5e-324])
def test_the_axis_starts_at_zero_and_covers_every_value(serie: list[float | None]) -> None:
    graphe = chart(serie)
    assert graphe.ordonnees[0].texte == "0.0"
    assert graphe.ordonnees[0].position == HAUTEUR - BAS
    assert float(graphe.ordonnees[-1].texte) >= max((v for v in serie if v is not None), default=0) * 0.999
    assert 2 <= len(graphe.ordonnees) <= 7


def test_an_unknown_value_breaks_the_curve_and_a_thin_line_bridges_it() -> None:
    graphe = chart([1, 2, None, 4])
    assert len(graphe.segments) == 2
    assert len(graphe.ponts) == 1


def test_a_value_put_aside_is_shown_but_the_curve_passes_over_it() -> None:
    graphe = chart([10, 0, 10], a_part={1})
    assert [p.joint for p in graphe.points] == [True, False, True]
    assert len(graphe.segments) == 1
    assert str(HAUTEUR - BAS) not in graphe.segments[0].split("L")[1]


def test_an_empty_series_is_a_frame_without_a_curve() -> None:
    graphe = chart([None, None])
    assert graphe.segments == []
    assert graphe.aires == []
    assert len(graphe.ordonnees) == 2


def test_a_gauge_never_overflows() -> None:
    jauge = draw_gauge(13.6, 16, 20)
    assert (jauge.maximum, jauge.niveau, jauge.cible) == (20, 136.0, 160.0)
    assert draw_gauge(None, None, 10).niveau is None
    assert draw_gauge(900, None, 20).niveau is not None
    assert (draw_gauge(900, None, 20).niveau or 0) <= HAUTEUR_JAUGE


def test_a_gauge_grows_to_show_what_is_beyond_its_staff() -> None:
    assert draw_gauge(18, 16, 20).maximum == 25
    assert draw_gauge(2, 1, 20).maximum == 20
