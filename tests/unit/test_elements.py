"""The objects behind a figure add up to it, whatever happened: the same rule counts cells and single images."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.indicators.cibles import Cibles
from services.indicators.explication.elements import Elements, Mesure, ask, read_page
from services.indicators.figures import MoyenneOuvree
from services.indicators.registre import REGISTRE
from services.indicators.rules import (
    CurseurIllisible,
    ExplicationImpossible,
    QuestionRefusee,
    Role,
    RoleImpossible,
    TermeInconnu,
)
from services.indicators.tableau import Tableau
from shared.events.mouvements import MOUVEMENTS, Image, ImageEncaissement, ImagePiece
from shared.runtime.imagier import Borne, Demande, Depart, Entete, Flot, Rangee
from shared.temps import from_iso
from tests.images import FRAIS, Comptee, SansFile, StockCompte, board, fold, images_of
from tests.scenes import CAFS, Scene, scenes

EXPLIQUES = [code for code, i in REGISTRE.items() if i.calcul is not None]
TRAITANTE = Role.traitante
ROLES = st.sampled_from(Role)
_FAMILLES = {t.image: t.famille for t in MOUVEMENTS.values()}


class FauxImagier:
    """The rows of a service, held in memory: the bounds are those of the image's own days."""

    def __init__(self, comptees: Sequence[Comptee]) -> None:
        self.comptees = list(comptees)
        # How many images a row holds.
        self.par_rangee = 1
        self.suite: list[msgspec.Raw] | None = []
        self.demandes: list[Demande] = []

    @contextmanager
    def read(self, demande: Demande) -> Iterator[Flot]:
        """See ``Imagier``."""
        self.demandes.append(demande)
        depart = demande.apres or Depart(0, "")
        rangees = [
            Rangee(rang, f"{caf}|{numero:04}", "D", self._write(numero, images))
            for numero, (caf, *images) in enumerate(self._rows())
            if self._names(caf, images[0], demande) and _FAMILLES[type(images[0])] == demande.famille
            if all(allowed(borne, images[0]) for borne in demande.bornes)
            for rang in [from_iso(getattr(images[0], demande.tri)) if demande.tri else 0]
        ]
        rangees.sort(key=lambda r: (r.rang, r.cle))
        suivantes = [r for r in rangees if (r.rang, r.cle) >= (depart.rang, depart.cle)]
        yield Flot(Entete(7, 0, self.suite), iter(suivantes))

    def _names(self, caf: str, image: Image, demande: Demande) -> bool:
        return demande.caf == (caf if demande.membre == "caf" else acting(image))

    def _rows(self) -> Iterator[tuple[str, *tuple[Image, ...]]]:
        for debut in range(0, len(self.comptees), self.par_rangee):
            voisines = self.comptees[debut : debut + self.par_rangee]
            yield voisines[0].caf, *(c.image for c in voisines)

    def _write(self, numero: int, images: Sequence[Image]) -> msgspec.Raw:
        gardees = [[_FAMILLES[type(i)], f"{numero:04}-{rang}", i] for rang, i in enumerate(images)]
        return msgspec.Raw(msgspec.json.encode(gardees))


def acting(image: Image) -> str | None:
    """The Caf that does the work, where an image tells it."""
    return getattr(image, "caf_traitante", None)


def allowed(borne: Borne, image: Image) -> bool:
    """Whether the day of an image lies within a bound."""
    texte = getattr(image, borne.jour)
    if texte is None:
        return borne.ou_rien
    jour = from_iso(texte)
    return (borne.du is None or jour >= borne.du) and (borne.au is None or jour <= borne.au)


def explained(role: Role) -> list[str]:
    """The codes of the figures that a Caf has in this role."""
    return [c for c in EXPLIQUES if role is Role.proprietaire or "caf_traitante" in REGISTRE[c].coupes]


def measure(
    tableau: Tableau,
    code: str,
    question: tuple[str, str, str],
    terme: str | None = None,
    role: Role = Role.proprietaire,
) -> Mesure:
    """A term of a figure."""
    return tableau.mesure(code, *question, terme, FRAIS, {}, role)


def page(
    imagier: FauxImagier, mesure: Mesure, question: tuple[str, str, str], apres: str | None = None, limite: int = 50
) -> Elements:
    """A page of the elements."""
    posee = ask(*question, mesure, apres, limite)
    with imagier.read(posee.demande) as flot:
        return read_page(posee, flot)


