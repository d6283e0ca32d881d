"""Contacts: what their facts say in any order, and which of them repeat another of their dossier."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from services.contacts.handlers import CONTACT, DECIDEURS
from services.contacts.models import MODELES
from shared.events.catalogue import types_of
from shared.events.contacts import CanalContact, NatureContact
from shared.events.mouvements import ImageCampagne, ImageContact
from shared.runtime.lot import Lot
from shared.temps import HEURE, parse_instant
from tests.fabrique import (
    Brut,
    Variante,
    evenement,
    final_images,
    for_oracle,
    histories,
    instants,
    open_base,
    reduce,
    take,
    undone,
)
from tests.oracle import state
from tests.oracle.contacts import Contact as ContactOracle

C = {"contact": "C-1"}
RECEPTION = "2023-03-24T10:00:00Z"
T0 = parse_instant(RECEPTION)
QUAND = instants(datetime(2023, 3, 24, 10, tzinfo=UTC), 5)


def variantes(contacts: Sequence[str]) -> list[Variante]:
    """The types of a contact, for contacts of these names."""
    noms = st.sampled_from(contacts)
    recu = st.fixed_dictionaries(
        {
            "contact": noms,
            "canal": st.sampled_from([c.value for c in CanalContact]),
            "nature": st.sampled_from([n.value for n in NatureContact]),
        },
        optional={"niveau": st.sampled_from([1, 2]), "site": st.sampled_from(["Foix", "Pamiers"])},
    )
    clos = st.fixed_dictionaries(
        {"contact": noms, "issue": st.sampled_from(["repondu", "abandonne", "sans_suite"])},
        optional={"par": st.sampled_from(["agent", "automate"])},
    )
    return [
        Variante("contact.recu", recu),
        Variante("contact.pris_en_charge", noms.map(lambda c: {"contact": c})),
        Variante("contact.transfere", noms.map(lambda c: {"contact": c})),
        Variante("contact.clos", clos),
    ]


HISTOIRES = histories(variantes(["C-1"]), QUAND)


def recu(quand: str = RECEPTION, *, contact: str = "C-1", **data: Any) -> Brut:
    complet: dict[str, Any] = {"contact": contact, "canal": "courriel", "nature": "dossier"} | data
    return evenement("contact.recu", quand, **complet)


def clos(quand: str, issue: str = "repondu", **data: Any) -> Brut:
    return evenement("contact.clos", quand, **C, issue=issue, **data)


def image(*bruts: Brut) -> ImageContact:
    (comptee,) = reduce(CONTACT, bruts).images
    return cast(ImageContact, comptee.image)


def test_every_type_of_the_service_has_its_decider() -> None:
    assert {nom: genre.nom for nom, genre in DECIDEURS.items()} == {t.type: t.genre for t in types_of("contacts")}


def test_a_contact_shows_what_its_reception_and_its_first_closing_say() -> None:
    vue = image(
        recu(niveau=2, site="Foix"),
        evenement("contact.transfere", "2023-03-24T11:00:00Z", **C, pole="Logement"),
        evenement("contact.transfere", "2023-03-24T12:00:00Z", **C),
        clos("2023-03-27T08:00:00Z", "sans_suite", par="automate"),
        clos("2023-03-28T08:00:00Z", "repondu"),
    )
    assert vue == ImageContact(
        canal="courriel",
        nature="dossier",
        niveau=2,
        recu="2023-03-24",
        site="Foix",
        pole="Logement",
        clos="2023-03-27",
        issue="sans_suite",
        par="automate",
        clos_sous_48h=False,
        pris_en_charge=True,
        pris_en_charge_avant_48h=True,
    )


def test_an_unknown_contact_waits_in_no_figure() -> None:
    etat = reduce(CONTACT, [clos("2023-03-27T08:00:00Z")])
    assert (etat.dossier, etat.images) == (None, ())
    assert set(etat.colonnes) == set(reduce(CONTACT, [recu()]).colonnes)


@pytest.mark.parametrize(
    ("fin", "sous_48h", "avant_48h"),
    [
        ("2023-03-26T09:59:59.999999Z", True, True),
        ("2023-03-26T10:00:00Z", True, False),
        ("2023-03-26T10:00:00.000001Z", False, False),
        ("2023-03-26T12:00:00+02:00", True, False),
        ("2023-03-24T09:00:00Z", True, True),
    ],
)
def test_48_hours_elapse_on_the_clock_whatever_summer_time_does(fin: str, sous_48h: bool, avant_48h: bool) -> None:
    vue = image(recu(), clos(fin))
    assert (vue.clos_sous_48h, vue.pris_en_charge_avant_48h) == (sous_48h, avant_48h)


@pytest.mark.parametrize("type_", ["pris_en_charge", "transfere", "clos"])
def test_the_first_gesture_of_any_kind_takes_a_contact_on(type_: str) -> None:
    geste = evenement(
        f"contact.{type_}", "2023-03-25T10:00:00Z", **C, **({"issue": "repondu"} if type_ == "clos" else {})
    )
    tardif = evenement("contact.pris_en_charge", "2023-04-25T10:00:00Z", **C)
    assert not image(recu()).pris_en_charge
    assert not image(recu(), tardif).pris_en_charge_avant_48h
    assert image(recu(), tardif, geste).pris_en_charge_avant_48h


@given(HISTOIRES, st.randoms(use_true_random=False))
def test_any_order_of_the_same_facts_gives_the_same_state(bruts: list[Brut], hasard: Any) -> None:
    assert reduce(CONTACT, hasard.sample(bruts, len(bruts))) == reduce(CONTACT, bruts)


@given(HISTOIRES)
def test_the_state_is_the_one_of_the_oracle(bruts: list[Brut]) -> None:
    etat, vus = reduce(CONTACT, bruts), state.etat(for_oracle(bruts)).contacts
    assert bool(vus) == bool(etat.images) == (etat.dossier is not None)
    for comptee in etat.images:
        assert etat.dossier == vus[0].dossier
        agree(cast(ImageContact, comptee.image), vus[0])


def agree(vue: ImageContact, oracle: ContactOracle) -> None:
    assert (vue.canal, vue.nature, vue.site or "") == (oracle.canal, oracle.nature, oracle.site)
    assert vue.recu == oracle.recu.jour.isoformat()
    assert vue.clos == (oracle.clos.jour.isoformat() if oracle.clos else None)
    assert (vue.issue == "repondu") == oracle.repondu
    assert (vue.par == "agent") == oracle.par_agent
    assert vue.clos_sous_48h == (oracle.clos is not None and oracle.duree_de_reponse <= timedelta(hours=48))
    assert vue.pris_en_charge == (oracle.premier_geste is not None)
    assert vue.pris_en_charge_avant_48h == (
        oracle.premier_geste is not None and oracle.premier_geste.instant - oracle.recu.instant < timedelta(hours=48)
    )


@pytest.mark.parametrize(
    ("precedent", "repete"),
    [
        (None, False),
        (T0, False),
        (T0 - 1, True),
        (T0 - 168 * HEURE, True),
        (T0 - 168 * HEURE - 1, False),
    ],
)
def test_a_contact_repeats_one_that_came_more_than_0_and_at_most_168_hours_before(
    precedent: int | None, repete: bool
) -> None:
    (comptee,) = reduce(CONTACT, [recu()], voisinage=precedent).images
    assert cast(ImageContact, comptee.image).repete is repete


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    moteur = open_base(tmp_path_factory.mktemp("contacts") / "contacts.db", MODELES)
    yield moteur
    moteur.dispose()


def repeated(connexion: Connection, *lots: Sequence[Brut]) -> list[set[str]]:
    """The contacts that the movements leave counted as repeated, after each batch."""
    faits: list[Lot] = []
    suite = []
    for lot in lots:
        faits += take(connexion, "contacts", DECIDEURS, lot)
        images = final_images(faits)
        repetes = {objet for (_, _, objet), image in images.items() if cast(ImageContact, image).repete}
        lignes = connexion.exec_driver_sql("SELECT objet FROM contact WHERE repete")
        assert {objet for (objet,) in lignes} == repetes
        suite.append(repetes)
    return suite


def test_a_contact_that_comes_late_makes_the_next_one_repeat_it(base: Engine) -> None:
    with undone(base) as connexion:
        suivant = recu("2023-03-31T10:00:00Z", contact="C-2")
        assert repeated(connexion, [suivant], [recu()]) == [set(), {"C-2"}]


def test_a_contact_that_goes_on_still_repeats_the_one_before(base: Engine) -> None:
    with undone(base) as connexion:
        avant = recu("2023-03-17T10:00:00Z", contact="C-0")
        assert repeated(connexion, [avant, recu()], [clos("2023-03-27T10:00:00Z")]) == [{"C-1"}, {"C-1"}]


def test_a_contact_goes_on_repeating_one_that_is_far_before_the_contact_that_comes(base: Engine) -> None:
    with undone(base) as connexion:
        avant = recu("2023-03-16T02:00:00Z", contact="C-0")
        pendant = recu("2023-03-20T06:00:00Z", contact="C-00")
        assert repeated(connexion, [avant, pendant], [recu()]) == [{"C-00"}, {"C-00", "C-1"}]


def test_contacts_that_come_together_each_reach_168_hours_ahead(base: Engine) -> None:
    with undone(base) as connexion:
        loin = recu("2023-04-06T10:00:00Z", contact="C-9")
        ensemble = [recu(), recu("2023-03-30T10:00:00Z", contact="C-2")]
        assert repeated(connexion, [loin], ensemble) == [set(), {"C-2", "C-9"}]


def test_168_hours_across_the_change_to_summer_time_are_not_seven_days_of_the_clock(base: Engine) -> None:
    with undone(base) as connexion:
        avant = recu("2023-03-24T10:00:00+01:00")
        a_temps = recu("2023-03-31T11:00:00+02:00", contact="C-2")
        autre = recu("2023-03-24T10:00:00+01:00", contact="C-3", dossier="D-3")
        trop_tard = recu("2023-03-31T11:00:00.000001+02:00", contact="C-4", dossier="D-3")
        assert repeated(connexion, [avant, a_temps, autre, trop_tard]) == [{"C-2"}]


def test_a_corrected_dossier_frees_the_contacts_of_the_old_one_and_marks_those_of_the_new(base: Engine) -> None:
    with undone(base) as connexion:
        ancien = recu("2023-03-25T10:00:00Z", contact="C-old")
        nouveau = recu("2023-03-25T10:00:00Z", contact="C-new", dossier="D-2")
        corrige = recu("2023-03-24T09:00:00Z", dossier="D-2")
        assert repeated(connexion, [recu(), ancien, nouveau], [corrige]) == [{"C-old"}, {"C-new"}]


def test_a_corrected_instant_frees_the_contacts_that_came_after_the_old_one(base: Engine) -> None:
    with undone(base) as connexion:
        suivant = recu("2023-03-30T10:00:00Z", contact="C-2")
        assert repeated(connexion, [recu(), suivant], [recu("2023-03-01T10:00:00Z")]) == [{"C-2"}, set()]


def test_contacts_of_two_cafs_or_of_the_same_instant_do_not_repeat_one_another(base: Engine) -> None:
    with undone(base) as connexion:
        ailleurs = recu("2023-03-25T10:00:00Z", contact="C-2") | {"caf": "681"}
        ensemble = recu(contact="C-3")
        assert repeated(connexion, [recu(), ailleurs, ensemble]) == [set()]


# Steps of 84 h give gaps of exactly 168 h; a microsecond more or less falls on either side of it.
PAS = st.builds(
    lambda n, micro: (datetime(2023, 3, 20, 10, tzinfo=UTC) + timedelta(hours=84 * n, microseconds=micro)).isoformat(),
    st.integers(0, 9),
    st.sampled_from([0, 0, 0, -1, 1]),
)
FOULES = histories(variantes(["C-1", "C-2", "C-3", "C-4", "C-5"]), PAS, max_size=14)


@settings(max_examples=150)
@given(FOULES, st.sets(st.integers(1, 13), max_size=5))
def test_however_facts_are_batched_the_same_contacts_repeat_another(
    base: Engine, bruts: list[Brut], coupes: Iterable[int]
) -> None:
    bornes = [0, *sorted(coupes), len(bruts)]
    lots = [bruts[a:b] for a, b in pairwise(bornes)]
    attendus = {c.id for c in state.etat(for_oracle(bruts)).contacts if c.repete}
    with undone(base) as connexion:
        assert repeated(connexion, *lots)[-1] == attendus


def test_each_event_of_a_campaign_is_one_person_reached(base: Engine) -> None:
    data = {"campagne": "K", "theme": "Prime d'activité", "canal": "sms"}
    bruts = [
        evenement("campagne.envoyee", "2023-03-25T23:30:00Z", source=source, dossier=dossier, **data)
        for source, dossier in (("/a", "D-1"), ("/b", "D-1"), ("/c", "D-2"))
    ]
    with undone(base) as connexion:
        images = final_images(take(connexion, "contacts", DECIDEURS, bruts, bruts))
    assert list(images.values()) == [ImageCampagne(jour="2023-03-26", theme="Prime d'activité", canal="sms")] * 3
