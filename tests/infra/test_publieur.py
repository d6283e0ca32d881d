"""The publisher on real servers: what is committed reaches the topic, in the order of commits for each key."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from services.contacts.app import bootstrap as open_contacts
from services.production.app import bootstrap as open_production
from services.recovery.app import bootstrap as open_recovery
from shared.bus.attribution import Attribution, has_rows
from shared.bus.siege import Siege
from shared.events.base import Service
from shared.events.catalogue import SERVICES, types_of
from shared.events.docs.exemples import front_office_example
from shared.events.porte import Recu, judge
from shared.migrations import upgrade
from shared.reglages import Reglages, read_clock
from shared.runtime.journal import JOURNAL, PUBLIEUR, Evince, take_lead
from tests.contrat import validator
from tests.infra.postgres import Postgres
from tests.infra.publication import TRACE, VITE, Journal, dossiers
from tests.maisons import eventually

OUVREURS: Final = {"contacts": open_contacts, "production": open_production, "recovery": open_recovery}


def test_a_transaction_that_commits_after_a_later_one_is_published_after_it(journal: Journal) -> None:
    with journal.publisher(), journal.moteur.connect() as lente, journal.moteur.connect() as rapide:
        journal.write(lente, ["D-1", "D-2"])
        journal.write(rapide, ["D-3"])
        rapide.commit()
        eventually(lambda: journal.confirmed() == 1)
        journal.write(lente, ["D-1"])
        lente.commit()
        journal.wait_published()
    places = {(r.cle, r.position) for r in journal.check()}
    assert places == {("091|D-3", 1), ("091|D-1", 2), ("091|D-2", 3), ("091|D-1", 4)}


@pytest.mark.parametrize("graine", [11, 12])
def test_interleaved_transactions_are_all_published_and_those_rolled_back_leave_nothing(
    journal: Journal, graine: int
) -> None:
    hasard = random.Random(graine)
    # A dossier is held by one transaction at a time, as the writers' locks make sure.
    libres = [f"D-{n}" for n in range(20)]
    ouvertes: list[tuple[Connection, str]] = []
    with journal.publisher(replace(VITE, lot=7)):
        for _ in range(160):
            if len(ouvertes) < 4 and hasard.random() < 0.5:
                ouvertes.append((journal.moteur.connect(), libres.pop(hasard.randrange(len(libres)))))
            elif ouvertes:
                connexion, dossier = rang = hasard.choice(ouvertes)
                if hasard.random() < 0.6:
                    journal.write(connexion, [dossier] * hasard.randint(1, 4))
                else:
                    (connexion.commit if hasard.random() < 0.7 else connexion.rollback)()
                    connexion.close()
                    libres.append(dossier)
                    ouvertes.remove(rang)
        for connexion, _ in ouvertes:
            connexion.commit()
            connexion.close()
        journal.wait_published()
    assert journal.check()


def test_of_two_publishers_one_leads_and_the_other_takes_over_when_its_connection_is_cut(
    journal: Journal, postgres: Postgres
) -> None:
    with journal.publisher() as un, journal.publisher() as deux:
        journal.append(dossiers(200))
        journal.wait_published()
        premier, second = (un, deux) if un.mesures.meneur else (deux, un)
        assert not second.mesures.meneur
        postgres.terminate_backends(str(journal.moteur.url))
        journal.moteur.dispose()
        journal.append(dossiers(200))
        journal.wait_published()
        # Whoever lost its seat has a producer to close before it counts that.
        eventually(lambda: premier.mesures.reprises >= 1 and un.mesures.meneur + deux.mesures.meneur == 1)
    journal.check()
    for partition in range(12):
        epoques = [r.epoque for r in journal.records() if r.partition == partition]
        assert epoques == sorted(epoques), "a deposed publisher has written after the next one"


def test_a_deposed_epoch_is_stopped_before_it_writes(journal: Journal) -> None:
    journal.append(dossiers(5))
    with journal.moteur.begin() as connexion:
        ancienne = Attribution("contacts", take_lead(connexion, "contacts", "a" * 32).epoque)
        nouvelle = Attribution("contacts", take_lead(connexion, "contacts", "b" * 32).epoque)
    for geste in (ancienne.assign, lambda c: ancienne.confirm(c, 3)):
        with journal.moteur.begin() as connexion, pytest.raises(Evince, match="époque 1 est finie"):
            geste(connexion)
    with journal.moteur.begin() as connexion:
        assert connexion.execute(select(JOURNAL.c.position).where(JOURNAL.c.position.is_not(None))).all() == []
        tour = nouvelle.assign(connexion, 3)
        assert ([n.position for n in tour.lignes], tour.tete, tour.complet) == ([1, 2, 3], 3, False)
        nouvelle.confirm(connexion, 2)
        nouvelle.confirm(connexion, 1)
        assert connexion.execute(select(PUBLIEUR.c.confirme)).scalar() == 2, "what is confirmed never moves back"
        assert has_rows(connexion)


def test_a_round_that_is_rolled_back_gives_no_position(journal: Journal) -> None:
    journal.append(dossiers(5))
    with journal.moteur.begin() as connexion:
        attribution = Attribution("contacts", take_lead(connexion, "contacts", "a" * 32).epoque)
    with journal.moteur.connect() as connexion:
        attribution.assign(connexion)
        connexion.rollback()
        assert [n.position for n in attribution.assign(connexion).lignes] == [1, 2, 3, 4, 5]
        connexion.rollback()


def test_who_loses_the_connection_loses_the_seat(journal: Journal, postgres: Postgres) -> None:
    un, deux = Siege(journal.moteur, "contacts", 60), Siege(journal.moteur, "contacts", 60)
    assert un.take()
    assert not deux.take()
    postgres.terminate_backends(str(journal.moteur.url))
    deux.leave()
    eventually(deux.take)
    with pytest.raises(DBAPIError), un.transaction() as connexion:
        has_rows(connexion)
    with pytest.raises(Evince), un.transaction():
        pytest.fail("another connection must not take the place of the lost one")
    un.leave()
    assert not un.take()
    deux.leave()
    eventually(un.take)
    un.leave()


def test_a_leader_that_is_silent_for_too_long_loses_the_seat(journal: Journal) -> None:
    suspendu, autre = Siege(journal.moteur, "contacts", 1), Siege(journal.moteur, "contacts", 60)
    assert suspendu.take()
    eventually(autre.take)
    with pytest.raises(DBAPIError), suspendu.transaction() as connexion:
        has_rows(connexion)
    suspendu.leave()
    autre.leave()


def test_ticks_tell_the_head_of_each_partition_and_what_waits(journal: Journal) -> None:
    journal.append(dossiers(50))
    with journal.publisher(replace(VITE, lot=5)) as publieur:
        journal.wait_published()
        complets = eventually(lambda: [t for t in journal.ticks() if t["attente"] == 0])
        avant = len(complets)
        eventually(lambda: len(journal.ticks()) > avant + 3)
        assert publieur.mesures.retard.attente == 0
    tics = journal.ticks()
    tetes = {p: max((r.position or 0 for r in journal.records() if r.partition == p), default=0) for p in range(12)}
    assert tics[0]["attente"] > 0
    assert (tics[-1]["tete"], tics[-1]["tetes"], tics[-1]["attente"]) == (50, list(tetes.values()), 0)
    assert [t["instant"] for t in tics] == sorted(t["instant"] for t in tics)
    assert {t["marque"] for t in tics} == {tics[0]["lignee"][-1]["marque"]}


def test_kcat_sees_events_and_openings_as_they_are_documented(journal: Journal) -> None:
    journal.append(dossiers(30))
    journal.publish()
    journal.append(dossiers(30))
    journal.publish()
    vus = journal.records()
    assert {r.type for r in vus} == {"fr.caf.contact.recu.v1", "fr.caf.journal.epoque.v1"}
    for record in vus:
        evenement = json.loads(record.valeur)
        validator(record.type).validate(evenement)
        assert evenement["type"] == record.type
        assert record.entetes["content-type"] == "application/cloudevents+json; charset=UTF-8"
        if record.position is not None:
            assert record.cle == f"{evenement['caf']}|{evenement['subject']}"
            assert record.entetes["traceparent"] == TRACE
    ouvertures = [r for r in vus if r.position is None]
    assert sorted(r.partition for r in ouvertures) == sorted([*range(12), *range(12)])
    for ouverture in ouvertures:
        data = json.loads(ouverture.valeur)["data"]
        assert [m["numero"] for m in data["lignee"]] == list(range(1, data["numero"] + 1))
        if data["numero"] == 2:
            avant = [r.position for r in vus if r[:1] == ouverture[:1] and r.offset < ouverture.offset and r.position]
            assert (data["lignee"][1]["depuis"], data["lignee"][1]["tete"]) == (30, max(avant, default=0))
    journal.check()


@pytest.mark.parametrize("service", SERVICES)
def test_kcat_sees_what_each_service_really_writes_in_its_published_form(
    journal: Journal, nouvelle_base: Callable[[str], str], tmp_path: Path, service: Service
) -> None:
    url = nouvelle_base(service)
    upgrade(service, url)
    en_marche = OUVREURS[service](Reglages(tmp_path, bases={service: url}), lambda: None)
    exemples = [judge(json.dumps(front_office_example(t)).encode(), read_clock()) for t in types_of(service)]
    en_marche.submit([e for e in exemples if isinstance(e, Recu)]).result()
    sien = replace(journal, service=service, moteur=en_marche.ecriture)
    sien.publish()
    for record in sien.check():
        validator(record.type).validate(json.loads(record.valeur))
    assert {r.type for r in sien.records()} > {t.type for t in types_of(service)}
    en_marche.close()
