"""Topics on a real broker: created once as declared, and every difference is told."""

import pytest
from typer.testing import CliRunner, Result

from ecluse.cli import app
from shared.bus.admin import Administration, SujetRefuse
from shared.bus.courtier import Courtier, CourtierInjoignable
from shared.bus.sujets import ENTREES, JOURNAUX, SUJETS, TICS
from tests.infra.kafka import Kafka
from tests.infra.processus import free_port
from tests.maisons import eventually


@pytest.fixture
def courtier(kafka: Kafka, prefixe: str) -> Courtier:
    return Courtier((kafka.adresse,), prefixe)


def run(courtier: Courtier, *mots: str) -> Result:
    environnement = {"ECLUSE_KAFKA": str(courtier), "ECLUSE_PREFIXE": courtier.prefixe}
    return CliRunner().invoke(app, ["topics", *mots], env=environnement)


def test_topics_are_created_as_declared_and_a_second_time_changes_nothing(courtier: Courtier) -> None:
    noms = sorted(sujet.nom(courtier.prefixe) for sujet in SUJETS)
    fin = run(courtier, "create")
    assert (fin.exit_code, fin.output.splitlines()) == (0, [f"{nom} : créé" for nom in noms])
    with Administration(courtier) as administration:
        ids = [administration.topic_id(nom) for nom in noms]
    fin = run(courtier, "create")
    assert (fin.exit_code, fin.output) == (0, "Tous les sujets existent déjà.\n")
    fin = run(courtier, "check")
    assert (fin.exit_code, fin.output) == (0, "Tous les sujets sont comme déclarés.\n")
    with Administration(courtier) as administration:
        assert [administration.topic_id(nom) for nom in noms] == ids
    assert len(set(ids)) == len(SUJETS)
    assert None not in ids


def test_each_difference_is_told_and_exits_1(kafka: Kafka, courtier: Courtier) -> None:
    prefixe = courtier.prefixe
    with kafka.admin() as client:
        client.create_topics(
            {
                ENTREES.nom(prefixe): {"num_partitions": 3, "configs": ENTREES.reglages()},
                TICS.nom(prefixe): {"num_partitions": 1, "configs": {**TICS.reglages(), "retention.ms": "60000"}},
                JOURNAUX["contacts"].nom(prefixe): {"num_partitions": 12, "configs": {"max.message.bytes": "1000"}},
            },
            wait_for_metadata=True,
        )
    fin = run(courtier, "check")
    dits = fin.output.splitlines()
    assert fin.exit_code == 1
    assert f"{JOURNAUX['recovery'].nom(prefixe)} : absent ; le créer avec « ecluse topics create »" in dits
    assert any(d.startswith(f"{ENTREES.nom(prefixe)} : 3 partitions, 12 attendues") for d in dits)
    assert f"{TICS.nom(prefixe)} : durée de garde (ms) retention.ms=60000, attendu 3600000" in dits
    contacts = [d for d in dits if d.startswith(JOURNAUX["contacts"].nom(prefixe))]
    assert [d.split(" ")[-3].partition("=")[0] for d in contacts] == ["retention.ms", "max.message.bytes"]
    # What exists is not touched: only the missing ones are created, and the rest is still told.
    fin = run(courtier, "create")
    assert fin.exit_code == 1
    assert ENTREES.nom(prefixe) not in [ligne.partition(" ")[0] for ligne in fin.output.splitlines() if "créé" in ligne]
    assert any("3 partitions" in ligne for ligne in fin.output.splitlines())


def test_a_topic_that_was_recreated_has_another_identifier(kafka: Kafka, courtier: Courtier) -> None:
    nom = TICS.nom(courtier.prefixe)
    with Administration(courtier) as administration:
        assert administration.topic_id(nom) is None
        assert administration.create([TICS]) == [nom]
        premier = administration.topic_id(nom)
        kafka.delete_topics(nom)
        eventually(lambda: administration.topic_id(nom) is None)
        assert administration.create([TICS]) == [nom]
        assert administration.topic_id(nom) not in (None, premier)


def test_a_refusal_of_the_broker_names_the_topic(courtier: Courtier) -> None:
    with (
        Administration(Courtier(courtier.serveurs, "préfixe")) as administration,
        pytest.raises(SujetRefuse, match=r"préfixe\.tics\.v1 : refusé"),
    ):
        administration.create([TICS])


def test_an_absent_cluster_is_one_clear_line() -> None:
    adresse = f"127.0.0.1:{free_port()}"
    with pytest.raises(CourtierInjoignable, match=f"Kafka ne répond pas à {adresse}"):
        Administration(Courtier((adresse,)), delai_ms=500)
    fin = CliRunner().invoke(app, ["topics", "check"], env={"ECLUSE_KAFKA": ""})
    assert fin.exit_code == 2
    assert fin.output.startswith("ecluse : ECLUSE_KAFKA manque")
