"""What the services really write in their logs, byte for byte, is what the published documents say."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

import services.contacts.app
import services.production.app
import services.recovery.app
from shared.corbeille.regles import MotifReport
from shared.events.catalogue import TYPES
from shared.events.docs.exemples import front_office_example
from shared.events.docs.publications import PUBLICATIONS
from shared.events.journal import EPOQUE
from shared.events.porte import Recu, judge
from shared.events.travail import PUBLIES
from shared.ndjson import read_lines
from shared.reglages import Reglages
from shared.runtime.journal import JOURNAL
from shared.runtime.service import ServiceDeFaits
from shared.temps import parse_instant
from tests.atelier import JOUR, Atelier, stay, talon
from tests.contrat import CONTRAT, validator
from tests.donnees import petit_mois

COMPOSITIONS = {
    "contacts": services.contacts.app.bootstrap,
    "production": services.production.app.bootstrap,
    "recovery": services.recovery.app.bootstrap,
}
MAINTENANT = parse_instant("2026-01-01T00:00:00Z")
PAR_TYPE = 120


def received(service: str) -> list[Recu]:
    """The examples of the service's types, then what the small month holds for it."""
    exemples = [json.dumps(front_office_example(t)).encode() for t in TYPES.values()]
    lignes = [ligne for _, ligne in read_lines(petit_mois())]
    verdicts = (judge(octets, MAINTENANT) for octets in [*exemples, *lignes])
    return [v for v in verdicts if isinstance(v, Recu) and v.type.service == service]


def check(service: ServiceDeFaits, cles: re.Pattern[str]) -> set[str]:
    """Hold records of the log against the documents, some of each type; the types seen."""
    vus: Counter[str] = Counter()
    with service.lecture.connect() as connexion:
        lignes: Iterable[Any] = connexion.execute(select(JOURNAL.c.type, JOURNAL.c.cle, JOURNAL.c.octets))
        for type_, cle, octets in lignes:
            vus[type_] += 1
            if vus[type_] <= PAR_TYPE:
                evenement = json.loads(octets)
                validator(type_).validate(evenement)
                assert evenement["type"] == type_
                assert cle == f"{evenement['caf']}|{evenement['subject']}"
                assert cles.search(cle)
                assert json.dumps(evenement, ensure_ascii=False, separators=(",", ":")).encode() == octets
    return set(vus)


@pytest.fixture(scope="module")
def document() -> Any:
    return yaml.safe_load((CONTRAT / "asyncapi.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def cles(document: Any) -> re.Pattern[str]:
    """The form of the keys that the document announces."""
    return re.compile(document["components"]["messageTraits"]["cloudevent"]["bindings"]["kafka"]["key"]["pattern"])


def announced(document: Any, service: str) -> set[str]:
    """The types that the document announces in the log of a service."""
    return {m["$ref"].rsplit("/", 1)[-1] for m in document["channels"][service]["messages"].values()}


@pytest.mark.parametrize("nom", COMPOSITIONS)
def test_each_accepted_event_and_each_movement_has_the_published_form(
    nom: str, tmp_path: Path, document: Any, cles: re.Pattern[str]
) -> None:
    service = COMPOSITIONS[nom](Reglages(tmp_path), lambda: None)
    try:
        service.submit(received(nom)).result()
        vus = check(service, cles)
    finally:
        service.close()
    # An epoch is opened on Kafka alone.
    assert vus == announced(document, nom) - set(PUBLIES) - {EPOQUE}


def test_each_gesture_of_a_work_queue_has_the_published_form(
    tmp_path: Path, document: Any, cles: re.Pattern[str]
) -> None:
    atelier = Atelier(tmp_path)
    try:
        atelier.put_all([(f"K-{n}", [stay()]) for n in range(4)])
        atelier.corbeilles.finish(talon(atelier.must_claim()), "promesse", JOUR + 10).result()
        atelier.corbeilles.hold(talon(atelier.must_claim()), JOUR + 3, MotifReport.attente_piece).result()
        atelier.corbeilles.release(talon(atelier.must_claim())).result()
        atelier.must_claim()
        atelier.horloge.advance(24 * 3600)
        atelier.must_claim()
        vus = check(atelier.service, cles)
    finally:
        atelier.close()
    assert vus & set(PUBLICATIONS) == set(PUBLIES)
    assert set(PUBLIES) <= announced(document, "recovery") & announced(document, "production")
