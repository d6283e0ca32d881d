"""A whole month of real facts, recorded over four months and archived: the figures folded from there are exact."""

import random
from pathlib import Path

import pytest

from ecluse.acces import AccesLocal
from shared.ndjson import read_lines
from tests.archives import MOIS, Horloge, house_at, import_over_months
from tests.commandes import ecluse
from tests.donnees import attendu, exige_mois_complet, petit_mois
from tests.maisons import assert_same, draw_seed, figures

# Refused because an earlier line has their source and id.
SUIVENT = 6


def check_month(fichier: Path, dossier: Path) -> None:
    """Archived up to each of its months, what was recorded gives the right figures."""
    data, archive = dossier / "data", dossier / "archive"
    lignes = list(read_lines(str(fichier)))
    libres = lignes[:-SUIVENT]
    import_over_months(data, [*random.Random(draw_seed()).sample(libres, len(libres)), *lignes[-SUIVENT:]])
    comptes = []
    for mois in (*MOIS[1:], "2024-01"):
        assert ecluse("archive", "--vers", archive, "--data-dir", data, "--avant", mois).code == 0
        fin = ecluse("rebuild", "--data-dir", data, "--depuis-archive", archive, "--json")
        assert (fin.code, fin.document["egal"]) == (0, True)
        comptes.append((fin.document["archives"], fin.document["evenements"]))
    assert comptes == sorted(set(comptes))
    assert 0 < comptes[0][0] < comptes[0][1] == comptes[-1][0] == comptes[-1][1]
    assert ecluse("archive", "verifier", archive).code == 0
    # Without a checkpoint, what serves is folded from the log again: the archive is held against the truth.
    (data / "indicators.db").unlink()
    reponse = attendu(fichier)
    with house_at(data, Horloge.at("2024-02-01T00:00:00Z")) as maison:
        acces = AccesLocal(maison)
        assert_same(figures(acces, reponse["caf"], reponse["du"], reponse["au"]), reponse["indicateurs"])
        assert maison.indicateurs.rebuild(archive=archive).egal


def test_the_small_month_is_the_same_from_its_archives(tmp_path: Path) -> None:
    check_month(petit_mois(), tmp_path)


@pytest.mark.complet
@pytest.mark.timeout(900)
def test_at_its_real_volume_it_is_the_same_from_its_archives(tmp_path: Path) -> None:
    check_month(exige_mois_complet(), tmp_path)
