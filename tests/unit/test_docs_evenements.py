"""The published documents say what the door does: same types, same refusals, same bytes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from shared.bus.fil import EpoqueDuJournal, Ligne, write_opening, write_record
from shared.bus.sujets import ENTREES, JOURNAUX, SUJETS, TICS
from shared.events.catalogue import TYPES
from shared.events.docs import check_docs, documents, write_docs
from shared.events.docs.publications import PUBLICATIONS
from shared.events.journal import PUBLIES as ANNONCES
from shared.events.journal import TIC, Maillon
from shared.events.mouvements import DECODEURS, MOUVEMENTS
from shared.events.porte import Recu, Refus, judge
from shared.temps import parse_instant
from tests.contrat import CONTRAT, DOCS, read, validator
from tests.unit.valeurs import cases

MAINTENANT = parse_instant("2099-01-01T00:00:00Z")


def test_the_committed_documents_are_those_of_the_catalogue() -> None:
    assert check_docs(DOCS) == []


def test_the_documents_are_the_same_at_each_writing() -> None:
    assert documents() == documents()


def test_a_document_that_differs_is_missing_or_belongs_to_no_type_is_named(tmp_path: Path) -> None:
    ecrits = write_docs(tmp_path)
    assert check_docs(tmp_path) == []
    (tmp_path / "evenements.md").write_text("autre chose")
    (tmp_path / "contrat/schemas/fr.caf.piece.arrivee.v1.json").unlink()
    (tmp_path / "contrat/exemples/fr.caf.piece.perdue.v1.json").write_text("{}")
    differences = check_docs(tmp_path)
    assert [d.rsplit("/", 1)[-1] for d in differences] == [
        "fr.caf.piece.perdue.v1.json : aucun type de ce nom",
        "evenements.md : ne dit plus ce que dit le catalogue",
        "fr.caf.piece.arrivee.v1.json : absent",
    ]
    assert write_docs(tmp_path) == ecrits
    assert check_docs(tmp_path) == []


@pytest.mark.parametrize("type_", [*TYPES, *PUBLICATIONS])
def test_each_schema_is_valid_2020_12_stands_alone_and_takes_its_example(type_: str) -> None:
    schema = read(f"schemas/{type_}.json")
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert all(r.startswith("#/$defs/") for r in re.findall(r'"\$ref": "([^"]*)"', json.dumps(schema)))
    assert "(?!\\n)" not in json.dumps(schema), "only Python needs it"
    validator(type_).validate(read(f"exemples/{type_}.json"))


@pytest.mark.parametrize("type_", TYPES)
def test_each_example_is_accepted_by_the_door_and_enters_the_journal_as_its_schema_says(type_: str) -> None:
    exemple = read(f"exemples/{type_}.json")
    recu = judge(json.dumps(exemple).encode(), MAINTENANT)
    assert isinstance(recu, Recu), recu
    publie = json.loads(recu.octets)
    validator(type_).validate(publie)
    # A default that was written out is not written again.
    assert publie["data"].items() <= exemple["data"].items()
    assert publie["datacontenttype"] == "application/json"
    assert {nom: publie[nom] for nom in exemple if nom != "data"} == {n: v for n, v in exemple.items() if n != "data"}


@pytest.mark.parametrize("type_", MOUVEMENTS)
def test_each_movement_example_is_read_by_the_fold_and_may_gain_members(type_: str) -> None:
    exemple = read(f"exemples/{type_}.json")
    lu = DECODEURS[type_].decode(json.dumps(exemple).encode())
    assert lu.caf == exemple["caf"]
    assert lu.data.apres is not None
    exemple["data"]["apres"]["nouveau"] = 1
    exemple["nouveau"] = 1
    validator(type_).validate(exemple)
    del exemple["data"]["apres"]
    assert not validator(type_).is_valid(exemple)


@pytest.mark.parametrize("type_", TYPES)
def test_the_schema_of_a_type_takes_and_refuses_what_the_door_takes_and_refuses(type_: str) -> None:
    schema = validator(type_)
    for brut, membre, accepte in cases(type_):
        verdict = judge(json.dumps(brut).encode(), MAINTENANT)
        assert isinstance(verdict, Recu) is accepte, (membre, brut, verdict)
        assert schema.is_valid(brut) is accepte, (membre, brut)


@pytest.mark.parametrize("texte", [b"1.0", b"1e3", b"10.00"])
def test_a_schema_can_not_say_that_a_number_has_no_fraction_and_the_page_says_so(texte: bytes) -> None:
    type_ = "fr.caf.encaissement.constate.v1"
    octets = json.dumps(read(f"exemples/{type_}.json")).encode().replace(b"64979", texte)
    assert validator(type_).is_valid(json.loads(octets))
    assert isinstance(judge(octets, MAINTENANT), Refus)
    assert "`1.0`" in (DOCS / "evenements.md").read_text(encoding="utf-8")


def asyncapi() -> Any:
    """The committed AsyncAPI document."""
    return yaml.safe_load((CONTRAT / "asyncapi.yaml").read_text(encoding="utf-8"))


def references(noeud: Any) -> Iterator[str]:
    """Every ``$ref`` below a node."""
    if isinstance(noeud, dict):
        for nom, valeur in noeud.items():
            if nom == "$ref":
                yield valeur
            else:
                yield from references(valeur)
    elif isinstance(noeud, list):
        for element in noeud:
            yield from references(element)


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()
    for reference in references(document):
        if reference.startswith("#/"):
            noeud = document
            for nom in reference.removeprefix("#/").split("/"):
                noeud = noeud[nom]
        else:
            assert (CONTRAT / reference).is_file(), reference


def test_the_asyncapi_document_has_the_shape_of_version_3() -> None:
    document = asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert set(document) == {
        "asyncapi", "info", "defaultContentType", "servers", "channels", "operations", "components",
    }  # fmt: skip
    assert all({"host", "protocol"} <= set(serveur) for serveur in document["servers"].values())
    assert all({"address", "messages", "servers"} <= set(canal) for canal in document["channels"].values())
    assert {o["action"] for o in document["operations"].values()} == {"receive", "send"}
    for nom, message in document["components"]["messages"].items():
        assert message["name"] == nom
        assert set(message["payload"]) == {"schemaFormat", "schema"}


def test_each_type_passes_both_doors_and_the_log_of_the_service_that_owns_it() -> None:
    canaux = asyncapi()["channels"]
    adresses = {
        canal["address"]: {m["$ref"].rsplit("/", 1)[-1] for m in canal["messages"].values()}
        for canal in canaux.values()
    }
    assert adresses["/v1/evenements"] == {*TYPES, "lot"}
    assert adresses["ecluse.entrees.v1"] == set(TYPES)
    for service in ("production", "contacts", "recovery"):
        attendus = {t.type for t in TYPES.values() if t.service == service}
        attendus |= {p.type for p in PUBLICATIONS.values() if service in p.services} - {TIC}
        assert adresses[f"ecluse.{service}.v1"] == attendus
    assert adresses["ecluse.tics.v1"] == {TIC}


def test_each_topic_is_declared_as_the_registry_creates_it() -> None:
    canaux = {c["address"]: c["bindings"]["kafka"] for c in asyncapi()["channels"].values() if "bindings" in c}
    page = (DOCS / "evenements.md").read_text(encoding="utf-8")
    for sujet in (ENTREES, *JOURNAUX.values(), TICS):
        dit = canaux.pop(sujet.nom())
        assert dit["partitions"] == sujet.partitions
        assert str(dit["topicConfiguration"]["retention.ms"]) == sujet.reglages()["retention.ms"]
    assert not canaux
    assert all(f"| `{sujet.nom()}` |" in page for sujet in SUJETS)


def test_each_header_of_a_record_is_documented_with_the_form_that_is_sent() -> None:
    traits = asyncapi()["components"]["messageTraits"]
    ligne = Ligne(3, 41, 40, "091|D-1", "fr.caf.piece.arrivee.v1", b"{}", 1, f"00-{'ab' * 16}-{'cd' * 8}-01")
    epoque = EpoqueDuJournal(2, "ab12" * 8)
    ouverture = write_opening("contacts", epoque, [Maillon(2, "ab12" * 8, 40)], 1)
    for trait, envoi in (("journal", write_record(ligne, epoque.encode())), ("annonce", ouverture)):
        entetes = {nom: valeur.decode() for nom, valeur in envoi.entetes}
        Draft202012Validator({**traits[trait]["headers"], "additionalProperties": False}).validate(entetes)
        assert set(entetes) == set(traits[trait]["headers"]["properties"])


def test_each_message_is_a_structured_cloudevent_keyed_by_caf_and_dossier() -> None:
    composants = asyncapi()["components"]
    trait = composants["messageTraits"]["cloudevent"]
    assert trait["contentType"] == "application/cloudevents+json"
    assert re.search(trait["bindings"]["kafka"]["key"]["pattern"], "091|D-7f3a91")
    for nom, message in composants["messages"].items():
        if nom == "lot":
            assert message["contentType"] == "application/cloudevents-batch+json"
        else:
            traits = ["annonce"] if nom in ANNONCES else ["cloudevent", "journal"]
            assert message["traits"] == [{"$ref": f"#/components/messageTraits/{t}"} for t in traits]
            assert message["payload"]["schema"] == {"$ref": f"./schemas/{nom}.json"}
            assert message["examples"][0]["payload"] == read(f"exemples/{nom}.json")


def test_the_reference_page_tells_of_every_type_member_value_and_label() -> None:
    page = (DOCS / "evenements.md").read_text(encoding="utf-8")
    for type_ in [*TYPES, *PUBLICATIONS]:
        assert f"### `{type_}`" in page
    assert "| `demande_rsa` | Demande de RSA |" in page
    assert "| `niveau` | non, vaut `1` |" in page
    ancres = {titre.lower() for titre in re.findall(r"^### (\w+)$", page, re.MULTILINE)}
    assert set(re.findall(r"\]\(#(\w+)\)", page)) == ancres