def terms_of(tableau: Tableau, code: str, question: tuple[str, str, str], role: Role = Role.proprietaire) -> list[str]:
    """The names of the terms of a figure."""
    return [t.nom for t in tableau.explication(code, *question, None, FRAIS, {}, role).termes]


def ask_of(scene: Scene, caf: str, role: Role = Role.proprietaire) -> tuple[str, str, str]:
    """The question that a scene is drawn for; one that is refused says nothing here."""
    question = caf, scene.du.isoformat(), scene.au.isoformat()
    try:
        board(scene.etat).reponse(*question, ["STOCK"], FRAIS, role)
    except QuestionRefusee:
        reject()
    return question


@settings(max_examples=90, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenes(), CAFS, ROLES)
def test_the_elements_of_every_term_add_up_to_it(scene: Scene, caf: str, role: Role) -> None:
    tableau, question = board(scene.etat), ask_of(scene, caf, role)
    imagier = FauxImagier(list(images_of(scene.etat)))
    for code in explained(role):
        chiffre = tableau.reponse(*question, [code], FRAIS, role).indicateurs[0]
        for nom in terms_of(tableau, code, question, role):
            elements = page(imagier, measure(tableau, code, question, nom, role), question, limite=200)
            somme = sum(e.contribution for e in elements.elements)
            assert (elements.somme, elements.nombre) == (somme, len(elements.elements)), code
            assert (elements.egal, elements.ecart) == (True, 0), (code, nom)
            assert (elements.role, elements.caf) == (role, caf)
            comptees = [imagier.comptees[int(e.objet)] for e in elements.elements]
            assert [e.caf for e in elements.elements] == [c.caf for c in comptees]
            assert {c.caf if role is Role.proprietaire else acting(c.image) for c in comptees} <= {caf}, (code, nom)
            if nom in ("numerateur", "denominateur") and not isinstance(REGISTRE[code].calcul, MoyenneOuvree):
                assert somme == getattr(chiffre, nom), (code, nom)
            if chiffre.termes and nom in chiffre.termes:
                assert somme == chiffre.termes[nom], (code, nom)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenes(), CAFS, ROLES)
def test_the_cells_of_every_term_add_up_to_it(scene: Scene, caf: str, role: Role) -> None:
    tableau, question = board(scene.etat), ask_of(scene, caf, role)
    for code in explained(role):
        chiffre = tableau.reponse(*question, [code], FRAIS, role).indicateurs[0]
        for par in (None, *REGISTRE[code].coupes):
            explication = tableau.explication(code, *question, par, FRAIS, {}, role)
            assert (explication.role, explication.valeur) == (role, chiffre.valeur)
            for terme in explication.termes:
                sommes = [g.termes[terme.nom].valeur for g in explication.cellules if terme.nom in g.termes]
                assert sum(sommes) == terme.valeur, (code, terme.nom)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenes(), CAFS, ROLES, st.data(), st.integers(1, 4))
def test_pages_give_each_element_once_and_in_one_order(
    scene: Scene, caf: str, role: Role, data: st.DataObject, limite: int
) -> None:
    tableau, question = board(scene.etat), ask_of(scene, caf, role)
    imagier = FauxImagier(list(images_of(scene.etat)))
    code = data.draw(st.sampled_from(explained(role)))
    for nom in terms_of(tableau, code, question, role):
        mesure = measure(tableau, code, question, nom, role)
        entiere = page(imagier, mesure, question, limite=200).elements
        lues, apres = [], None
        while True:
            morceau = page(imagier, mesure, question, apres, limite)
            assert len(morceau.elements) <= limite
            lues += morceau.elements
            apres = morceau.suivant
            if apres is None:
                break
        assert lues == entiere


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenes(), CAFS, ROLES)
def test_nothing_that_counts_lies_outside_the_bounds(scene: Scene, caf: str, role: Role) -> None:
    """The owner of the objects may leave out what is outside: without bounds the sums are the same."""
    tableau, question = board(scene.etat), ask_of(scene, caf, role)
    imagier = FauxImagier(list(images_of(scene.etat)))
    for code in explained(role):
        for nom in terms_of(tableau, code, question, role):
            posee = ask(*question, measure(tableau, code, question, nom, role), None, 200)
            assert posee.demande.tri is not None
            sans = replace(posee.demande, bornes=(), tri=None)
            with imagier.read(sans) as toutes, imagier.read(posee.demande) as bornees:
                assert read_page(posee, toutes).somme == read_page(posee, bornees).somme, (code, nom)


