"""The oracle against the exact answers that come with the data."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.donnees import attendu, attendu_petit, exige_mois_complet, petit_mois
from tests.oracle import Etat, Jugement, coupe, etat, indicateurs, juge_fichier, stock_par_jour
from tests.oracle.__main__ import main

# The files are of 2018-2023, and their traps of 2099: any reception between the two gives the same verdicts.
RECEPTION = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def jugement() -> Jugement:
    return juge_fichier(petit_mois(), RECEPTION)


@pytest.fixture(scope="module")
def tout(jugement: Jugement) -> Etat:
    return etat(jugement.acceptes)


def check_verdicts(jugement: Jugement, reponse: Mapping[str, Any]) -> None:
    assert [rejet._asdict() for rejet in jugement.rejets] == reponse["rejets"]
    assert {
        "acceptes": len(jugement.acceptes),
        "doublons": len(jugement.doublons),
        "rejets": len(jugement.rejets),
    } == reponse["import"]


def check_figures(tout: Etat, reponse: Mapping[str, Any]) -> None:
    caf, du, au = reponse["caf"], date.fromisoformat(reponse["du"]), date.fromisoformat(reponse["au"])
    coupes = reponse["coupes"]
    assert_same(indicateurs(tout, caf, du, au), reponse["indicateurs"])
    assert stock_par_jour(tout, caf, du, au) == coupes["STOCK par jour"]
    assert_same(coupe(tout, caf, du, au, "COG-08-29", "nature"), coupes["COG-08-29 par nature"])
    assert_same(coupe(tout, caf, du, au, "PIECES-ARRIVEES", "canal"), coupes["PIECES-ARRIVEES par canal"])


def assert_same(calcules: Mapping[str, Mapping[str, Any]], attendus: Mapping[str, Mapping[str, Any]]) -> None:
    """Same codes; counts equal, values to 1e-9, for the members that the answer gives."""
    assert calcules.keys() == attendus.keys()
    for code, chiffre in attendus.items():
        for membre, nombre in chiffre.items():
            exact = pytest.approx(nombre, abs=1e-9, rel=0) if isinstance(nombre, float) else nombre
            assert calcules[code][membre] == exact, f"{code} {membre}"


def test_the_small_month_gives_the_expected_verdict_on_every_line(jugement: Jugement) -> None:
    check_verdicts(jugement, attendu_petit())


def test_the_small_month_gives_the_expected_dead_letters_and_nothing_waits(tout: Etat) -> None:
    assert tout.lettres_mortes == attendu_petit()["lettres_mortes"]
    assert tout.en_attente == []


def test_the_small_month_gives_every_expected_figure(tout: Etat) -> None:
    check_figures(tout, attendu_petit())


def test_another_caf_and_period_of_the_small_month_give_every_expected_figure(tout: Etat) -> None:
    check_figures(tout, attendu_petit()["autre"])


def test_the_order_of_arrival_changes_nothing(jugement: Jugement) -> None:
    melanges = random.Random(20230131).sample(jugement.acceptes, len(jugement.acceptes))
    check_figures(etat(melanges), attendu_petit())


def test_the_command_prints_the_figures(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    ligne = f"oracle {petit_mois()} --caf 681 --du 2023-01-09 --au 2023-01-20"
    monkeypatch.setattr("sys.argv", ligne.split(" "))
    main()
    assert "COG-08-29                    15.458823529411765  = 1314 / 85" in capsys.readouterr().out


@pytest.mark.complet
def test_the_full_month_gives_every_expected_verdict_dead_letter_and_figure() -> None:
    fichier: Path = exige_mois_complet()
    reponse = attendu(fichier)
    jugement = juge_fichier(fichier, RECEPTION)
    tout = etat(jugement.acceptes)
    check_verdicts(jugement, reponse)
    assert tout.lettres_mortes == reponse["lettres_mortes"]
    check_figures(tout, reponse)
