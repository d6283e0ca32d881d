"""The account after a game: what the house holds against what was acknowledged, as the oracle counts it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import msgspec

from ecluse.acces import Acces, reach
from shared.events.catalogue import TYPES
from shared.reglages import PARTITIONS
from shared.runtime.lettres import REFUSE_A_LA_PORTE
from tests.chaos.charge import Lot
from tests.maisons import assert_same, figures_if_known, letter_ids, query
from tests.oracle import Etat, Evenement, etat, indicateurs, juge_lignes

SERVICES: Final = ("contacts", "production", "recovery")
PERIODES: Final = (("2023-01-01", "2023-01-31"), ("2022-11-01", "2023-02-15"))


@dataclass(frozen=True)
class Compte:
    """Distinct events that were acknowledged, and those of them that the logs hold never or more than once."""

    acquittes: int
    perdus: int
    doubles: int


def judge_sent(lots: Iterable[Lot]) -> list[Evenement]:
    """What the oracle accepts of everything that was sent."""
    return juge_lignes((octets for lot in lots for octets in lot.octets), datetime.now(UTC)).acceptes


def count_logs(data: Path, acceptes: Iterable[Evenement]) -> Compte:
    """The events of the logs of a house that is stopped, against those that were accepted."""
    attendus = {(e.service, e.source, e.id) for e in acceptes}
    tenus: Counter[tuple[str, str, str]] = Counter()
    for service in SERVICES:
        for type_, octets in query(data / f"{service}.db", "SELECT type, octets FROM journal"):
            if type_ in TYPES:
                evenement = msgspec.json.decode(octets)
                tenus[service, evenement["source"], evenement["id"]] += 1
    assert tenus.keys() <= attendus, "the logs hold what nobody sent"
    return Compte(len(attendus), len(attendus - tenus.keys()), sum(n - 1 for n in tenus.values()))


def check_databases(data: Path) -> None:
    """Each file is whole, each log without a hole, each event in the inbox as often as in the log."""
    for nom in (*SERVICES, "indicators"):
        assert query(data / f"{nom}.db", "PRAGMA integrity_check") == [("ok",)], nom
    for service in SERVICES:
        base = data / f"{service}.db"
        tetes = [0] * PARTITIONS
        lignes = query(base, "SELECT position, precedent, partition FROM journal ORDER BY id")
        for rang, (position, precedent, partition) in enumerate(lignes, start=1):
            assert (position, precedent) == (rang, tetes[partition]), service
            tetes[partition] = position
        faits = sum(n for t, n in query(base, "SELECT type, count(*) FROM journal GROUP BY type") if t in TYPES)
        assert query(base, "SELECT count(*) FROM boite") == [(faits,)], service


def check_figures(acces: Acces, tout: Etat, cafs: Iterable[str]) -> None:
    """Every figure of every Caf, the dead letters, and the figures folded again from the logs."""
    assert acces.wait(), acces.state()
    for caf in sorted(cafs):
        for du, au in PERIODES:
            chiffres = figures_if_known(acces, tout, caf, du, au)
            if chiffres is not None:
                assert_same(chiffres, indicateurs(tout, caf, date.fromisoformat(du), date.fromisoformat(au)))
    # What the Kafka door refused is a letter too: it bears no id that the oracle knows.
    lettres = [lettre for lettre in acces.letters(closes=False) if lettre["motif"] != REFUSE_A_LA_PORTE]
    assert letter_ids(lettres) == sorted(tout.lettres_mortes)
    reconstruction = acces.rebuild(accepter_restauration=False)
    assert reconstruction["egal"], reconstruction["ecarts"]


def check_house(data: Path, acceptes: Sequence[Evenement]) -> None:
    """Hold a house that is stopped against the oracle, in its files and in its figures."""
    check_databases(data)
    with reach(data) as acces:
        check_figures(acces, etat(acceptes), {e.caf for e in acceptes})
