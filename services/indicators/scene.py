"""What the live page says of a demonstration, when one runs: the scenario that it plays, and what it can play."""

from typing import NamedTuple


class ScenarioAuChoix(NamedTuple):
    """A scenario of a demonstration, as it is offered."""

    nom: str
    titre: str
    description: str


class SceneJouee(NamedTuple):
    """The scenario that a demonstration plays, since when (in words), and those to choose among."""

    scenario: ScenarioAuChoix
    depuis: str
    choix: list[ScenarioAuChoix]
