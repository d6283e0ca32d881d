"""``ecluse topics adopter``: the way back once a topic is not the one of before, or a database is an old copy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka.structs import TopicPartition
from sqlalchemy import Engine, select, text

from services.production.app import bootstrap as open_production
from shared.base import open_postgres
from shared.bus.attribution import Attribution
from shared.bus.sujets import ENTREES, JOURNAUX
from shared.migrations import upgrade
from shared.reglages import PARTITIONS, Reglages
from shared.runtime.journal import JOURNAL, PUBLIEUR, take_lead
from shared.runtime.presence import Travaux, tell_presence
from shared.runtime.service import ServiceDeFaits
from tests.commandes import Fin, assert_refuses, ecluse
from tests.fabrique import Brut
from tests.infra import lectures
from tests.infra.adoption import CONTACTS, INDICATEURS, PRODUCTION, create, name, recreate
from tests.infra.kafka import Kafka
from tests.infra.lectures import Boucle, entering, event_loop, journal_ids, taken
from tests.infra.postgres import Postgres
from tests.infra.publication import Journal, dossiers
from tests.maisons import arrivee, eventually, traitee


def address(moteur: Engine) -> str:
    return str(moteur.url).replace("+psycopg", "")


@pytest.fixture
def adopter(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Fin]:
    """The command on the database of the log."""
    name(monkeypatch, journal.kafka, journal.courtier.prefixe, address(journal.moteur))

    def run(*options: str | Path) -> Fin:
        return ecluse(*CONTACTS, *options)

    return run


def stop_of(journal: Journal, moteur: Engine | None = None) -> str:
    """Why a publisher stops."""
    with journal.publisher(moteur=moteur) as publieur:
        return eventually(lambda: publieur.mesures.arret)


def test_a_recreated_topic_that_is_adopted_gets_the_whole_log_again(
    journal: Journal, adopter: Callable[..., Fin]
) -> None:
    journal.append(dossiers(40))
    journal.publish()
    recreate(journal.kafka, journal.courtier.prefixe, JOURNAUX["contacts"])
    journal.append(dossiers(20))
    assert "« ecluse topics adopter contacts »" in stop_of(journal)
    sans_oui = adopter()
    assert (sans_oui.code, "--oui" in sans_oui.erreurs) == (2, True)
    assert "a été recréé. Tout le journal" in sans_oui.sortie
    assert stop_of(journal)
    fait = adopter("--oui")
    assert (fait.code, fait.erreurs) == (0, "")
    journal.publish()
    assert len(journal.check()) == 60
    assert adopter("--oui").sortie == "contacts : rien à adopter, les sujets continuent la base.\n"


def test_a_log_that_lost_its_tail_or_its_head_is_sent_again(journal: Journal, adopter: Callable[..., Fin]) -> None:
    journal.append(dossiers(40))
    journal.publish()
    # As after a tail that the broker lost with the opening of its epoch.
    with journal.moteur.begin() as connexion:
        journal.write(connexion, dossiers(20))
        attribution = Attribution("contacts", take_lead(connexion, "contacts", "d" * 32).epoque)
        attribution.confirm(connexion, attribution.assign(connexion).tete)
    assert "« ecluse topics adopter contacts »" in stop_of(journal)
    assert "s'arrête à la position" in adopter("--oui").sortie
    journal.publish()
    assert len(journal.check()) == 60
    pleine = next(r.partition for r in journal.records() if r.position)
    with journal.kafka.admin() as admin:
        admin.delete_records({TopicPartition(journal.sujet, pleine): 3})
    assert "a perdu ses 3 premiers enregistrements" in adopter("--oui").sortie
    journal.publish()
    assert {r.position for r in journal.records()} >= set(range(1, 61))


def test_a_worker_that_tells_of_itself_or_leads_prevents_the_adoption(
    journal: Journal, adopter: Callable[..., Fin]
) -> None:
    journal.append(dossiers(5))
    journal.publish()
    recreate(journal.kafka, journal.courtier.prefixe, JOURNAUX["contacts"])
    with journal.moteur.begin() as connexion:
        tell_presence(connexion, "un worker", Travaux(PARTITIONS, 0, None))
        # Its word holds for as long as the test lasts.
        connexion.execute(text("UPDATE presence SET vu_le = vu_le + 600000000000"))
    assert_refuses(adopter("--oui"), "un worker de contacts tourne", "« ecluse topics adopter contacts »")
    with journal.moteur.connect() as connexion:
        assert connexion.execute(select(PUBLIEUR.c.confirme)).scalar_one() == 5
    with journal.moteur.begin() as connexion:
        connexion.execute(text("DELETE FROM presence"))
    assert adopter("--oui").code == 0
    with journal.publisher() as publieur:
        eventually(lambda: publieur.mesures.meneur)
        assert_refuses(adopter("--oui"), "un worker de contacts tourne")


def test_an_old_copy_is_not_adopted_before_what_the_topic_has_more_is_out_of_the_way(
    journal: Journal,
    postgres: Postgres,
    adopter: Callable[..., Fin],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    journal.append(dossiers(40))
    journal.publish()
    journal.moteur.dispose()
    copie = postgres.create_database("copie", modele=address(journal.moteur))
    journal.append(dossiers(20))
    journal.publish()
    perdus = ids(journal.moteur)[40:]
    restauree = open_postgres(copie, ecriture=True)
    assert "« ecluse topics adopter contacts »" in stop_of(journal, restauree)
    monkeypatch.setenv("ECLUSE_DATABASE_URL", copie)
    avant = journal.records()
    assert_refuses(adopter("--oui"), "mêlerait deux numérotations", "--sauver FICHIER", "indicators --refaire")
    sauves = tmp_path / "surplus.ndjson"
    assert adopter("--sauver", sauves).erreurs.startswith(f"20 faits écrits dans {sauves}")
    assert adopter("--sauver", "-").sortie == sauves.read_text()
    assert sorted(json.loads(ligne)["id"] for ligne in sauves.read_text().splitlines()) == sorted(perdus)
    assert (journal.records(), sauves.stat().st_mode & 0o777) == (avant, 0o600)
    assert_refuses(adopter("--sauver", sauves), str(sauves))
    recreate(journal.kafka, journal.courtier.prefixe, JOURNAUX["contacts"])
    assert adopter("--oui").code == 0
    journal.moteur.dispose()
    journal.moteur = restauree
    journal.publish()
    assert len(journal.check()) == 40
    restauree.dispose()
    postgres.drop_database(copie)


def ids(moteur: Engine) -> list[str]:
    with moteur.connect() as connexion:
        return [
            json.loads(o)["id"] for o in connexion.execute(select(JOURNAL.c.octets).order_by(JOURNAL.c.id)).scalars()
        ]


@pytest.fixture
def boucle() -> Iterator[Boucle]:
    with event_loop() as boucle:
        yield boucle


@pytest.fixture
def production(nouvelle_base: Callable[[str], str]) -> Iterator[ServiceDeFaits]:
    base = nouvelle_base("production")
    upgrade("production", base)
    service = open_production(Reglages(Path(), bases={"production": base}), lambda: None)
    yield service
    service.close()


@pytest.fixture
def entrees(kafka: Kafka, prefixe: str, production: ServiceDeFaits, monkeypatch: pytest.MonkeyPatch) -> lectures.Sujet:
    """The ingress of production, made with the other topics."""
    name(monkeypatch, kafka, prefixe, production.reglages.bases["production"])
    create()
    return lectures.Sujet(kafka, ENTREES.nom(prefixe))


def pieces(debut: int, fin: int) -> list[Brut]:
    return [
        e for n in range(debut, fin) for e in (arrivee(f"P{n}", dossier=f"D{n}"), traitee(f"P{n}", dossier=f"D{n}"))
    ]


def test_an_ingress_that_was_recreated_and_is_adopted_is_read_from_its_beginning_without_doubles(
    boucle: Boucle, entrees: lectures.Sujet, production: ServiceDeFaits
) -> None:
    entrees.send(pieces(0, 20))
    with entering(boucle, entrees, production):
        eventually(lambda: taken(production) == 40)
    recreate(entrees.kafka, entrees.nom.partition(".")[0], ENTREES)
    entrees.send(pieces(10, 40))
    with entering(boucle, entrees, production) as lecteur:
        assert "« ecluse topics adopter production »" in eventually(lambda: lecteur.arret)
    assert len(journal_ids(production)) == 40
    fait = ecluse(*PRODUCTION, "--oui")
    assert (fait.code, fait.erreurs) == (0, "")
    assert "perdu pour lui" in fait.sortie
    with entering(boucle, entrees, production) as lecteur:
        eventually(lambda: taken(production) == 60)
        assert lecteur.arret is None
    assert sorted(journal_ids(production)) == sorted(e["id"] for e in pieces(0, 40))


def test_what_was_deleted_before_it_was_read_is_told_and_the_rest_is_read(
    boucle: Boucle, entrees: lectures.Sujet, production: ServiceDeFaits
) -> None:
    def put(debut: int, fin: int) -> None:
        for n in range(debut, fin):
            entrees.put(json.dumps(arrivee(f"P{n}", dossier="D")).encode(), "091|D", partition=0)

    put(0, 5)
    with entering(boucle, entrees, production):
        eventually(lambda: taken(production) == 5)
    put(5, 10)
    with entrees.kafka.admin() as admin:
        admin.delete_records({TopicPartition(entrees.nom, 0): 8})
    with entering(boucle, entrees, production) as lecteur:
        assert "« ecluse topics adopter production »" in eventually(lambda: lecteur.arret)
    assert "n'a plus 3 enregistrements" in ecluse(*PRODUCTION, "--oui").sortie
    with entering(boucle, entrees, production):
        eventually(lambda: len(journal_ids(production)) == 7)


def test_options_that_mean_nothing_for_a_service_are_refused() -> None:
    assert_refuses(ecluse(*CONTACTS, "--refaire"), "--refaire ne vaut que pour indicators")
    assert_refuses(ecluse(*INDICATEURS, "--sauver", "f"), "--sauver ne vaut que pour")
