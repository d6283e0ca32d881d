"""The workshop of the simulated Caf: nothing is lost in it, agents follow production's order, délais result."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from itertools import chain, pairwise
from statistics import fmean

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecluse.simulateur.actes import Acte, encode
from ecluse.simulateur.atelier import Atelier, Piece
from ecluse.simulateur.caisse import Caisse, at
from ecluse.simulateur.conditions import ORDINAIRES, AutreCaf, Conditions
from ecluse.simulateur.generateur import RODAGE, ordinary, simulate
from ecluse.simulateur.marques import ProfilRefuse
from ecluse.simulateur.personnel import Personnel
from ecluse.simulateur.pieces import Pieces
from services.production.rules import rank
from shared.temps import to_jour
from tests.oracle import indicateurs, stock_par_jour
from tests.simulee import PARFAIT, PROFIL, etat_de

LUNDI = date(2023, 3, 6).toordinal()
PREMIER, DERNIER = date(2023, 3, 1), date(2023, 5, 31)


def caisse(echelle: float = 0.02, graine: int = 0) -> Caisse:
    return Caisse(PROFIL, echelle, graine, "essai")


@lru_cache(maxsize=4)
def trimestre(graine: int = 0, conditions: Callable[[int], Conditions] = ordinary) -> tuple[bytes, ...]:
    flux = simulate(
        PARFAIT, PREMIER.toordinal(), DERNIER.toordinal(), echelle=0.02, graine=graine, conditions=conditions
    )
    return tuple(encode(envoi, "091") for envoi in flux)


def figures(lignes: Sequence[bytes], caf: str = "091") -> dict[str, float]:
    tout = etat_de([o for o in lignes if b"fr.caf.piece" in o])
    return {code: c["valeur"] or 0 for code, c in indicateurs(tout, caf, PREMIER, DERNIER).items()}


class TestAtelier:
    def test_agents_take_the_pieces_in_the_order_of_production(self) -> None:
        atelier, arrivees = Atelier(caisse(), LUNDI), dict[str, tuple[int, int, int]]()
        for rang, (retard, delai, urgente) in enumerate(
            [(0, 16, False), (9, 16, False), (3, 14, False), (2, 16, True), (2, 14, False), (1, 16, True)]
        ):
            nom = f"P-{rang}"
            arrivees[nom] = (0 if urgente else 1, LUNDI - retard + delai, LUNDI - retard)
            place = atelier.rank(LUNDI - retard, delai, urgente)
            atelier.enter(Piece(nom, "D-1", False, "autre", 1.0, place, 0.0))
        vues = [piece.nom for piece, _ in atelier.work(LUNDI, (), 6)]

        class Element:
            def __init__(self, nom: str) -> None:
                self.priorite, self.echeance, self.depuis = arrivees[nom]

        assert vues == sorted(arrivees, key=lambda nom: rank(Element(nom), LUNDI)[0])

    @given(st.lists(st.tuples(st.floats(0.5, 30), st.floats(0, 0.5)), max_size=60), st.floats(0, 400))
    def test_no_piece_is_lost_whatever_the_minutes(self, pieces: list[tuple[float, float]], minutes: float) -> None:
        atelier = Atelier(caisse(), LUNDI)
        entrees = [
            (at(LUNDI, 9) + rang, Piece(f"P-{rang}", "D-1", False, "autre", m, rang, manque))
            for rang, (m, manque) in enumerate(pieces)
        ]
        vues = [piece.nom for piece, _ in atelier.work(LUNDI, entrees, minutes)]
        restent = {piece.nom for piece in atelier.still_open()}
        assert set(vues) | restent == {piece.nom for _, piece in entrees}
        assert len(set(vues)) == len(vues)
        assert atelier.minutes == pytest.approx(sum(p.minutes for _, p in entrees if p.nom not in vues), abs=1e-6)

    def test_no_agent_works_on_a_closed_day(self) -> None:
        personnel = Personnel(caisse())
        assert personnel.minutes(LUNDI - 1, 1_000.0) == 0.0
        assert personnel.minutes(date(2023, 5, 1).toordinal(), 1_000.0) == 0.0

    def test_work_that_piles_up_brings_help_and_little_work_sends_agents_elsewhere(self) -> None:
        personnel = Personnel(caisse(1.0))
        jour = 26 * 400 * 0.8
        plein, juste, vide = (personnel.minutes(LUNDI, jours * jour) for jours in (9, 3.3, 0.1))
        assert plein > juste > vide
        assert plein / juste == pytest.approx(1 + PROFIL.personnel.entraide.au_plus, rel=0.02)


class TestSimulation:
    def test_every_piece_is_treated_cancelled_or_open_and_none_is_impossible(self) -> None:
        tout = etat_de([o for o in trimestre() if b"fr.caf.piece" in o])
        assert (tout.lettres_mortes, tout.en_attente) == ([], [])
        ouvertes = sum(p.en_stock(DERNIER) for p in tout.pieces)
        assert len(tout.pieces) == ouvertes + sum(p.fin is not None for p in tout.pieces)

    def test_little_holds_what_is_open_is_what_leaves_times_how_long_it_stayed(self) -> None:
        tout = etat_de([o for o in trimestre() if b"fr.caf.piece" in o])
        chiffres, jours = figures(trimestre()), (DERNIER - PREMIER).days + 1
        stock = fmean(stock_par_jour(tout, "091", PREMIER, DERNIER))
        assert stock == pytest.approx(chiffres["PIECES-TRAITEES"] / jours * chiffres["COG-08-29"], rel=0.15)

    def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(self) -> None:
        flux = simulate(PARFAIT, PREMIER.toordinal(), DERNIER.toordinal(), echelle=0.02)
        assert tuple(encode(envoi, "091") for envoi in flux) == trimestre()
        assert set(trimestre()).isdisjoint(trimestre(1))

    def test_the_load_comes_first_and_then_the_order_of_emission(self) -> None:
        debut = at(PREMIER.toordinal(), 0)
        recus = [e.recu for e in simulate(PROFIL, PREMIER.toordinal(), PREMIER.toordinal() + 20, echelle=0.02)]
        ouverture = next(rang for rang, recu in enumerate(recus) if recu >= debut)
        assert ouverture > 1000
        assert all(avant <= apres for avant, apres in pairwise(recus[ouverture:]))

    def test_pauses_that_outlast_the_life_of_the_workshop_before_the_period_are_refused(self) -> None:
        longues = msgspec.structs.replace(PROFIL.attentes.jours_longues, au_plus=RODAGE + 1)
        profil = msgspec.structs.replace(
            PROFIL, attentes=msgspec.structs.replace(PROFIL.attentes, jours_longues=longues)
        )
        with pytest.raises(ProfilRefuse, match="attentes"):
            next(simulate(profil, LUNDI, LUNDI, echelle=0.01))

    def test_an_answer_comes_with_a_justificatif_of_the_same_dossier(self) -> None:
        pieces = Pieces(caisse(0.1), LUNDI)
        types = defaultdict[str, list[Acte]](list)
        for jour in range(LUNDI, LUNDI + 60):
            for actes in pieces.of_day(jour):
                for acte in actes:
                    types[acte.type].append(acte)
        reponses = types["piece.reprise"]
        justificatifs = {
            (a.dossier, to_jour(a.saisi or a.instant))
            for a in types["piece.arrivee"]
            if a.data["nature"] == "justificatif"
        }
        accompagnees = sum((a.dossier, to_jour(a.instant)) in justificatifs for a in reponses)
        assert len(reponses) > 50
        assert accompagnees > 0.9 * len(reponses)

    def test_no_piece_of_another_caf_is_forgotten_when_the_agreement_changes_from_day_to_day(self) -> None:
        pieces, ouvertes = Pieces(caisse(), LUNDI), set[str]()
        for jour in range(LUNDI, LUNDI + 400):
            autre = AutreCaf("681", 20_000.0 + 500 * (jour - LUNDI), 0.2) if jour < LUNDI + 20 else None
            for acte in chain.from_iterable(pieces.of_day(jour, replace(ORDINAIRES, autre_caf=autre))):
                if acte.caf and acte.type in ("piece.arrivee", "piece.rouverte"):
                    ouvertes.add(acte.data["piece"])
                elif acte.caf and acte.type == "piece.traitee":
                    ouvertes.remove(acte.data["piece"])
        assert not ouvertes

    def test_agents_come_back_once_another_caf_sends_nothing_any_more(self) -> None:
        def left(jours: int) -> float:
            pieces = Pieces(caisse(), LUNDI)
            for jour in range(LUNDI, LUNDI + 60):
                autre = AutreCaf("681", 50_000.0, 0.5) if jour < LUNDI + jours else None
                deque(pieces.of_day(jour, replace(ORDINAIRES, autre_caf=autre)), maxlen=0)
            return pieces.atelier.minutes

        # A week lent is soon made up for, however long its last piece waits for an answer.
        assert left(5) < 1.5 * left(0)

    def test_a_third_of_the_staff_away_lets_the_stock_and_the_delai_grow(self) -> None:
        ordinaire, reduit = figures(trimestre()), figures(trimestre(0, _short_staffed))
        assert reduit["STOCK-TRAITABLE"] > 1.3 * ordinaire["STOCK-TRAITABLE"]
        assert reduit["COG-08-29"] > ordinaire["COG-08-29"] + 0.5
        assert reduit["PIECES-RECUES"] == pytest.approx(ordinaire["PIECES-RECUES"], rel=0.01)

    def test_a_wave_of_demands_is_a_wave_of_that_nature_alone(self) -> None:
        avant, vague = (_by_nature(trimestre(0, c)) for c in (ordinary, _housing_wave))
        assert vague["demande_al"] == pytest.approx(2 * avant["demande_al"], rel=0.1)
        assert vague["demande_ppa"] == pytest.approx(avant["demande_ppa"], rel=0.1)

    def test_work_for_another_caf_belongs_to_it_and_is_paid_for_in_agents(self) -> None:
        lignes = trimestre(0, _for_another)
        autre, ici = figures(lignes, "681"), figures(lignes)
        assert autre["PIECES-ARRIVEES"] == pytest.approx(50_000 * 0.02 * 92 / 365, rel=0.15)
        assert autre["PIECES-TRAITEES"] > 0.6 * autre["PIECES-ARRIVEES"]
        assert ici["PIECES-ARRIVEES"] == pytest.approx(figures(trimestre())["PIECES-ARRIVEES"], rel=0.01)
        assert ici["STOCK-TRAITABLE"] > figures(trimestre())["STOCK-TRAITABLE"]
        assert {msgspec.json.decode(o)["data"].get("caf_traitante") for o in lignes if b'"caf":"681"' in o} >= {"091"}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1_000))
def test_what_enters_in_a_year_is_what_the_profile_says_whatever_the_seed(graine: int) -> None:
    pieces = Pieces(caisse(0.005, graine), LUNDI)
    canaux = Counter(
        entree.acte.data["canal"]
        for jour in range(date(2023, 1, 1).toordinal(), date(2024, 1, 1).toordinal())
        for entree in pieces.arrivees.of_day(jour, ORDINAIRES)
    )
    profil, recues = PROFIL.pieces, sum(n for canal, n in canaux.items() if canal != "interne")
    assert recues == pytest.approx(0.005 * profil.recues, abs=50)
    assert canaux["web"] == pytest.approx(0.005 * profil.recues * profil.part_web, abs=25)
    assert canaux["interne"] == pytest.approx(0.005 * profil.recues * profil.internes, abs=3)


def _short_staffed(jour: int) -> Conditions:
    return replace(ORDINAIRES, presence=2 / 3) if jour >= PREMIER.toordinal() else ORDINAIRES


def _housing_wave(jour: int) -> Conditions:
    return replace(ORDINAIRES, arrivees={"demande_al": 2.0}) if jour >= PREMIER.toordinal() else ORDINAIRES


def _for_another(jour: int) -> Conditions:
    autre = AutreCaf("681", 50_000, 0.25)
    return replace(ORDINAIRES, autre_caf=autre) if jour >= PREMIER.toordinal() else ORDINAIRES


def _by_nature(lignes: Sequence[bytes]) -> Counter[str]:
    lus = (msgspec.json.decode(o) for o in set(lignes) if b'"fr.caf.piece.arrivee.v1"' in o)
    return Counter(lu["data"]["nature"] for lu in lus if date.fromisoformat(lu["time"][:10]) >= PREMIER)
