"""A month of real volume through the whole house: every figure exact, whatever the order, however often."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from ecluse.acces import Acces
from ecluse.client import ServeurInjoignable
from ecluse.importation import Ligne
from services.indicators.rules import CafInconnue
from shared.ndjson import read_lines
from tests.donnees import attendu, exige_mois_complet, petit_mois
from tests.maisons import Hote, Import, assert_same, draw_seed, figures, in_process, letter_ids, send_all

# Their refusal depends on coming second: same source and id as an earlier line, other content.
SUIVENT: Final = 6
# The small month has some pieces of this Caf, part of which the first one works on.
AUTRE: Final = "681"


def _as_written(lignes: list[Ligne]) -> list[Ligne]:
    return lignes


def _shuffled(lignes: list[Ligne]) -> list[Ligne]:
    libres = lignes[:-SUIVENT]
    return [*random.Random(draw_seed()).sample(libres, len(libres)), *lignes[-SUIVENT:]]


def _backwards(lignes: list[Ligne]) -> list[Ligne]:
    return [*lignes[-SUIVENT - 1 :: -1], *lignes[-SUIVENT:]]


ORDRES: Final[Mapping[str, Callable[[list[Ligne]], list[Ligne]]]] = {
    "en ordre": _as_written,
    "sans ordre": _shuffled,
}


@dataclass(frozen=True)
class Mois:
    """A month in a house, and the answer that it must give."""

    acces: Acces
    lignes: list[Ligne]
    importe: Import
    attendu: Mapping[str, Any]
    dossier: Path

    def check_verdicts(self) -> None:
        """The right lines are refused, and the others counted."""
        assert sorted(r["ligne"] for r in self.importe.rejets) == [r["ligne"] for r in self.attendu["rejets"]]
        bilan = self.importe.bilan
        assert {"acceptes": bilan.acceptes, "doublons": bilan.doublons, "rejets": bilan.rejets} == self.attendu[
            "import"
        ]

    def check_figures(self) -> None:
        """Every figure, the daily stock and both cuts, for each Caf and period that the answer gives."""
        for reponse in (self.attendu, *([self.attendu["autre"]] if "autre" in self.attendu else [])):
            question = (reponse["caf"], reponse["du"], reponse["au"])
            assert_same(figures(self.acces, *question), reponse["indicateurs"])
            stock = self.acces.series("STOCK", *question, "jour")["points"]
            assert [point["valeur"] for point in stock] == reponse["coupes"]["STOCK par jour"]
            for code, par in (("COG-08-29", "nature"), ("PIECES-ARRIVEES", "canal")):
                parts = self.acces.cut(code, *question, par)["parts"]
                assert_same({part["cle"]: part for part in parts}, reponse["coupes"][f"{code} par {par}"])

    def check_elements(self) -> None:
        """The objects behind each term of each figure add up to it; the terms are those of the given answer."""
        question = (self.attendu["caf"], self.attendu["du"], self.attendu["au"])
        for code, chiffre in self.attendu["indicateurs"].items():
            for terme in self.acces.explain(code, *question, None)["termes"]:
                page = self.acces.elements(code, *question, terme["nom"], None, 1)
                trouve = (page["egal"], page["ecart"], page["somme"], page["valeur"])
                assert trouve == (True, 0, terme["valeur"], terme["valeur"]), (code, page)
                assert chiffre.get(terme["nom"]) in (None, page["somme"]), (code, page)
                assert {e["caf"] for e in page["elements"]} <= {question[0]}

    def check_letters(self) -> None:
        """What is impossible is a dead letter, once; nothing waits for its object."""
        assert letter_ids(self.acces.letters(closes=False)) == sorted(self.attendu["lettres_mortes"])
        assert [s["en_attente_d_arrivee"] for s in self.acces.state()["services"]] == [0, 0, 0]

    def check_rebuild(self) -> None:
        """The figures folded again from the log are the ones in use."""
        assert self.acces.rebuild(accepter_restauration=False)["egal"]


@pytest.fixture(scope="module", params=ORDRES)
def mois(hote: Hote, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mois]:
    """The small month, imported in some order."""
    dossier = tmp_path_factory.mktemp("mois")
    lignes = ORDRES[request.param](list(read_lines(str(petit_mois()))))
    with hote(dossier / "data") as acces:
        yield Mois(acces, lignes, send_all(acces, lignes, dossier / "rejets"), attendu(petit_mois()), dossier)


def test_the_lines_to_refuse_are_refused_and_no_other(mois: Mois) -> None:
    mois.check_verdicts()


def test_every_figure_is_exact(mois: Mois) -> None:
    mois.check_figures()


def test_the_objects_behind_every_figure_add_up_to_it(mois: Mois) -> None:
    mois.check_elements()


def test_every_page_of_elements_is_given_and_leads_to_fiches(mois: Mois) -> None:
    question = (mois.attendu["caf"], mois.attendu["du"], mois.attendu["au"])
    for code, nom in (("COG-08-29", "denominateur"), ("PART-DIRECT", "numerateur"), ("STOCK", "numerateur")):
        page = premiere = mois.acces.elements(code, *question, nom, None, 200)
        lus = list(premiere["elements"])
        while page["suivant"]:
            page = mois.acces.elements(code, *question, nom, page["suivant"], 200)
            lus += page["elements"]
        assert len({e["chose"] for e in lus}) == len(lus) == premiere["nombre"]
        assert sum(e["contribution"] for e in lus) == mois.attendu["indicateurs"][code][nom]
        fiche = mois.acces.fiche(lus[-1]["fiche"])
        assert (fiche["objet"], fiche["dossier"]) == (lus[-1]["objet"], lus[-1]["dossier"])
        assert all(fait["source"] and fait["id"] and fait["emis"] for fait in fiche["faits"])


@pytest.mark.parametrize(
    "code", ["COG-08-29", "STOCK", "SOLDE-JOURS", "PIECES-ARRIVEES", "INDUS-NOMBRE", "PART-DIRECT"]
)
def test_the_objects_that_a_caf_works_on_add_up_to_its_figures_whoever_owns_them(mois: Mois, code: str) -> None:
    question = (mois.attendu["du"], mois.attendu["au"])
    proprietaires = set()
    for caf in (mois.attendu["caf"], AUTRE):
        explication = mois.acces.explain(code, caf, *question, None, "traitante")
        chiffre = mois.acces.figures(caf, *question, [code], "traitante")["indicateurs"][0]
        assert (explication["role"], explication["valeur"]) == ("traitante", chiffre["valeur"])
        for terme in explication["termes"]:
            page = mois.acces.elements(code, caf, *question, terme["nom"], None, 200, "traitante")
            lus = list(page["elements"])
            assert (page["egal"], page["somme"], page["valeur"]) == (True, terme["valeur"], chiffre[terme["nom"]])
            while page["suivant"]:
                page = mois.acces.elements(code, caf, *question, terme["nom"], page["suivant"], 200, "traitante")
                lus += page["elements"]
            assert len({(e["caf"], e["chose"]) for e in lus}) == len(lus)
            assert sum(e["contribution"] for e in lus) == terme["valeur"]
            assert all(e["categories"]["caf_traitante"] == caf for e in lus)
            proprietaires |= {(caf, e["caf"]) for e in lus}
            for e in lus[-1:]:
                assert mois.acces.fiche(e["fiche"])["caf"] == e["caf"]
    if code not in ("INDUS-NOMBRE", "PART-DIRECT"):
        assert (mois.attendu["caf"], AUTRE) in proprietaires


def test_another_caf_sees_none_of_the_objects(mois: Mois) -> None:
    autres = mois.acces.elements("STOCK", AUTRE, mois.attendu["du"], mois.attendu["au"], None, None, 200)
    assert {e["caf"] for e in autres["elements"]} == {AUTRE}
    with pytest.raises((CafInconnue, ServeurInjoignable), match="aucun événement de la Caf 999"):
        mois.acces.elements("STOCK", "999", mois.attendu["du"], mois.attendu["au"], None, None, 50)


def test_what_is_impossible_is_a_dead_letter_and_nothing_waits(mois: Mois) -> None:
    mois.check_letters()


def test_the_figures_folded_again_from_the_log_are_equal(mois: Mois) -> None:
    mois.check_rebuild()


def test_imported_a_second_time_it_changes_nothing(mois: Mois) -> None:
    tetes = [s["tete"] for s in mois.acces.state()["services"]]
    bilan = send_all(mois.acces, mois.lignes, mois.dossier / "encore").bilan
    compte = mois.attendu["import"]
    assert (bilan.acceptes, bilan.doublons, bilan.rejets) == (
        0, compte["acceptes"] + compte["doublons"], compte["rejets"],
    )  # fmt: skip
    assert [s["tete"] for s in mois.acces.state()["services"]] == tetes
    mois.check_figures()
    mois.check_letters()


def check_all(hote: Hote, fichier: Path, ordre: Callable[[list[Ligne]], list[Ligne]], dossier: Path) -> None:
    """A whole month in some order, in a house of its own."""
    lignes = ordre(list(read_lines(str(fichier))))
    with hote(dossier / "data") as acces:
        mois = Mois(acces, lignes, send_all(acces, lignes, dossier / "rejets"), attendu(fichier), dossier)
        mois.check_verdicts()
        mois.check_figures()
        mois.check_letters()
        mois.check_rebuild()


def test_read_backwards_it_gives_the_same(tmp_path: Path) -> None:
    check_all(in_process, petit_mois(), _backwards, tmp_path)


@pytest.mark.complet
@pytest.mark.timeout(900)
@pytest.mark.parametrize("ordre", ORDRES.values(), ids=list(ORDRES))
def test_at_its_real_volume_it_is_exact_in_any_order(
    ordre: Callable[[list[Ligne]], list[Ligne]], tmp_path: Path
) -> None:
    check_all(in_process, exige_mois_complet(), ordre, tmp_path)


@pytest.mark.complet
@pytest.mark.timeout(900)
def test_at_its_real_volume_it_is_exact_on_servers_too(hote_reparti: Hote, tmp_path: Path) -> None:
    check_all(hote_reparti, exige_mois_complet(), _shuffled, tmp_path)
