"""The scene of a demonstration: the scenario that it plays now, changed while it runs."""

from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from ecluse.marque import Marque
from ecluse.simulateur.conditions import Conditions
from ecluse.simulateur.profil import Profil
from ecluse.simulateur.scenario import ORDINAIRE, Scenario, ScenarioInconnu, list_scenarios, load_scenario
from shared.runtime.ecrivain import Indisponible, Refuse
from shared.systeme import explain_os


class ScenarioRefuse(Refuse):
    """The scenario that is asked for does not exist: the one played goes on."""

    probleme, statut = "scenario-inconnu", 422


class Jeu(NamedTuple):
    """What is played, and since which instant."""

    scenario: Scenario
    depuis: int


class Scene:
    """What the demonstration of a Caf plays: kept in its mark, so that it goes on after a restart.

    A scenario holds at its height from the moment on at which it is chosen, until another one is: its window is that of
    simulations with a calendar.
    """

    def __init__(self, marque: Marque, clock: Callable[[], int], profil: Profil) -> None:
        self.caf = profil.caf
        self._visites = profil.contacts.visites
        self._marque = marque
        self._clock = clock
        self._verrou = Lock()
        self.choix = list_scenarios()
        self._jeu = self._resume()

    @property
    def jeu(self) -> Jeu:
        """What is played now."""
        return self._jeu

    def conditions(self) -> Conditions:
        """What days are like now."""
        return self._jeu.scenario.plateau

    def switch(self, nom: str) -> Jeu:
        """Play another scenario from now on; the one that is played already just goes on.

        Raises ``ScenarioRefuse``; ``Indisponible`` when it can not be noted.
        """
        try:
            scenario = load_scenario(nom)
        except ScenarioInconnu as inconnu:
            raise ScenarioRefuse(str(inconnu)) from None
        with self._verrou:
            if scenario.nom != self._jeu.scenario.nom:
                self._jeu = self._keep(Jeu(scenario.in_sites(self._visites), self._clock()))
            return self._jeu

    def _resume(self) -> Jeu:
        """What was played last; the ordinary, when nothing was or when that scenario exists no more."""
        marque = self._marque.read()
        par_nom = {scenario.nom: scenario.in_sites(self._visites) for scenario in self.choix}
        if marque.get("scenario") in par_nom:
            return Jeu(par_nom[marque["scenario"]], int(marque["depuis"]))
        return self._keep(Jeu(par_nom[ORDINAIRE], self._clock()))

    def _keep(self, jeu: Jeu) -> Jeu:
        try:
            self._marque.update(scenario=jeu.scenario.nom, depuis=jeu.depuis)
        except OSError as erreur:
            raise Indisponible(
                f"le scénario ne peut pas être noté ({explain_os(erreur)}) : rien n'a changé"
            ) from erreur
        return jeu
