"""Several writers on one PostgreSQL database: nothing is lost, nothing counts twice, each dossier keeps its order."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from services.contacts.models import MODELES as MODELES_CONTACTS
from shared.reglages import PARTITIONS
from shared.runtime.ecrivain import Refuse
from shared.runtime.journal import JOURNAL, PUBLIEUR, Publication, take_lead
from shared.runtime.lot import ACCEPTE, DIFFERENT, DOUBLON, Lot
from shared.runtime.service import ServiceDeFaits
from shared.runtime.verrous import bucket_of
from shared.temps import from_iso
from tests.fabrique import Brut, Variante, counted_images, for_oracle, histories, instants, receive
from tests.infra.ecrivains import (
    CONTACTS,
    PATIENCE,
    PRODUCTION,
    by_key,
    empty,
    holding,
    objects,
    open_writer,
    published,
    take_all,
    together,
    wait_blocked,
    writers,
)
from tests.maisons import arrivee, draw_seed, fait, traitee
from tests.oracle import state

COMPTE = text("INSERT INTO compteur VALUES (:nom, 1) ON CONFLICT (nom) DO UPDATE SET valeur = compteur.valeur + 1")
NOMS = ("C-1", "C-2", "C-3", "C-4")
CONTACT = st.sampled_from(NOMS)
# Contacts of two dossiers, named now in one and now in the other, near enough to repeat one another.
HISTOIRES = histories(
    [
        Variante(
            "contact.recu",
            st.fixed_dictionaries({"contact": CONTACT, "canal": st.just("chat"), "nature": st.just("dossier")}),
        ),
        Variante("contact.clos", st.fixed_dictionaries({"contact": CONTACT, "issue": st.just("repondu")})),
    ],
    instants(datetime(2023, 3, 24, 10, tzinfo=UTC), 12),
    max_size=14,
)


@pytest.fixture(scope="module")
def contacts(postgres: Any) -> Iterator[list[ServiceDeFaits]]:
    url = postgres.create_database("contacts")
    with writers(CONTACTS, url) as services:
        yield services
    postgres.drop_database(url)


@pytest.fixture
def production(nouvelle_base: Callable[[str], str]) -> Iterator[list[ServiceDeFaits]]:
    with writers(PRODUCTION, nouvelle_base("production")) as services:
        yield services


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bruts=HISTOIRES, partage=st.lists(st.sampled_from([(0,), (1,), (0, 1)]), min_size=14, max_size=14), par=...)
def test_two_writers_give_the_state_that_one_gives_alone(
    contacts: list[ServiceDeFaits], bruts: list[Brut], partage: list[tuple[int, ...]], par: bool
) -> None:
    empty(contacts[0], MODELES_CONTACTS)
    parts: list[list[Brut]] = [[], []]
    for brut, ou in zip(bruts, partage, strict=False):
        for n in ou:
            parts[n].append(brut)
    verdicts = together([partial(take_all, s, p, 3 if par else 1) for s, p in zip(contacts, parts, strict=True)])
    assert Counter(v.sort for vs in verdicts for v in vs)["accepte"] == len(bruts)
    journal = published(contacts[0])
    comptees = counted_images((type_, octets) for _, type_, octets in journal)
    attendus = state.etat(for_oracle(bruts)).contacts
    assert {objet for (_, _, objet) in comptees} == {c.id for c in attendus}
    repetes = {objet for (_, _, objet), image in comptees.items() if getattr(image, "repete", False)}
    assert repetes == {c.id for c in attendus if c.repete}
    assert {ligne["objet"] for ligne in objects(contacts[0], MODELES_CONTACTS)["contact"] if ligne["repete"]} == repetes


def test_two_writers_leave_the_rows_that_one_leaves_on_a_file(production: list[ServiceDeFaits], tmp_path: Path) -> None:
    hasard = random.Random(draw_seed())
    bruts = [brut for n in range(30) for brut in _life(f"P-{n}", hasard)]
    parts = [hasard.sample(bruts, len(bruts)) for _ in production]
    together([partial(take_all, s, p, 7) for s, p in zip(production, parts, strict=True)])
    seul = open_writer(PRODUCTION, tmp_path)
    take_all(seul, bruts, 50)
    attendues = by_key(objects(seul, PRODUCTION.modeles))
    images = counted_images((type_, octets) for _, type_, octets in published(seul))
    seul.close()
    assert by_key(objects(production[0], PRODUCTION.modeles)) == attendues
    assert counted_images((type_, octets) for _, type_, octets in published(production[1])) == images


def _life(piece: str, hasard: random.Random) -> Iterator[Brut]:
    jours = sorted(hasard.sample(range(2, 28), 5))
    types = ["piece.suspendue", "piece.reprise", "piece.traitee", "piece.rouverte"]
    membres: dict[str, dict[str, Any]] = {"piece.traitee": {"issue": "liquidee"}}
    yield arrivee(piece, f"2023-01-{jours[0]:02}T10:00:00Z")
    for type_, jour in zip(types, jours[1:], strict=True):
        autres = membres.get(type_, {})
        yield fait(type_, f"2023-01-{jour:02}T10:00:00Z", piece=piece, dossier=f"D-{piece}", **autres)


def test_writers_that_change_the_same_piece_at_once_lose_nothing(production: list[ServiceDeFaits]) -> None:
    parts = [
        [fait("piece.suspendue", f"2023-01-{10 + n:02}T1{k}:00:00Z", piece="P-1", dossier="D-1") for n in range(10)]
        for k in range(2)
    ]
    together([partial(take_all, s, p) for s, p in zip(production, parts, strict=True)])
    (ligne,) = objects(production[0], PRODUCTION.modeles)["piece"]
    assert len(msgspec.json.decode(ligne["faits"])) == 20


def test_an_event_that_comes_to_two_writers_at_once_counts_once(production: list[ServiceDeFaits]) -> None:
    bruts = [arrivee(f"P-{n}", id=f"E-{n}") for n in range(60)]
    verdicts = together([partial(take_all, s, bruts, 20) for s in production])
    assert [{a, b} for a, b in zip(*verdicts, strict=True)] == [{ACCEPTE, DOUBLON}] * 60
    types = Counter(type_ for _, type_, _ in published(production[0]))
    assert types == {"fr.caf.piece.arrivee.v1": 60, "fr.caf.piece.mouvement.v1": 60}


def test_of_two_contents_of_an_id_that_come_at_once_one_stands(production: list[ServiceDeFaits]) -> None:
    parts = [[arrivee(f"P-{k}-{n}", id=f"E-{n}") for n in range(30)] for k in range(2)]
    verdicts = together([partial(take_all, s, p, 10) for s, p in zip(production, parts, strict=True)])
    assert [{a, b} for a, b in zip(*verdicts, strict=True)] == [{ACCEPTE, DIFFERENT}] * 30
    assert len(objects(production[0], PRODUCTION.modeles)["piece"]) == 30


def test_a_dossier_is_changed_by_one_writer_at_a_time_and_others_do_not_wait(
    nouvelle_base: Callable[[str], str],
) -> None:
    assert bucket_of("091|D-1") != bucket_of("091|D-3")
    with writers(PRODUCTION, nouvelle_base("production"), 3) as (premier, second, troisieme):
        with holding(premier, arrivee("P-1", dossier="D-1")):
            attend = second.submit([receive(arrivee("P-2", dossier="D-1"))])
            wait_blocked(troisieme, attend)
            assert not attend.done()
            # These rows are seen before others that took smaller numbers and are not committed yet.
            assert take_all(troisieme, [arrivee("P-3", dossier="D-3")]) == [ACCEPTE]
            assert {cle for cle, _, _ in published(premier)} == {"091|D-3"}
        assert attend.result(PATIENCE) == [ACCEPTE]
        arrivees = [o for cle, type_, o in published(premier) if (cle, type_) == ("091|D-1", "fr.caf.piece.arrivee.v1")]
    assert [msgspec.json.decode(o)["data"]["piece"] for o in arrivees] == ["P-1", "P-2"]


def recu(contact: str, jour: int, dossier: str) -> Brut:
    data = {"canal": "chat", "nature": "dossier"}
    return fait("contact.recu", f"2023-03-{jour:02}T10:00:00Z", contact=contact, dossier=dossier, **data)


def repeated(service: ServiceDeFaits) -> set[str]:
    return {ligne["objet"] for ligne in objects(service, MODELES_CONTACTS)["contact"] if ligne["repete"]}


def test_contacts_of_a_dossier_that_come_at_once_know_of_each_other(contacts: list[ServiceDeFaits]) -> None:
    premier, second = contacts
    empty(premier, MODELES_CONTACTS)
    with holding(premier, recu("C-2", 25, "D-1")):
        attend = second.submit([receive(recu("C-1", 24, "D-1"))])
        wait_blocked(second, attend)
    assert attend.result(PATIENCE) == [ACCEPTE]
    assert repeated(premier) == {"C-2"}


def test_a_dossier_of_a_refused_command_is_held_again_by_what_follows_in_its_transaction(
    contacts: list[ServiceDeFaits],
) -> None:
    premier, second = contacts
    empty(premier, MODELES_CONTACTS)

    def be_refused(lot: Lot) -> None:
        with suppress(Refuse), lot.savepoint():
            lot.take([receive(recu("C-1", 22, "D-1"))])
            raise Refuse("refusé après coup")

    with holding(premier, recu("C-2", 25, "D-1"), avant=be_refused):
        attend = second.submit([receive(recu("C-3", 24, "D-1"))])
        wait_blocked(second, attend)
        assert not attend.done()
    assert attend.result(PATIENCE) == [ACCEPTE]
    assert repeated(premier) == {"C-2"}


def test_a_contact_that_leaves_a_dossier_is_not_repeated_there_by_one_that_comes_at_once(
    contacts: list[ServiceDeFaits],
) -> None:
    premier, second = contacts
    empty(premier, MODELES_CONTACTS)
    take_all(premier, [recu("C-1", 24, "D-1")])
    assert bucket_of("091|D-1") != bucket_of("091|D-2")
    # An earlier reception, in another dossier: it is the one that holds.
    with holding(premier, recu("C-1", 23, "D-2")):
        attend = second.submit([receive(recu("C-2", 25, "D-1"))])
        wait_blocked(second, attend)
    assert attend.result(PATIENCE) == [ACCEPTE]
    assert repeated(premier) == set()


def test_facts_of_a_piece_that_name_two_dossiers_at_once_are_both_kept(production: list[ServiceDeFaits]) -> None:
    premier, second = production
    with holding(premier, arrivee("P-1", "2023-01-02T10:00:00Z", dossier="D-1")):
        attend = second.submit([receive(traitee("P-1", "2023-01-12T10:00:00Z", dossier="D-2"))])
        wait_blocked(second, attend)
    assert attend.result(PATIENCE) == [ACCEPTE]
    (ligne,) = objects(premier, PRODUCTION.modeles)["piece"]
    assert len(msgspec.json.decode(ligne["faits"])) == 2
    assert ligne["fin"] == from_iso("2023-01-12")


def test_two_writers_that_wait_for_each_other_both_end(production: list[ServiceDeFaits]) -> None:
    croise = Barrier(2)

    def cross(premier: str, second: str, lot: Lot) -> int:
        for rang, nom in enumerate((premier, second)):
            if rang:
                # The first time both hold what the other wants; the one sent away finds nobody there.
                with suppress(BrokenBarrierError):
                    croise.wait(PATIENCE)
            lot.connexion.execute(
                text(
                    "INSERT INTO compteur VALUES (:nom, 1) ON CONFLICT (nom) DO UPDATE SET valeur = compteur.valeur + 1"
                ),
                {"nom": nom},
            )
        croise.abort()
        return 1

    together([
        lambda: production[0].ecrivain.order(partial(cross, "a", "b")).result(PATIENCE),
        lambda: production[1].ecrivain.order(partial(cross, "b", "a")).result(PATIENCE),
    ])  # fmt: skip
    with production[0].lecture.connect() as connexion:
        assert connexion.execute(text("SELECT nom, valeur FROM compteur ORDER BY nom")).all() == [("a", 2), ("b", 2)]


def test_the_log_says_how_much_of_it_waits_for_the_publisher(production: list[ServiceDeFaits]) -> None:
    take_all(production[0], [arrivee("P-1")])
    for service in production:
        assert service.publication() == Publication(0, 2, 0, 0, "", [0] * PARTITIONS)
        assert service.tick().attente == 2
    with production[0].ecriture.begin() as connexion:
        plume = take_lead(connexion, "production", "une-marque")
        connexion.execute(update(JOURNAL).values(position=JOURNAL.c.id, precedent=0))
        connexion.execute(update(PUBLIEUR).values(assigne=2, confirme=1))
    assert (plume.epoque, plume.position) == (1, 0)
    tic = production[1].tick()
    assert (tic.tete, tic.attente, tic.marque) == (2, 0, "une-marque")
    assert [r.type for r in production[1].read(0, 10, ())] == ["fr.caf.piece.arrivee.v1", "fr.caf.piece.mouvement.v1"]