JANVIER = ("091", "2023-01-01", "2023-01-31")
OUVERTE = ImagePiece("091", "demande_rsa", "web", True, "2023-01-02")
TRAITEE = ImagePiece("091", "demande_al", "courrier", False, "2023-01-02", fin="2023-01-12", fin_genre="traitee")


def small(*images: Image) -> tuple[Tableau, FauxImagier]:
    """The figures of a few things, and who owns them."""
    comptees = [Comptee("091", image) for image in images]
    return Tableau(fold(comptees), Cibles(), StockCompte(()), SansFile()), FauxImagier(comptees)


def test_what_came_since_the_fold_is_taken_back_before_they_are_compared() -> None:
    tableau, _ = small(OUVERTE)
    imagier = FauxImagier([])
    mesure = measure(tableau, "STOCK", JANVIER)
    imagier.suite = []
    assert (page(imagier, mesure, JANVIER).egal, page(imagier, mesure, JANVIER).ecart) == (False, -1)
    imagier.suite = [msgspec.Raw(msgspec.json.encode({"objet": "x", "avant": OUVERTE, "apres": None}))]
    elements = page(imagier, mesure, JANVIER)
    assert (elements.egal, elements.suite, elements.somme) == (True, -1, 0)
    imagier.suite = None
    assert page(imagier, mesure, JANVIER).egal is None


def test_work_that_changed_hands_since_the_fold_is_taken_back_from_the_caf_that_did_it_alone() -> None:
    """An older creating fact names another acting Caf: what is compared is the part of the Caf that is asked for."""
    tableau, imagier = small(OUVERTE)
    imagier.comptees = []
    ailleurs = replace(OUVERTE, caf_traitante="681")
    imagier.suite = [msgspec.Raw(msgspec.json.encode({"objet": "x", "avant": OUVERTE, "apres": ailleurs}))]
    elements = page(imagier, measure(tableau, "STOCK", JANVIER, None, TRAITANTE), JANVIER)
    assert (elements.valeur, elements.somme, elements.suite, elements.egal) == (1, 0, -1, True)


def test_what_a_caf_does_for_another_is_shown_with_its_owner_and_its_fiche() -> None:
    comptees = [Comptee("091", OUVERTE), Comptee("681", OUVERTE), Comptee("091", replace(OUVERTE, caf_traitante="681"))]
    tableau, imagier = Tableau(fold(comptees), Cibles(), StockCompte(()), SansFile()), FauxImagier(comptees)
    elements = page(imagier, measure(tableau, "STOCK", JANVIER, None, TRAITANTE), JANVIER)
    assert [(e.caf, e.fiche) for e in elements.elements] == [
        ("091", "/v1/pieces/091/0000"),
        ("681", "/v1/pieces/681/0001"),
    ]
    assert (elements.valeur, elements.egal, elements.role) == (2, True, "traitante")


def test_an_element_tells_what_it_is_and_where_its_fiche_is() -> None:
    tableau, imagier = small(OUVERTE, TRAITEE)
    elements = page(imagier, measure(tableau, "COG-08-29", JANVIER), JANVIER)
    assert [(e.objet, e.jours, e.delai, e.contribution, e.fiche) for e in elements.elements] == [
        ("0001", {"arrivee": "2023-01-02", "fin": "2023-01-12"}, 10, 10, "/v1/pieces/091/0001")
    ]
    assert elements.elements[0].categories["nature"] == "demande_al"


def test_every_bound_of_the_days_is_included() -> None:
    """Arrived and treated on the first and the last day; gone the day after the period, it is still of the stock."""
    bords = ("2022-12-31", "2023-01-01", "2023-01-31", "2023-02-01")
    images = [
        ImagePiece("091", "demande_al", "web", False, arrivee, fin=fin, fin_genre="traitee")
        for arrivee in bords
        for fin in bords
        if arrivee <= fin
    ]
    tableau, imagier = small(*images)
    for code, compte in (("PIECES-ARRIVEES", 5), ("PIECES-TRAITEES", 5), ("STOCK", 3)):
        elements = page(imagier, measure(tableau, code, JANVIER), JANVIER)
        assert (elements.nombre, elements.egal) == (compte, True), code


