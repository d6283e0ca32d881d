"""Every figure against the oracle: on the small month given, and on drawn objects that crowd the thresholds."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from services.indicators.answer import Coupe, Indication, Serie
from services.indicators.invariants import Invariants
from services.indicators.registre import REGISTRE
from services.indicators.rules import Pas, QuestionRefusee, Role, parse_period, split
from services.indicators.tableau import Tableau
from shared.temps import to_iso
from tests.donnees import attendu_petit, petit_mois
from tests.images import FRAIS, board
from tests.oracle import coupe, etat, indicateurs, juge_fichier, premier_jour
from tests.oracle.figures import FAMILLES
from tests.oracle.pieces import Piece
from tests.scenes import CAFS, OBJETS, UN_JOUR, Scene, at_noon, fact, scenes

RECEPTION = datetime(2024, 1, 1, tzinfo=UTC)
DEUX_JOURS = timedelta(hours=48)
SECONDE = timedelta(seconds=1)
# Asked now of another service, or typed in: the oracle and the given answers know nothing of them.
PRESENT = {code for code, i in REGISTRE.items() if i.calcul is None}

# The cuts that the oracle knows too.
COUPES = [
    (code, par)
    for figures, dimensions in FAMILLES.values()
    for code in figures([], "091", date(2024, 1, 1), date(2024, 1, 1))
    for par in dimensions
    if par in REGISTRE[code].coupes
]

ROLES = st.sampled_from(list(Role))


def _same(indication: Any, chiffre: Mapping[str, float | None]) -> None:
    """Counts equal, values to 1e-9, for the members that the answer gives."""
    for membre, nombre in chiffre.items():
        if membre in ("valeur", "numerateur", "denominateur"):
            trouve = getattr(indication, membre)
        else:
            trouve = indication.termes[membre]
        exact = pytest.approx(nombre, abs=1e-9, rel=0) if isinstance(nombre, float) else nombre
        assert trouve == exact, f"{indication} : {membre}"


def _answers(tableau: Tableau, caf: str, du: str, au: str, role: Role = Role.proprietaire) -> dict[str, Indication]:
    return {i.code: i for i in tableau.reponse(caf, du, au, None, FRAIS, role).indicateurs}


def _refusal(scene: Scene, caf: str, role: Role = Role.proprietaire) -> str | None:
    """The stable name of the refusal that a question about a scene gets, if it gets one."""
    premier = premier_jour(scene.etat, caf, role.value)
    if premier is not None:
        return "periode-sans-donnees" if scene.au < premier else None
    connues = {objet.caf for nom in OBJETS for objet in getattr(scene.etat, nom)}
    if not connues or caf in connues or premier_jour(scene.etat, caf, "traitante") is not None:
        return None
    return "caf-inconnue"


def _refused(scene: Scene, caf: str, question: Callable[[], object], role: Role = Role.proprietaire) -> bool:
    """Whether a question about a scene is refused; it is exactly when it has to be."""
    probleme = _refusal(scene, caf, role)
    if probleme is None:
        return False
    with pytest.raises(QuestionRefusee) as refus:
        question()
    assert refus.value.probleme == probleme
    return True


@pytest.fixture(scope="module")
def petit() -> Tableau:
    return board(etat(juge_fichier(petit_mois(), RECEPTION).acceptes))


@pytest.mark.parametrize("autre", [False, True])
def test_the_small_month_gives_every_figure_exactly(petit: Tableau, autre: bool) -> None:
    attendu = attendu_petit()["autre"] if autre else attendu_petit()
    caf, du, au = attendu["caf"], attendu["du"], attendu["au"]
    indications = _answers(petit, caf, du, au)
    assert indications.keys() == attendu["indicateurs"].keys() | PRESENT
    for code, chiffre in attendu["indicateurs"].items():
        _same(indications[code], chiffre)
    stock = petit.serie("STOCK", caf, du, au, "jour", FRAIS)
    assert [point.valeur for point in stock.points] == attendu["coupes"]["STOCK par jour"]
    for code, par in (("COG-08-29", "nature"), ("PIECES-ARRIVEES", "canal")):
        parts = {part.cle: part for part in petit.coupe(code, caf, du, au, par, FRAIS).parts}
        attendues = attendu["coupes"][f"{code} par {par}"]
        assert parts.keys() == attendues.keys()
        for cle, chiffre in attendues.items():
            _same(parts[cle], chiffre)


def test_both_invariants_hold_on_the_small_month(petit: Tableau) -> None:
    invariants = petit.invariants("091", "2023-01-01", "2023-01-31")
    assert invariants.tenus
    assert invariants.little.somme_des_stocks == sum(attendu_petit()["coupes"]["STOCK par jour"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenes(), CAFS, ROLES)
def test_every_figure_is_that_of_the_oracle_for_the_owner_and_for_the_acting_caf(
    scene: Scene, caf: str, role: Role
) -> None:
    def ask() -> dict[str, Indication]:
        return _answers(board(scene.etat), caf, scene.du.isoformat(), scene.au.isoformat(), role)

    if _refused(scene, caf, ask, role):
        return
    indications = ask()
    attendus = indicateurs(scene.etat, caf, scene.du, scene.au, role.value)
    sans_role = {code for code, i in indications.items() if i.raison}
    # The queues are of today, which no scene is.
    saisis = PRESENT - {"FILES-RECOUVREMENT"} if role is Role.proprietaire else set()
    assert indications.keys() - sans_role == attendus.keys() | saisis
    for code in sans_role:
        assert (indications[code].valeur, indications[code].etat) == (None, "nd")
    for code, chiffre in attendus.items():
        _same(indications[code], chiffre)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenes(), CAFS, st.sampled_from(COUPES), ROLES)
def test_every_cut_is_that_of_the_oracle(scene: Scene, caf: str, choix: tuple[str, str], role: Role) -> None:
    code, par = choix
    role = role if "caf_traitante" in REGISTRE[code].coupes else Role.proprietaire
    du, au = scene.du.isoformat(), scene.au.isoformat()

    def ask() -> Coupe:
        return board(scene.etat).coupe(code, caf, du, au, par, FRAIS, role)

    if _refused(scene, caf, ask, role):
        return
    parts = {part.cle: part for part in ask().parts}
    attendues = coupe(scene.etat, caf, scene.du, scene.au, code, par, role.value)
    assert parts.keys() == attendues.keys()
    for cle, chiffre in attendues.items():
        _same(parts[cle], chiffre)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenes(), CAFS, st.sampled_from(list(Pas)))
def test_each_point_of_a_series_is_the_figure_of_its_own_period(scene: Scene, caf: str, pas: Pas) -> None:
    tableau, du, au = board(scene.etat), scene.du.isoformat(), scene.au.isoformat()
    if _refused(scene, caf, lambda: tableau.serie("STOCK", caf, du, au, pas.value, FRAIS)):
        return
    # Asked one by one, the periods before the first day would be refused.
    tot = fact("courrier.arrive", caf, at_noon(scene.du - UN_JOUR), {})
    tableau = board(replace(scene.etat, courriers=[*scene.etat.courriers, tot]))
    morceaux = split(parse_period(du, au), pas)
    reponses = [_answers(tableau, caf, to_iso(m.du), to_iso(m.au)) for m in morceaux]
    for code in REGISTRE.keys() - PRESENT:
        points = tableau.serie(code, caf, du, au, pas.value, FRAIS).points
        assert [(p.du, p.au) for p in points] == [(to_iso(m.du), to_iso(m.au)) for m in morceaux]
        for point, reponse in zip(points, reponses, strict=True):
            seul = reponse[code]
            assert (point.valeur, point.numerateur, point.denominateur, point.termes) == (
                seul.valeur,
                seul.numerateur,
                seul.denominateur,
                seul.termes,
            ), code


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenes(), CAFS)
def test_both_invariants_hold_whatever_happened(scene: Scene, caf: str) -> None:
    def ask() -> Invariants:
        return board(scene.etat).invariants(caf, scene.du.isoformat(), scene.au.isoformat())

    if not _refused(scene, caf, ask):
        assert ask().balance.valeur == 0
        assert ask().little.ecart == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenes(), CAFS, st.sampled_from(COUPES), st.sampled_from(list(Pas)), ROLES)
def test_a_series_that_is_cut_gives_each_value_its_own_series(
    scene: Scene, caf: str, choix: tuple[str, str], pas: Pas, role: Role
) -> None:
    code, par = choix
    role = role if "caf_traitante" in REGISTRE[code].coupes else Role.proprietaire
    tableau, du, au = board(scene.etat), scene.du.isoformat(), scene.au.isoformat()

    def ask() -> Serie:
        return tableau.serie(code, caf, du, au, pas.value, FRAIS, role, par)

    if _refused(scene, caf, ask, role):
        return
    serie = ask()
    assert serie.points == tableau.serie(code, caf, du, au, pas.value, FRAIS, role).points
    assert serie.tranches is not UNSET
    # Whatever counts in one of the points, even if nothing of it is left when the period ends.
    comptees = {part.cle for p in serie.points for part in tableau.coupe(code, caf, p.du, p.au, par, FRAIS, role).parts}
    assert [t.cle for t in serie.tranches] == sorted(comptees)
    for tranche in serie.tranches:
        assert [(p.du, p.au) for p in tranche.points] == [(p.du, p.au) for p in serie.points]
        for point in tranche.points:
            du_point, au_point = date.fromisoformat(point.du), date.fromisoformat(point.au)
            attendu = coupe(scene.etat, caf, du_point, au_point, code, par, role.value).get(tranche.cle)
            if attendu is not None:
                _same(point, attendu)


def test_what_is_gone_when_the_period_ends_keeps_the_days_on_which_it_was_there() -> None:
    du, au = date(2024, 3, 1), date(2024, 3, 5)
    ouverte = Piece("091", "P1", "D", "autre", "web", False, "", "", "", "091", du, None, None, ())
    partie = replace(ouverte, id="P2", nature="demande_aah", traitee=du + 2 * UN_JOUR)
    tableau = board(replace(etat([]), pieces=[ouverte, partie]))
    serie = tableau.serie("STOCK", "091", du.isoformat(), au.isoformat(), "jour", FRAIS, par="nature")
    assert serie.tranches is not UNSET
    assert {t.cle: [p.valeur for p in t.points] for t in serie.tranches} == {
        "autre": [1, 1, 1, 1, 1],
        "demande_aah": [1, 1, 0, 0, 0],
    }


def test_the_acting_caf_of_the_small_month_is_counted_as_the_oracle_does(petit: Tableau) -> None:
    tout = etat(juge_fichier(petit_mois(), RECEPTION).acceptes)
    du, au = date(2023, 1, 1), date(2023, 1, 31)
    traitantes = {piece.caf_traitante for piece in tout.pieces}
    assert any(piece.caf_traitante != piece.caf for piece in tout.pieces)
    for caf in sorted(traitantes):
        indications = _answers(petit, caf, du.isoformat(), au.isoformat(), Role.traitante)
        for code, chiffre in indicateurs(tout, caf, du, au, "traitante").items():
            _same(indications[code], chiffre)
