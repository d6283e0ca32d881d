"""What one image adds to a figure: the parts add up to the figure, and who has no part can not move it."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.indicators.arretes.effets import Lignes, Typee, columns, first_days
from services.indicators.cibles import Cibles
from services.indicators.figures import Nombre, Rapport
from services.indicators.instantane import extract
from services.indicators.registre import REGISTRE
from services.indicators.rules import Periode
from services.indicators.tableau import Tableau
from shared.events.mouvements import MOUVEMENTS
from shared.temps import to_iso
from tests.images import FRAIS, Comptee, SansFile, StockCompte, fold, images_of
from tests.scenes import Scene, scenes

TYPES = {m.image: m.type for m in MOUVEMENTS.values()}
FORMULES = {code: i.calcul for code, i in REGISTRE.items() if i.calcul is not None}
CAF = "091"


def images(scene: Scene) -> list[Comptee]:
    """What is counted of one Caf."""
    return [c for c in images_of(scene.etat) if c.caf == CAF]


def period(scene: Scene) -> Periode:
    """The days that are asked for."""
    return Periode(scene.du.toordinal(), scene.au.toordinal())


def parts(comptees: list[Comptee], periode: Periode) -> dict[str, list[np.ndarray]]:
    """The columns of each code, one value for each image."""
    lignes = Lignes(CAF, [Typee(TYPES[type(c.image)], c.image) for c in comptees])
    return {code: columns(formule, lignes, periode) for code, formule in FORMULES.items()}


def terms(comptees: list[Comptee], periode: Periode) -> dict[str, tuple[object, ...]]:
    """The figures of these images, by code."""
    tableau = Tableau(fold(comptees), Cibles(), StockCompte([]), SansFile())
    bornes = to_iso(periode.du), to_iso(periode.au)
    reponse = tableau.reponse(CAF, *bornes, list(FORMULES), FRAIS)
    return {i.code: (i.valeur, i.numerateur, i.denominateur) for i in reponse.indicateurs}


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=30)
@given(scenes())
def test_the_parts_of_all_images_add_up_to_the_terms_of_the_figure(scene: Scene) -> None:
    comptees, periode = images(scene), period(scene)
    chiffres, siennes = terms(comptees, periode), parts(comptees, periode)
    for code, formule in FORMULES.items():
        sommes = [int(colonne.sum()) for colonne in siennes[code]]
        if isinstance(formule, Nombre):
            assert (code, sommes) == (code, [chiffres[code][1]])
        if isinstance(formule, Rapport):
            assert (code, sommes) == (code, list(chiffres[code][1:]))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=25)
@given(scenes(), st.data())
def test_an_image_without_a_part_in_a_figure_does_not_move_it(scene: Scene, data: st.DataObject) -> None:
    comptees, periode = images(scene), period(scene)
    if not comptees:
        return
    rang = data.draw(st.integers(0, len(comptees) - 1))
    siennes = parts(comptees, periode)
    avec, sans = terms(comptees, periode), terms([*comptees[:rang], *comptees[rang + 1 :]], periode)
    for code in FORMULES:
        if avec[code] != sans[code]:
            assert siennes[code], code
            assert any(colonne[rang] for colonne in siennes[code]), code


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=25)
@given(scenes())
def test_an_image_whose_days_are_all_after_the_period_has_no_part(scene: Scene) -> None:
    comptees, periode = images(scene), period(scene)
    apres = first_days([Typee(TYPES[type(c.image)], c.image) for c in comptees]) > periode.au
    for code, colonnes in parts(comptees, periode).items():
        assert not any(colonne[apres].any() for colonne in colonnes), code


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=15)
@given(scenes())
def test_the_cells_of_one_caf_on_their_own_give_its_figures(scene: Scene) -> None:
    entier = fold(images_of(scene.etat))
    extrait = extract(entier, CAF)
    assert extrait.cafs() in ([CAF], [])
    assert extrait.diff(fold(images(scene))) == []
    extrait.colonnes["piece"].valeurs[:] = 0
    assert entier.diff(fold(images_of(scene.etat))) == []


def test_every_formula_of_the_registry_is_taken_apart() -> None:
    lignes = Lignes(CAF, [])
    periode = Periode(738_521, 738_551)
    assert [code for code, formule in FORMULES.items() if not columns(formule, lignes, periode)] == []