@pytest.mark.parametrize("par_rangee", [1, 3])
def test_a_page_begins_after_the_last_element_of_the_one_before(par_rangee: int) -> None:
    """Also within a row: a créance has several encaissements."""
    encaissements = [ImageEncaissement("2023-01-05", "versement", 100 + n, "091", "rsa") for n in range(7)]
    tableau, imagier = small(*encaissements)
    imagier.par_rangee = par_rangee
    mesure = measure(tableau, "PART-DIRECT", JANVIER)
    lues, apres = [], None
    for _ in range(7):
        morceau = page(imagier, mesure, JANVIER, apres, 1)
        lues += [e.contribution for e in morceau.elements]
        apres = morceau.suivant
    assert lues == [100, 101, 102, 103, 104, 105, 106]
    assert apres is None


def test_the_owner_is_asked_for_the_days_that_count_alone() -> None:
    tableau, imagier = small(OUVERTE, TRAITEE)
    page(imagier, measure(tableau, "COG-08-29", JANVIER), JANVIER)
    du, au = map(from_iso, JANVIER[1:])
    assert imagier.demandes[0].bornes == (Borne("fin", du, au),)
    assert imagier.demandes[0].tri == "fin"


@pytest.mark.parametrize("apres", ["", "x", "!!!", "é", "W10", "WyIiLDEsIiIsIiJd", "bnVsbA", "W" * 5_000])
def test_a_cursor_that_was_not_given_here_is_refused(apres: str) -> None:
    tableau, _ = small(OUVERTE)
    mesure = measure(tableau, "STOCK", JANVIER)
    if apres:
        with pytest.raises(CurseurIllisible, match="repartir de la première page"):
            ask(*JANVIER, mesure, apres, 50)
    else:
        assert ask(*JANVIER, mesure, apres, 50).curseur is None


def test_a_cursor_goes_on_with_its_own_question_alone() -> None:
    tableau, imagier = small(OUVERTE, TRAITEE)
    suivant = page(imagier, measure(tableau, "PIECES-ARRIVEES", JANVIER), JANVIER, limite=1).suivant
    with pytest.raises(CurseurIllisible, match="une autre question"):
        ask(*JANVIER, measure(tableau, "STOCK", JANVIER), suivant, 50)
    with pytest.raises(CurseurIllisible, match="rôle"):
        ask(*JANVIER, measure(tableau, "PIECES-ARRIVEES", JANVIER, None, TRAITANTE), suivant, 50)


@pytest.mark.parametrize("code", ["VISITES", "IQL0", "BALANCE", "FILES-RECOUVREMENT", "COG-01-11"])
def test_what_does_not_tell_who_works_has_no_explanation_for_the_acting_caf(code: str) -> None:
    tableau, _ = small(OUVERTE)
    for question in (tableau.explication, tableau.mesure):
        with pytest.raises(RoleImpossible, match="Caf propriétaire"):
            question(code, *JANVIER, None, FRAIS, {}, TRAITANTE)


def test_what_has_no_elements_says_why() -> None:
    tableau, _ = small(OUVERTE)
    with pytest.raises(TermeInconnu, match="numerateur, denominateur"):
        measure(tableau, "COG-08-29", JANVIER, "cloture")
    with pytest.raises(ExplicationImpossible, match="corbeilles"):
        measure(tableau, "FILES-RECOUVREMENT", JANVIER)
    with pytest.raises(ExplicationImpossible, match="un seul jour ouvré"):
        measure(tableau, "SOLDE-JOURS-MOYEN", JANVIER)


def test_a_mean_over_days_explains_each_of_them() -> None:
    tableau, _ = small(OUVERTE, TRAITEE)
    explication = tableau.explication("SOLDE-JOURS-MOYEN", *JANVIER, None, FRAIS, {})
    valeurs = [j.valeur for j in explication.jours if j.valeur is not None]
    assert explication.termes == []
    assert len(explication.jours) == 22
    assert explication.valeur == pytest.approx(sum(valeurs) / len(valeurs), abs=1e-9)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenes(), CAFS, st.sampled_from(["DELAI-MEDIAN", "DELAI-P90"]))
def test_a_rank_is_read_where_the_pieces_reach_it(scene: Scene, caf: str, code: str) -> None:
    explication = board(scene.etat).explication(code, *ask_of(scene, caf), None, FRAIS, {})
    lus = [r.delai for r in explication.rangs if explication.rang is not None and r.cumul >= explication.rang]
    assert explication.valeur == (lus[0] if lus else None)
