"""Arrêtés, their pure parts: periods, the chain, the logs that still continue what was counted."""

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.answer import Fraicheur
from services.indicators.arretes.comparaison import check_lineage
from services.indicators.arretes.document import (
    Arrete,
    Garde,
    RepereArrete,
    check_chain,
    fingerprint,
    read_document,
    write_document,
)
from services.indicators.arretes.periodes import read_period
from services.indicators.arretes.refus import JournalRestaure
from services.indicators.instantane import explain_delay
from services.indicators.rules import PeriodeInvalide
from shared.runtime.ecrivain import Indisponible
from shared.runtime.reperes import Avance
from shared.runtime.service import MaillonEpoque, Tic
from shared.temps import to_iso


@pytest.mark.parametrize(
    ("nom", "du", "au"),
    [
        ("2023-01", "2023-01-01", "2023-01-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-12", "2023-12-01", "2023-12-31"),
        ("2023-T1", "2023-01-01", "2023-03-31"),
        ("2023-T4", "2023-10-01", "2023-12-31"),
        ("2024", "2024-01-01", "2024-12-31"),
        ("2100-T4", "2100-10-01", "2100-12-31"),
    ],
)
def test_a_period_is_a_month_a_quarter_or_a_year(nom: str, du: str, au: str) -> None:
    assert [to_iso(jour) for jour in read_period(nom)] == [du, au]


@pytest.mark.parametrize(
    "nom", ["", "2023-1", "2023-00", "2023-13", "2023-T0", "23-01", "2101", "1969", "2023-01-01", "２０２３"]
)
def test_any_other_name_is_refused(nom: str) -> None:
    with pytest.raises(PeriodeInvalide, match="2023-T1"):
        read_period(nom)


def arrete(numero: int, precedent: str | None, **autres: Any) -> Arrete:
    """An arrêté without figures."""
    membres: dict[str, Any] = {
        "caf": "091", "periode": "2023-01", "du": "2023-01-01", "au": "2023-01-31", "provisoire": False,
        "pris_le": "2023-02-03T09:00:00Z", "auteur": "poste-1", "motif": "« essai »",
        "fraicheur": Fraicheur(None, 1e-7, True), "reperes": {}, "chiffres": [],
    }  # fmt: skip
    return Arrete(numero=numero, precedent=precedent, **(membres | autres))


def chain(nombre: int) -> list[Garde]:
    """Arrêtés that follow one another."""
    gardes: list[Garde] = []
    for numero in range(1, nombre + 1):
        octets = write_document(arrete(numero, gardes[-1].empreinte if gardes else None))
        gardes.append(Garde("091", numero, "2023-01", False, 1, fingerprint(octets), octets))
    return gardes


def test_a_document_is_written_in_one_way_and_read_back() -> None:
    un = arrete(1, None)
    assert read_document(write_document(un)) == un
    assert write_document(un).startswith(b'{"au":"2023-01-31","auteur":"poste-1","caf":"091","chiffres":[]')


@given(st.integers(1, 5), st.data())
def test_whatever_is_changed_removed_or_moved_within_a_chain_is_seen(nombre: int, data: st.DataObject) -> None:
    gardes = chain(nombre)
    assert check_chain(gardes) == []
    rang = data.draw(st.integers(0, nombre - 1))
    vise = gardes[rang]
    octet = data.draw(st.integers(0, len(vise.document) - 1))
    abime = vise.document[:octet] + bytes([vise.document[octet] ^ 1]) + vise.document[octet + 1 :]
    geste = data.draw(st.sampled_from(["document", "empreinte", "numero", "retire", "refait"]))
    if geste == "document":
        gardes[rang] = msgspec.structs.replace(vise, document=abime)
    elif geste == "empreinte":
        gardes[rang] = msgspec.structs.replace(vise, empreinte=fingerprint(abime))
    elif geste == "numero":
        gardes[rang] = msgspec.structs.replace(vise, numero=vise.numero + 1)
    elif rang == nombre - 1:
        # Nothing that is left tells that the last one was there, or was another.
        return
    elif geste == "retire":
        del gardes[rang]
    else:
        octets = write_document(arrete(vise.numero, gardes[rang - 1].empreinte if rang else None, auteur="autre"))
        gardes[rang] = msgspec.structs.replace(vise, document=octets, empreinte=fingerprint(octets))
    assert check_chain(gardes)


@dataclass
class Source:
    """A log with its lineage."""

    lignee: list[MaillonEpoque]
    nom: str = "production"

    def lineage(self) -> list[MaillonEpoque]:
        return self.lignee


def repere(marque: str, position: int) -> RepereArrete:
    """Where an arrêté stands."""
    return RepereArrete(marque, position, [position] * 12, [0] * 12)


def lineage(*maillons: tuple[str, int]) -> Source:
    """A log whose epochs begin there."""
    return Source([MaillonEpoque(*m) for m in maillons])


@pytest.mark.parametrize(
    ("source", "marque", "position"),
    [
        (lineage(("a", 0)), "a", 50),
        (lineage(("a", 0), ("b", 50)), "a", 50),
        (lineage(("a", 0), ("b", 50)), "b", 60),
        # Only the last epochs are told: whether it is the same log shows when the fold is taken back.
        (lineage(("y", 70), ("z", 90)), "a", 50),
    ],
)
def test_a_log_that_goes_on_from_the_arrete_tells_what_came_since(source: Any, marque: str, position: int) -> None:
    check_lineage(source, repere(marque, position))


@pytest.mark.parametrize(
    ("source", "marque", "position"),
    [
        (lineage(("a", 0), ("b", 40)), "a", 50),
        (lineage(("b", 0)), "a", 50),
        (lineage(("y", 30), ("z", 90)), "a", 50),
    ],
)
def test_a_log_of_a_restored_copy_does_not(source: Any, marque: str, position: int) -> None:
    with pytest.raises(JournalRestaure, match="une copie d'avant a été restaurée"):
        check_lineage(source, repere(marque, position))


def test_a_log_whose_publisher_has_not_spoken_may_be_asked_later() -> None:
    silence: Any = lineage()
    with pytest.raises(Indisponible, match="production"):
        check_lineage(silence, repere("a", 1))


def test_a_delay_is_explained_by_what_holds_each_log() -> None:
    tic = Tic("production", 12, 3, "a", 0)
    assert "réessayer" in explain_delay({"production": Avance(curseur=12, tic=Tic("production", 12, 0, "a", 0))})
    assert "il reste 5 enregistrements de production" in explain_delay({"production": Avance(curseur=10, tic=tic)})
    assert explain_delay({"production": Avance(trou="trou en 4"), "contacts": Avance(arret="restauré", tic=tic)}) == (
        "trou en 4 ; restauré"
    )
    assert "contacts n'a pas encore parlé" in explain_delay({"contacts": Avance()})
