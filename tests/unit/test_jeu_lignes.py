"""An event as a row: its bytes come back, whatever they are."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.jeu.description import Chiffre, Chiffres, Evenements, Jeu, Question, write_figure
from ecluse.jeu.epingles import parse_pins, write_pins
from ecluse.jeu.lignes import to_bytes, to_row

ARRIVEE = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/front-office/ged",
    "type": "fr.caf.piece.arrivee.v1",
    "subject": "D-1",
    "time": "2023-03-26T00:30:00+01:00",
    "caf": "091",
    "data": {"piece": "P-1", "nature": "justificatif", "arrivee_le": "2023-03-25T23:30:00Z", "minima_sociaux": True},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
)


def write(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def test_a_row_has_the_day_in_paris_and_typed_members() -> None:
    ligne = to_row(7, 1_679_787_000_000_000_000, write(ARRIVEE), "accepte")
    assert (ligne.rang, ligne.recu, ligne.decalage, ligne.brut) == (7, 1_679_787_000_000_000, "+01:00", None)
    assert (ligne.jour, ligne.piece, ligne.minima_sociaux) == (date(2023, 3, 26), "P-1", True)
    assert ligne.contact is None


@pytest.mark.parametrize(
    "autre",
    [
        {**ARRIVEE, "time": "2023-03-26T00:30:00.123456+01:00"},
        {**ARRIVEE, "time": "2023-03-26T00:30:00+03:00"},
        {**ARRIVEE, "time": "hier"},
        {**ARRIVEE, "data": {"piece": 12, "arrivee_le": None}},
        {**ARRIVEE, "traceparent": "00-1"},
        {"caf": "091"},
        [],
    ],
    ids=str,
)
def test_what_columns_can_not_give_back_is_kept_whole(autre: Any) -> None:
    octets = write(autre)
    assert to_bytes(to_row(1, 0, octets, "refuse")) == octets


@given(st.binary())
def test_any_bytes_come_back(octets: bytes) -> None:
    assert to_bytes(to_row(1, 0, octets, "refuse")) == octets


@given(st.fixed_dictionaries({nom: st.just(valeur) | JSON for nom, valeur in ARRIVEE.items()}))
def test_any_envelope_comes_back(evenement: dict[str, Any]) -> None:
    octets = json.dumps(evenement).encode()
    assert to_bytes(to_row(1, 0, octets, "refuse")) == octets


def test_a_figure_is_the_same_line_whatever_the_order_of_its_sum() -> None:
    chiffre = Chiffre("annee", "X", "x", "taux", 1, 738_521, 738_885, None, 0.1 + 0.2, 3, 10, None)
    assert write_figure(chiffre) == write_figure(chiffre._replace(valeur=0.3))
    assert write_figure(chiffre) != write_figure(chiffre._replace(valeur=0.3001))
    assert write_figure(chiffre) != write_figure(chiffre._replace(numerateur=None))


def test_pinning_changes_the_hashes_of_one_set_and_nothing_else() -> None:
    vide = 'caf = "091"\nannee = 2023\ngraine = 0\nechelle = 0.01\nevenements = ""\nchiffres = ""\nempreinte = ""\n'
    texte = f"# Ce que c'est.\n\n[petit]\n{vide}\n[standard]\n{vide}"
    jeu = Jeu(1, Question("091", 2023, 0, 0.01), Evenements(1, 1, 0, 0, "a"), Chiffres(1, "b"))
    for nom in ("petit", "standard"):
        ecrit = write_pins(texte, nom, jeu)
        avant, apres = parse_pins(texte), parse_pins(ecrit)
        assert (apres[nom].evenements, apres[nom].chiffres, apres[nom].empreinte) == ("a", "b", jeu.empreinte)
        assert {n: e for n, e in apres.items() if n != nom} == {n: e for n, e in avant.items() if n != nom}
        assert write_pins(ecrit, nom, jeu) == ecrit
        assert ecrit.startswith("# Ce que c'est.\n\n[petit]\n")
        assert ecrit.endswith('"\n')
