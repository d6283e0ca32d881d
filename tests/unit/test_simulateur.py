"""The profile and the history of the simulated Caf, judged by the door and by the oracle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files
from itertools import pairwise
from statistics import fmean
from typing import Any

import pytest

from ecluse.simulateur.generateur import history
from shared.calendar import working_days
from shared.events.nir import looks_like_nir
from shared.events.porte import Recu, judge
from shared.temps import parse_instant, to_jour
from tests.oracle import indicateurs, stock_par_jour
from tests.simulee import MERCREDI, PETITE, PROFIL, UN_JOUR, etat_de, lis, minuit_apres, passe

TEXTE = (files("ecluse.simulateur") / "profils" / "091.toml").read_text(encoding="utf-8")
SOLDES_MOYENS = {"SOLDE-JOURS-MOYEN", "SOLDE-TRAITABLE-JOURS-MOYEN"}


class TestHistoire:
    def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(self) -> None:
        assert tuple(history(PROFIL, MERCREDI.toordinal(), echelle=PETITE)) == passe(MERCREDI)
        assert set(passe(MERCREDI)).isdisjoint(passe(MERCREDI, graine=1))

    def test_the_door_accepts_every_event_at_the_first_minute_of_the_next_day(self) -> None:
        jugements = [judge(octets, minuit_apres(MERCREDI)) for octets in passe(MERCREDI)]
        assert [j for j in jugements if not isinstance(j, Recu)] == []

    def test_nothing_is_dated_or_emitted_after_the_last_day(self) -> None:
        recus = [judge(octets, minuit_apres(MERCREDI)) for octets in passe(MERCREDI)]
        assert all(isinstance(r, Recu) and max(r.jour, to_jour(r.emis)) <= MERCREDI.toordinal() for r in recus)

    def test_it_has_the_duplicates_the_disorder_and_the_corrections_of_real_tools(self) -> None:
        lignes = passe(MERCREDI)
        assert len(set(lignes)) < len(lignes)
        emis = [parse_instant(lis(octets)["time"]) for octets in lignes]
        assert 0 < sum(suivant < avant for avant, suivant in pairwise(emis)) < len(emis) / 5
        creations = [lis(o)["data"]["piece"] for o in set(lignes) if b'"fr.caf.piece.arrivee.v1"' in o]
        assert len(set(creations)) < len(creations)

    def test_no_identifier_and_no_text_looks_like_a_nir(self) -> None:
        textes = {t for octets in passe(MERCREDI) for t in _texts(lis(octets))}
        assert [t for t in textes if looks_like_nir(t)] == []

    def test_every_fact_applies_and_every_piece_is_treated_cancelled_or_open(self) -> None:
        tout = etat_de(passe(MERCREDI))
        assert (tout.lettres_mortes, tout.en_attente) == ([], [])
        ouvertes = sum(p.en_stock(MERCREDI) for p in tout.pieces)
        assert len(tout.pieces) == ouvertes + sum(p.fin is not None for p in tout.pieces)
        assert ouvertes == stock_par_jour(tout, "091", MERCREDI, MERCREDI)[0]

    @pytest.mark.parametrize(
        "fin",
        [
            date(2024, 2, 29),  # the 29th of February
            date(2023, 12, 31),  # New Year's Day opens the demonstration
            date(2024, 1, 1),  # the month so far is one holiday
            date(2023, 10, 1),  # the month so far is one Sunday
            date(2024, 3, 31),  # Easter Sunday, last of its month
            date(2023, 5, 1),  # Monday, 1st of the month, holiday
        ],
    )
    def test_every_figure_has_a_value_whatever_the_last_day(self, fin: date) -> None:
        tout, du = etat_de(passe(fin)), fin.replace(day=1)
        veille = du - UN_JOUR
        for debut, au in [(du, fin), (veille.replace(day=1), veille), (fin - timedelta(days=364), fin)]:
            sans = {c for c, chiffre in indicateurs(tout, "091", debut, au).items() if chiffre["valeur"] is None}
            # Their mean is over working days: a period that has none has no value, by definition.
            ouvres = working_days(debut.toordinal(), au.toordinal(), "091")
            assert sans == (set() if ouvres else SOLDES_MOYENS)

    def test_the_main_figures_are_those_that_the_report_prints(self) -> None:
        fin, jours = date(2024, 3, 14), 60
        tout, du = etat_de(passe(fin, 0.05)), fin - timedelta(days=59)
        chiffres = {code: chiffre["valeur"] or 0 for code, chiffre in indicateurs(tout, "091", du, fin).items()}
        # Two months of a small scale: a year and its spread are held by the reproduction.
        assert chiffres["COG-08-29"] == pytest.approx(13.47, abs=2.0)
        assert chiffres["COG-08-30"] == pytest.approx(12.21, abs=2.0)
        assert chiffres["PART-MINIMA-10J"] == pytest.approx(0.964, abs=0.04)
        assert chiffres["PART-WEB-RECUES"] == pytest.approx(0.4855, abs=0.03)
        assert chiffres["RDV-7J"] == pytest.approx(0.8719, abs=0.12)
        assert 2.0 < chiffres["SOLDE-TRAITABLE-JOURS"] < 4.5
        # Little's law: what is open is what leaves per day times how long it stayed.
        stock = fmean(stock_par_jour(tout, "091", du, fin))
        assert stock == pytest.approx(chiffres["PIECES-TRAITEES"] / jours * chiffres["COG-08-29"], rel=0.2)


def _texts(valeur: Any) -> Iterator[str]:
    """The subject and every text of ``data``."""
    yield valeur["subject"]
    yield from (v for v in valeur["data"].values() if isinstance(v, str))


def test_a_scale_out_of_bounds_is_refused() -> None:
    for echelle in (0.0, -0.1, 1.5):
        with pytest.raises(ValueError, match="échelle"):
            next(history(PROFIL, MERCREDI.toordinal(), echelle=echelle))
