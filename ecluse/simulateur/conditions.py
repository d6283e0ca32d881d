"""What a day is like: what a scenario changes of an ordinary day of the profile. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple


class AutreCaf(NamedTuple):
    """Work done for another Caf. ``caf``: the owner; ``pieces_par_an``: what comes of it; ``part_des_agents``: of the
    office's time, taken from its own pieces."""

    caf: str
    pieces_par_an: float
    part_des_agents: float


@dataclass(frozen=True)
class Conditions:
    """Factors on an ordinary day; 1, or no entry, changes nothing (an entry ``autres`` holds for every other name).

    ``arrivees``: by nature of piece; ``contacts``: by canal; ``presence``: on the agents at work; ``sites_fermes``:
    sites where nobody is received, each by its name or by its rank in a profile's visits (``settle`` names it);
    ``appels_aboutis``: on the share of calls that an agent answers; ``automatique``: the share of a nature that needs
    no agent, where it is higher than the profile's; ``indus``: by cause.
    """

    arrivees: Mapping[str, float] = field(default_factory=dict)
    contacts: Mapping[str, float] = field(default_factory=dict)
    presence: float = 1.0
    sites_fermes: frozenset[str] = frozenset()
    appels_aboutis: float = 1.0
    automatique: Mapping[str, float] = field(default_factory=dict)
    indus: Mapping[str, float] = field(default_factory=dict)
    autre_caf: AutreCaf | None = None


ORDINAIRES: Final = Conditions()


def factor(facteurs: Mapping[str, float], nom: str) -> float:
    """The factor of a name, else that of ``autres``, else 1."""
    return facteurs.get(nom, facteurs.get("autres", 1.0))
