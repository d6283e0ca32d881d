"""Dead letters of what the Kafka door refused: shown by their place, replayed by the door of today."""

import json
from pathlib import Path

import pytest

from services.contacts.app import bootstrap as open_contacts
from services.production.app import bootstrap as open_production
from shared.events.catalogue import ENCODER
from shared.reglages import Reglages
from shared.runtime.lettres import refuse_letter
from shared.runtime.service import ServiceDeFaits
from tests.commandes import ecluse
from tests.fabrique import Brut
from tests.maisons import arrivee

SUJET = "ecluse.entrees.v1"


def keep(dossier: Path, nom: str, octets: bytes, *, type_: str = "", detail: str = "raison") -> None:
    """A letter of a service, as its ingress writes it."""
    ouvre = {"contacts": open_contacts, "production": open_production}[nom]
    service: ServiceDeFaits = ouvre(Reglages(dossier), lambda: None)
    service.ecrivain.order(
        lambda lot: refuse_letter(lot.connexion, SUJET, "3/17", type_, detail, octets, lot.maintenant)
    ).result()
    service.close()


def event(**membres: object) -> bytes:
    brut: Brut = arrivee("P", dossier="D") | membres
    return ENCODER.encode(brut)


def replayed(dossier: Path, *options: str) -> tuple[int, str]:
    """Code of a replay of everything, and its effect."""
    fin = ecluse("dead-letters", "replay", *options, "--json", "--data-dir", dossier)
    return fin.code, fin.document[0]["effet"]


def open_letters(dossier: Path) -> list[dict[str, object]]:
    lettres: list[dict[str, object]] = ecluse("dead-letters", "list", "--json", "--data-dir", dossier).document
    return lettres


def test_a_letter_of_the_door_is_listed_by_its_place(tmp_path: Path) -> None:
    keep(tmp_path, "contacts", b'{"type": \xff\xfe', detail="JSON illisible\x00\n")
    sortie = ecluse("dead-letters", "list", "--data-dir", tmp_path).sortie
    assert sortie == f"contacts/1  illisible  {SUJET}/3/17\n    JSON illisible\ufffd\ufffd\n1 lettre morte\n"
    montree = ecluse("dead-letters", "show", "contacts/1", "--data-dir", tmp_path).document
    assert (montree["motif"], montree["source"], montree["id"]) == ("refuse_a_la_porte", SUJET, "3/17")
    assert montree["evenement"] == '{"type": \\xff\\xfe'


def test_an_event_that_passes_today_takes_effect_and_closes_its_letter(tmp_path: Path) -> None:
    keep(tmp_path, "production", event(), type_="fr.caf.piece.arrivee.v1")
    assert replayed(tmp_path, "--dry-run") == (0, "possible")
    assert len(open_letters(tmp_path)) == 1
    assert replayed(tmp_path) == (0, "applique")
    assert open_letters(tmp_path) == []


def test_two_letters_of_one_event_give_it_one_effect(tmp_path: Path) -> None:
    for _ in range(2):
        keep(tmp_path, "production", event(), type_="fr.caf.piece.arrivee.v1")
    fin = ecluse("dead-letters", "replay", "--json", "--data-dir", tmp_path)
    assert [r["detail"] for r in fin.document] == ["l'événement a pris effet", "l'événement avait déjà pris effet"]
    assert open_letters(tmp_path) == []


@pytest.mark.parametrize(
    ("nom", "octets"),
    [
        ("contacts", b"\xff"),
        ("contacts", b""),
        ("contacts", event()),
        ("production", event(specversion="2.0")),
    ],
    ids=["illisible", "vide", "d'un autre service", "toujours refusé"],
)
def test_what_can_still_not_pass_stays_a_letter_and_counts_its_trials(tmp_path: Path, nom: str, octets: bytes) -> None:
    keep(tmp_path, nom, octets)
    assert replayed(tmp_path, "--dry-run") == (1, "refuse")
    assert [lettre["essais"] for lettre in open_letters(tmp_path)] == [1]
    assert replayed(tmp_path) == (1, "refuse")
    assert [lettre["essais"] for lettre in open_letters(tmp_path)] == [2]


def test_an_id_taken_since_with_another_content_stays_a_letter(tmp_path: Path) -> None:
    premier = json.loads(event())
    keep(tmp_path, "production", ENCODER.encode(premier))
    keep(tmp_path, "production", ENCODER.encode(premier | {"caf": "092"}))
    fin = ecluse("dead-letters", "replay", "--json", "--data-dir", tmp_path)
    assert [r["effet"] for r in fin.document] == ["applique", "refuse"]
    assert [lettre["numero"] for lettre in open_letters(tmp_path)] == [2]
