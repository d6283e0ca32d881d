"""Whole simulated years through the real services: what they count is what the oracle counts, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace

from ecluse.acces import Acces
from ecluse.reproduction.annee import JOURS_APRES, ReproductionImpossible, run_year
from ecluse.reproduction.pieges import check_little
from ecluse.simulateur.actes import encode
from ecluse.simulateur.generateur import simulate
from ecluse.simulateur.profil import load_profil
from ecluse.simulateur.publies import published_of
from tests.commandes import Fin, assert_refuses, ecluse
from tests.maisons import Import, assert_same, figures, in_process, letter_ids, send_all
from tests.oracle import Etat, etat, indicateurs, juge_lignes, stock_par_jour
from tests.oracle.door import Jugement

PROFILS: Final = sorted(f.name.removesuffix(".toml") for f in (files("ecluse.simulateur") / "profils").iterdir())
PUBLIES: Final = [caf for caf in PROFILS if published_of(caf, load_profil(caf).annee)]
# Pieces received in a year that is simulated here: enough for every rate, few enough for the oracle.
PIECES: Final = 5_000
# What tools do wrong, far above what a profile says.
DEFAUTS: Final = {"doublons": 0.03, "retards": 0.1, "corrections": 0.03, "tardifs": 0.03, "refuses": 0.01}


def echelle_de(caf: str) -> float:
    return PIECES / load_profil(caf).pieces.recues


@dataclass(frozen=True)
class Annee:
    """A simulated year and the weeks after it, in a house, and what the oracle makes of the same lines."""

    caf: str
    du: date
    au: date
    acces: Acces
    importe: Import
    jugement: Jugement
    attendu: Etat

    @property
    def question(self) -> tuple[str, str, str]:
        return self.caf, self.du.isoformat(), self.au.isoformat()


@pytest.fixture(scope="module", params=PROFILS)
def annee(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Annee]:
    """The year of a profile, its tools at their worst."""
    caf = request.param
    profil = load_profil(caf)
    profil = replace(profil, outils=replace(profil.outils, **DEFAUTS))
    du, au = date(profil.annee, 1, 1), date(profil.annee, 12, 31)
    envois = simulate(profil, du.toordinal(), au.toordinal() + JOURS_APRES, echelle=echelle_de(caf), graine=1)
    lignes = [encode(envoi, caf) for envoi in envois]
    dossier = tmp_path_factory.mktemp(f"annee-{caf}")
    jugement = juge_lignes(lignes, datetime.now(UTC))
    with in_process(dossier / "data") as acces:
        importe = send_all(acces, enumerate(lignes, start=1), dossier / "rejets")
        yield Annee(caf, du, au, acces, importe, jugement, etat(jugement.acceptes))


class TestOracle:
    def test_it_refuses_and_doubles_the_same_lines(self, annee: Annee) -> None:
        bilan, jugement = annee.importe.bilan, annee.jugement
        assert [r["ligne"] for r in annee.importe.rejets] == [r.ligne for r in jugement.rejets]
        assert (bilan.acceptes, bilan.doublons) == (len(jugement.acceptes), len(jugement.doublons))
        assert bilan.doublons > 0.02 * bilan.acceptes
        assert letter_ids(annee.acces.letters(closes=False)) == sorted(annee.attendu.lettres_mortes)

    def test_every_figure_of_the_year_is_the_same(self, annee: Annee) -> None:
        assert_same(figures(annee.acces, *annee.question), indicateurs(annee.attendu, annee.caf, annee.du, annee.au))

    def test_every_figure_of_a_quarter_is_the_same(self, annee: Annee) -> None:
        du, au = annee.du.replace(month=4), annee.du.replace(month=6, day=30)
        lus = figures(annee.acces, annee.caf, du.isoformat(), au.isoformat())
        assert_same(lus, indicateurs(annee.attendu, annee.caf, du, au))

    def test_the_stock_of_every_day_is_the_same(self, annee: Annee) -> None:
        points = annee.acces.series("STOCK", *annee.question, "jour")["points"]
        assert [p["valeur"] for p in points] == stock_par_jour(annee.attendu, annee.caf, annee.du, annee.au)


class TestConservation:
    def test_every_piece_is_treated_open_or_cancelled(self, annee: Annee) -> None:
        arrivees = {
            e.data["piece"] for e in annee.jugement.acceptes if e.type == "piece.arrivee" and e.caf == annee.caf
        }
        # From before the first piece until after the last event: nothing is open at the start.
        question = (annee.caf, f"{annee.du.year - 5}-01-01", f"{annee.du.year + 1}-12-31")
        (balance,) = annee.acces.figures(*question, ["BALANCE"])["indicateurs"]
        compte = balance | balance["termes"]
        assert len(arrivees) > PIECES
        assert (compte["ouverture"], compte["arrivees"], compte["valeur"]) == (0, len(arrivees), 0)
        assert compte["traitees"] + compte["annulees"] + compte["cloture"] == len(arrivees)
        assert min(compte["traitees"], compte["annulees"], compte["cloture"]) > 0

    def test_the_stock_is_the_flow_times_the_delay(self, annee: Annee) -> None:
        lus = figures(annee.acces, *annee.question)
        points = annee.acces.series("STOCK", *annee.question, "jour")["points"]
        little = check_little([(lus, [p["valeur"] for p in points])], 1.0)
        assert little.produit == pytest.approx(little.stock, rel=0.05)


def check(caf: str, echelle: float, graines: int, *options: str) -> Fin:
    annee = load_profil(caf).annee
    return ecluse("simulate", "--check", f"{caf}/{annee}", "--scale", str(echelle), "--seeds", str(graines), *options)


@pytest.mark.parametrize("caf", PUBLIES)
def test_a_published_year_is_reproduced_at_a_small_scale(caf: str) -> None:
    fin = check(caf, echelle_de(caf), 1, "--json")
    document = fin.document
    assert fin.code == 0, [(x["mesure"], x["publie"], x["obtenu"]) for x in document["lignes"] if not x["respectee"]]
    assert [p["manques"] for p in document["passages"]] == [[]]
    assert {x["mesure"] for x in document["lignes"]} == {p.mesure for p in published_of(caf, load_profil(caf).annee)}
    entrees = [x for x in document["lignes"] if x["tolerance"] is not None]
    assert not entrees or any(x["respectee"] for x in entrees)


def test_the_same_seeds_write_the_same_page(tmp_path: Path) -> None:
    pages = []
    for dossier in (tmp_path / "a", tmp_path / "b"):
        fin = check("091", 0.003, 1, "--pages", str(dossier))
        assert fin.code == 0
        assert "Deux populations" in fin.sortie
        assert "événements/s" in fin.erreurs
        pages.append((dossier / "091-2023.md").read_bytes())
    assert pages[0] == pages[1]
    assert b"graines 1," in pages[0]


def test_a_reproduction_that_is_cut_short_goes_on_with_the_next_year(tmp_path: Path) -> None:
    reprise = ("--reprise", str(tmp_path / "gardees"), "--json")
    seule, deux = check("091", 0.003, 1, *reprise), check("091", 0.003, 2, *reprise)
    assert "déjà comptée" not in seule.erreurs
    assert deux.erreurs.count("déjà comptée") == 1
    assert deux.document["passages"][0] == seule.document["passages"][0]
    # Counted without what was kept, both at once, it is the same document.
    assert deux.document == check("091", 0.003, 2, "--json", "--jobs", "2").document


def test_a_simulator_that_stops_is_told_of() -> None:
    with pytest.raises(ReproductionImpossible, match=r"le simulateur s'est arrêté : ValueError"):
        run_year("091", 2023, 2.0, 1)


@pytest.mark.parametrize(
    ("options", "dit"),
    [
        (("--check", "91/2023"), "comme 091/2023"),
        (("--check", "091/2022"), "rien à comparer"),
        (("--check", "999/2023"), "aucun profil pour la Caf 999"),
        (("--check", "091/2023", "--scale", "0"), "--scale"),
        (("--check", "091/2023", "--seeds", "0"), "--seeds"),
        (("--check", "091/2023", "--jobs", "0"), "--jobs"),
        (("--check", "091/2023", "--caf", "661", "--seed", "3"), "--check ne connaît pas --caf, --seed"),
        (("--check", "091/2023", "--from", "2023-01-01", "--scenario", "site-ferme"), "--from, --scenario"),
    ],
)
def test_what_can_not_be_asked_is_refused_in_one_line(options: tuple[str, ...], dit: str) -> None:
    assert_refuses(ecluse("simulate", *options), dit)
