"""The live days of the simulated Caf: never ahead of the clock, always going on with what is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest

from ecluse.guichet import Reponse
from ecluse.importation import Rejets
from ecluse.simulateur.demo import run_history, run_live
from ecluse.simulateur.direct import live_day
from ecluse.simulateur.port import EnCours
from shared.events.porte import Recu, judge
from shared.runtime.ecrivain import Indisponible
from shared.temps import HEURE, SECONDE, parse_instant
from tests.oracle import indicateurs
from tests.simulee import MERCREDI, PETITE, PROFIL, UN_JOUR, en_cours, etat_de, lis, passe


class TestDirect:
    # A Thursday morning, a holiday night, a Sunday that opens a month.
    DEPARTS = ("2024-03-14T07:40:00Z", "2024-05-01T22:30:00Z", "2023-10-01T09:00:00Z")

    @pytest.mark.parametrize("depart", DEPARTS)
    def test_no_instant_is_beyond_the_clock_and_something_moves_every_second(self, depart: str) -> None:
        debut = parse_instant(depart)
        flux = list(live_day(PROFIL, EnCours(), debut))
        assert len(flux) > 300
        assert all(suivant.secondes - avant.secondes <= 1 for avant, suivant in pairwise(flux))
        for secondes, octets, _ in flux:
            maintenant = debut + round(secondes * SECONDE)
            recu = judge(octets, maintenant)
            assert isinstance(recu, Recu)
            assert max(recu.emis, recu.instant) <= maintenant
            if "debut" in lis(octets)["data"]:
                assert parse_instant(lis(octets)["data"]["debut"]) > debut - 7 * 24 * HEURE

    def test_half_a_minute_gives_a_value_to_every_figure_of_the_day(self) -> None:
        debut = parse_instant(self.DEPARTS[0])
        flux = live_day(PROFIL, EnCours(), debut, echelle=PETITE)
        lignes = [*passe(MERCREDI), *(tour.octets for tour in flux if tour.secondes < 30)]
        jour = MERCREDI + UN_JOUR
        chiffres = indicateurs(etat_de(lignes), "091", jour, jour)
        assert {code for code, chiffre in chiffres.items() if chiffre["valeur"] is None} == set()

    def test_days_go_on_with_what_is_open_and_the_stock_stays_level(self) -> None:
        lignes, jour = list(passe(MERCREDI)), MERCREDI + UN_JOUR
        depart, stocks = parse_instant(self.DEPARTS[0]), list[int]()
        for rang in range(3):
            encours = en_cours(lignes, jour)
            stocks.append(len(encours.pieces))
            flux = list(live_day(PROFIL, encours, depart, echelle=PETITE, temoins=rang == 0))
            nouveaux = [tour.octets for tour in flux]
            repris = {p.piece for p in encours.pieces} & {lis(o)["data"].get("piece") for o in nouveaux}
            assert len(repris) > 10
            assert _ids(nouveaux).isdisjoint(_ids(lignes))
            assert _created(nouveaux).isdisjoint(_created(lignes))
            lignes += nouveaux
            depart += int(flux[-1][0] + 1) * SECONDE
        tout = etat_de(lignes)
        assert (tout.lettres_mortes, tout.en_attente) == ([], [])
        assert max(stocks) - min(stocks) < 0.1 * stocks[0]
        assert any(c.encaissements and c.encaissements[-1].jour == jour for c in tout.creances)

    def test_the_same_start_gives_the_same_bytes(self) -> None:
        depart = parse_instant(self.DEPARTS[0])
        assert list(live_day(PROFIL, EnCours(), depart)) == list(live_day(PROFIL, EnCours(), depart))


def _ids(lignes: Sequence[bytes]) -> set[tuple[str, str]]:
    return {(e["source"], e["id"]) for e in map(lis, lignes)}


def _created(lignes: Sequence[bytes]) -> set[str]:
    membres = {"piece.arrivee": "piece", "contact.recu": "contact", "indu.constate": "creance"}
    types = {f"fr.caf.{court}.v1": membre for court, membre in membres.items()}
    return {e["data"][types[e["type"]]] for e in map(lis, lignes) if e["type"] in types}


class Reponses:
    """A batch whose every event was accepted."""

    def __init__(self, nombre: int) -> None:
        self._nombre = nombre

    def answers(self) -> list[Reponse]:
        return [Reponse("accepte")] * self._nombre


class Vide:
    """A house that holds nothing open, and counts how often it was asked."""

    def __init__(self) -> None:
        self.demandes = 0

    def open_work(self, caf: str, limite: int) -> EnCours:
        assert (caf, limite > 1000) == ("091", True)
        self.demandes += 1
        return EnCours()


class Sonnette(Event):
    """Told to stop while somebody waits on it; never waits."""

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.set()
        return True


def horloge(pas: float) -> Callable[[], int]:
    """A clock that moves by so many seconds each time it is read."""
    instants = iter(range(parse_instant("2024-03-14T07:40:00Z"), 2**62, int(pas * SECONDE)))
    return lambda: next(instants)


class TestDemo:
    def test_the_history_is_sent_whole_and_counted(self, tmp_path: Path) -> None:
        recus: list[bytes] = []

        def send(octets: list[bytes]) -> Reponses:
            recus.extend(octets)
            return Reponses(len(octets))

        bilan = run_history(send, PROFIL, MERCREDI.toordinal(), Rejets(tmp_path / "rejets"), echelle=PETITE)
        assert tuple(recus) == passe(MERCREDI)
        assert (bilan.acceptes, bilan.rejets) == (len(recus), 0)

    def test_the_live_flow_goes_on_with_the_next_day_until_told_to_stop(self) -> None:
        stop, maison, recus = Event(), Vide(), list[bytes]()

        def send(octets: list[bytes]) -> Reponses:
            recus.extend(octets)
            if maison.demandes == 3:
                stop.set()
            return Reponses(1)

        envoyes = run_live(send, maison, PROFIL, horloge(10), stop, echelle=PETITE)
        assert envoyes == len(recus) > 100
        assert maison.demandes == 3

    def test_told_to_stop_while_it_waits_it_sends_nothing_more(self) -> None:
        recus: list[bytes] = []

        def send(octets: list[bytes]) -> Reponses:
            recus.extend(octets)
            return Reponses(1)

        assert run_live(send, Vide(), PROFIL, horloge(1e-6), Sonnette(), echelle=PETITE) == len(recus) == 1

    def test_an_event_that_the_house_can_not_take_is_offered_again(self) -> None:
        stop, essais = Patiente(), list[bytes]()

        def send(octets: list[bytes]) -> Reponses:
            essais.extend(octets)
            if len(essais) < 3:
                raise Indisponible("disque plein")
            stop.set()
            return Reponses(1)

        assert run_live(send, Vide(), PROFIL, horloge(10), stop, echelle=PETITE) == 1
        assert len(essais) == 3
        assert len(set(essais)) == 1


class Patiente(Event):
    """Nobody tells it to stop while it is waited on."""

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        return self.is_set()
