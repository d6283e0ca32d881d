"""Fifty consumers at once, killed at random: no item lost, none held by two, none starved."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition

import pytest

from shared.temps import SECONDE
from tests.atelier import Atelier, Horloge, Trace, create_app, stay
from tests.chaos import consommateur
from tests.serveurs import serve

pytestmark = pytest.mark.chaos

CONSOMMATEURS = 50
ELEMENTS = 150
TUES = 25
# Time goes on by a tenth of a second at each reading of the clock: a lease of a minute ends after six hundred.
PAS = SECONDE // 10


class Equipe:
    """The consumers: those who work, and those who were killed."""

    def __init__(self, adresse: str, graine: int) -> None:
        self.hasard = random.Random(graine)
        self.tues: list[str] = []
        self._suite = 0
        self._adresse = adresse.removeprefix("http://").split(":")
        self._graine = str(graine)
        self._vivants: dict[str, subprocess.Popen[bytes]] = {}

    def hire(self) -> None:
        """One more consumer."""
        self._suite += 1
        nom = f"poste-{self._suite}"
        commande = [sys.executable, "-S", "-E", consommateur.__file__, *self._adresse, nom, self._graine]
        self._vivants[nom] = subprocess.Popen(commande)

    def kill_one(self) -> None:
        """SIGKILL to one of those who work, whatever it is doing; another takes its place."""
        nom = self.hasard.choice(sorted(self._vivants))
        processus = self._vivants.pop(nom)
        processus.kill()
        processus.wait()
        self.tues.append(nom)
        self.hire()

    def wait(self) -> None:
        """Until each has seen that nothing is left."""
        for nom, processus in self._vivants.items():
            assert processus.wait() == 0, nom

    def dismiss(self) -> None:
        """Nobody is left behind."""
        for processus in self._vivants.values():
            processus.kill()
            processus.wait()


@contextmanager
def hired(adresse: str, graine: int) -> Iterator[Equipe]:
    """Fifty consumers at work."""
    equipe = Equipe(adresse, graine)
    try:
        for _ in range(CONSOMMATEURS):
            equipe.hire()
        yield equipe
    finally:
        equipe.dismiss()


class Tete:
    """The head of the log, which the test follows without looking at a clock."""

    def __init__(self) -> None:
        self._signal = Condition()

    def ring(self) -> None:
        """Something was committed."""
        with self._signal:
            self._signal.notify_all()

    def wait_for(self, atelier: Atelier, position: int) -> None:
        """Until the log has reached a position."""
        with self._signal:
            self._signal.wait_for(lambda: atelier.service.publication().tete >= position)


def test_fifty_consumers_killed_at_random_do_every_item_once(tmp_path: Path) -> None:
    graine = int(os.environ.get("ECLUSE_GRAINE", "0")) or random.randrange(1, 10**9)
    print(f"graine : {graine} (pour rejouer : ECLUSE_GRAINE={graine})")
    hasard, tete = random.Random(graine), Tete()
    atelier = Atelier(tmp_path, Horloge(pas=PAS), tete.ring)
    ordre = [f"C-{n:03}" for n in range(ELEMENTS)]
    atelier.put_all([(nom, [stay(echeance=n)]) for n, nom in enumerate(ordre)])
    # Each item adds two events at least: the last kill falls before the end of the work.
    morts = sorted(hasard.sample(range(ELEMENTS, 3 * ELEMENTS), TUES))
    try:
        with serve(create_app(atelier)) as adresse, hired(adresse, graine) as equipe:
            for position in morts:
                tete.wait_for(atelier, position)
                equipe.kill_one()
            equipe.wait()
            traces = atelier.traces()
        etats = atelier.corbeilles.gauge()["retard_1_mois"]
    finally:
        atelier.close()

    assert (etats.prets, etats.pris, etats.dormants) == (0, 0, ELEMENTS)
    baux_perdus = check_holders(traces)
    print(f"{len(equipe.tues)} tués, {len(baux_perdus)} baux finis sans réponse, {len(traces)} gestes")
    assert baux_perdus
    finis = [t.data["objet"] for t in traces if gesture(t) == "termine"]
    assert sorted(finis) == ordre
    premieres = dict.fromkeys(t.data["objet"] for t in traces if gesture(t) == "pris")
    assert list(premieres) == ordre


def gesture(trace: Trace) -> str:
    """What was done."""
    return trace.type.split(".")[3]


def check_holders(traces: list[Trace]) -> list[str]:
    """Nobody takes what another holds, tokens grow; who let a lease end."""
    tenus: dict[str, tuple[int, str]] = {}
    perdus: list[str] = []
    dernier = 0
    for trace in traces:
        objet, jeton, titulaire = trace.data["objet"], trace.data["jeton"], trace.data["titulaire"]
        if gesture(trace) == "pris":
            assert objet not in tenus, f"{objet} pris par {titulaire}, tenu par {tenus[objet]}"
            assert jeton > dernier
            tenus[objet], dernier = (jeton, titulaire), jeton
        else:
            assert tenus.pop(objet) == (jeton, titulaire)
            if gesture(trace) == "bail_termine":
                perdus.append(titulaire)
    assert tenus == {}
    return perdus
