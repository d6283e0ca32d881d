"""Filling a spool and reading it back."""

import json
from typing import Any

from ecluse.emission.spool import Depot, Spool
from shared.events.porte import Recu, judge
from shared.temps import parse_instant
from shared.web.porte import EVENEMENTS_MAX, OCTETS_MAX

MAINTENANT = parse_instant("2024-03-05T12:00:00Z")


def clock() -> int:
    """A clock that stands still."""
    return MAINTENANT


def depot(evenement: dict[str, Any]) -> Depot:
    """A valid event, judged."""
    octets = json.dumps(evenement).encode()
    recu = judge(octets, MAINTENANT)
    assert isinstance(recu, Recu), recu
    return Depot(recu, octets)


def append(spool: Spool, *evenements: dict[str, Any]) -> list[str]:
    """What the spool answers for each event."""
    return [r.sort for r in spool.append([depot(e) for e in evenements], MAINTENANT)]


def waiting(spool: Spool) -> list[str]:
    """The ids of the first waiting events."""
    return [json.loads(e.octets)["id"] for e in spool.read_next(EVENEMENTS_MAX, OCTETS_MAX)]
