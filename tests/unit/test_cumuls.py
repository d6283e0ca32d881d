"""Margins and matrices that follow the fold say what those made afresh of all its cells say."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.cumuls import Croisement, margin_of, matrix_of
from services.indicators.figures import ANNULEE, TRAITEE
from services.indicators.fold import columns, images
from services.indicators.fold.pli import Pli
from services.indicators.views import Condition, Filtre, Vue, Vues
from shared.events.mouvements import ImagePiece
from tests.images import movement

JOURS = [f"2023-01-{jour:02d}" for jour in range(1, 29)] + ["1970-01-01", "2022-12-31", "2149-01-01"]
FILTRES: tuple[Filtre, ...] = (
    (),
    (TRAITEE,),
    (ANNULEE, Condition("nature", "=", "autre")),
    (Condition("delai", ">", 10),),
)
MESURES = ("n", "jours_attente", "delai")


@st.composite
def pieces(draw: st.DrawFn) -> ImagePiece:
    arrivee, fin = draw(st.sampled_from(JOURS)), draw(st.none() | st.sampled_from(JOURS))
    if fin is not None:
        arrivee, fin = sorted((arrivee, fin))
    return ImagePiece(
        "091",
        draw(st.sampled_from(["autre", "demande_rsa"])),
        "web",
        False,
        arrivee,
        fin=fin,
        fin_genre=fin and draw(st.sampled_from(["traitee", "annulee"])),
        jours_attente=draw(st.integers(0, 3)),
    )


MOUVEMENTS = st.lists(st.tuples(st.sampled_from(["091", "661"]), st.none() | pieces(), pieces()), max_size=30)


def _check(vive: Vue, fraiche: Vue) -> None:
    jours = np.array([1, *range(738_000, 738_600, 7), 800_000])
    for filtre in FILTRES:
        for jour in ("arrivee", "fin"):
            for mesure in MESURES:
                attendus = margin_of(fraiche, jour, mesure, filtre).until(jours).tolist()
                assert vive.margin(jour, mesure, filtre).until(jours).tolist() == attendus
        assert _pairs(vive.matrix(filtre)) == _pairs(matrix_of(fraiche, filtre))


def _pairs(croisement: Croisement) -> list[tuple[int, ...]]:
    return list(zip(*(membre.tolist() for membre in croisement), strict=True))


def _fresh(pli: Pli, caf: str) -> Vue:
    """A view whose rows are read from the cells as they are."""
    vue = Vues(pli).view("piece", caf)
    return Vue(vue._profils, vue._numeros, vue.jours, vue.mesures)


@pytest.mark.parametrize("memoire", [0, 5, 200_000])
@given(mouvements=MOUVEMENTS, taille=st.integers(1, 9), hasard=st.randoms(use_true_random=False))
def test_what_follows_the_fold_equals_what_is_made_afresh(
    memoire: int,
    mouvements: list[tuple[str, ImagePiece | None, ImagePiece]],
    taille: int,
    hasard: random.Random,
) -> None:
    pli = Pli()
    vues = Vues(pli)
    with pytest.MonkeyPatch.context() as reglage:
        # With a short memory, whoever was away for long reads all of it again.
        reglage.setattr(columns, "CHANGEMENTS_MAX", memoire)
        reglage.setattr(images, "IMAGES_MAX", 7)
        for debut in range(0, len(mouvements), taille):
            pli.apply([movement(caf, avant, apres) for caf, avant, apres in mouvements[debut : debut + taille]])
            if hasard.random() < 0.6:
                _check(vues.view("piece", "091"), _fresh(pli, "091"))
        _check(vues.view("piece", "661"), _fresh(pli, "661"))


def test_a_cut_follows_the_fold_too() -> None:
    pli = Pli()
    vues = Vues(pli)
    nature, attendu = Condition("nature", "=", "autre"), 0
    for jour in ("2023-01-02", "2023-01-03"):
        pli.apply([movement("091", None, ImagePiece("091", n, "web", False, jour)) for n in ("autre", "demande_rsa")])
        part = vues.view("piece", "091").part(nature)
        attendu = margin_of(_fresh(pli, "091").part(nature), "arrivee", "n", ()).cumuls.tolist()[-1]
        assert part.margin("arrivee", "n", ()).cumuls.tolist()[-1] == attendu
        assert part.mesures["n"].sum() == attendu
    assert attendu == 2


def test_a_view_keeps_no_row_that_was_not_asked_for() -> None:
    pli = Pli()
    pli.apply([movement("091", None, ImagePiece("091", "autre", "web", False, "2023-01-02"))])
    vue = Vues(pli).view("piece", "091")
    assert vue.margin("arrivee", "n", ()).cumuls.tolist()[-1] == 1
    assert "jours" not in vars(vue)
    assert vue.jours["arrivee"].tolist()
    with pytest.raises(AttributeError):
        _ = vue.inconnu  # type: ignore[attr-defined]  # there is none
