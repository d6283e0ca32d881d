"""Where créances wait for someone: in which corbeille on which day, and in which order."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from services.recovery.handlers import CREANCE, DECIDEURS
from services.recovery.models import MODELES
from services.recovery.rules import Corbeille, rank
from shared.corbeille.tables import Travail
from tests.creances import constat, encaissement, fait, variantes
from tests.fabrique import (
    Brut,
    Variante,
    evenement,
    final_images,
    for_oracle,
    histories,
    instants,
    jour,
    open_base,
    reduce,
    take,
    undone,
)
from tests.oracle import state
from tests.oracle.calendar import mois_apres
from tests.oracle.creances import Creance as CreanceOracle
from tests.oracle.door import Evenement

NOTIFIEE = fait("creance.notifiee", "2024-01-31T10:00:00Z")
Sejours = list[tuple[str, str, str | None]]


def stays(*bruts: Brut, sans_droits: str | None = None) -> Sejours:
    travaux = reduce(CREANCE, bruts, jour(sans_droits) if sans_droits else None).travaux
    return [(t.corbeille, iso(t.du), None if t.au is None else iso(t.au)) for t in travaux]


def iso(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def test_what_is_known_and_not_notified_is_to_be_notified_within_thirty_days_of_the_constat() -> None:
    for debiteur in ("allocataire", "partenaire"):
        du = jour("2024-02-28")
        assert reduce(CREANCE, [constat("2024-02-28T10:00:00Z", debiteur=debiteur)], du).travaux == [
            Travail("a_notifier", du, None, 1, jour("2024-03-29"), du, 100_000)
        ]


@pytest.mark.parametrize(
    ("notifiee", "un_mois", "deux_mois"),
    [
        ("2024-01-31", "2024-02-29", "2024-03-31"),
        ("2023-01-31", "2023-02-28", "2023-03-31"),
        ("2023-12-31", "2024-01-31", "2024-02-29"),
        ("2024-02-29", "2024-03-29", "2024-04-29"),
    ],
)
def test_a_delay_is_counted_in_months_of_the_calendar(notifiee: str, un_mois: str, deux_mois: str) -> None:
    bruts = [constat("2023-01-05T10:00:00Z"), fait("creance.notifiee", f"{notifiee}T10:00:00Z")]
    assert stays(*bruts) == [("retard_1_mois", un_mois, deux_mois), ("retard_2_mois", deux_mois, None)]
    assert [t.echeance for t in reduce(CREANCE, bruts).travaux] == [jour(un_mois), jour(deux_mois)]
    assert {t.depuis for t in reduce(CREANCE, bruts).travaux} == {jour("2023-01-05")}


def test_an_encaissement_starts_the_delay_again_and_a_cancelled_one_does_not() -> None:
    bruts = [constat("2024-01-05T10:00:00Z"), NOTIFIEE, encaissement("2024-02-10T10:00:00Z", 40_000)]
    assert stays(*bruts)[0] == ("retard_1_mois", "2024-03-10", "2024-04-10")
    assert {t.montant for t in reduce(CREANCE, bruts).travaux} == {60_000}
    annule = fait("encaissement.annule", "2024-02-20T10:00:00Z", encaissement="E-1")
    assert stays(*bruts, annule)[0] == ("retard_1_mois", "2024-02-29", "2024-03-31")
    avant = encaissement("2024-01-10T10:00:00Z", 1)
    assert stays(constat(), NOTIFIEE, avant)[0] == ("retard_1_mois", "2024-02-29", "2024-03-31")


def test_a_second_notification_gives_no_time_back() -> None:
    bruts = [constat(), NOTIFIEE, fait("creance.notifiee", "2024-02-20T10:00:00Z")]
    assert stays(*bruts)[0] == ("retard_1_mois", "2024-02-29", "2024-03-31")


@pytest.mark.parametrize(
    "solde",
    [
        encaissement("2024-02-10T10:00:00Z", 100_000),
        fait("indu.annule", "2024-02-10T10:00:00Z", montant_centimes=100_000, motif="recours"),
        fait("remise.accordee", "2024-02-10T10:00:00Z", montant_centimes=100_000, instance="cra"),
    ],
)
def test_nothing_waits_once_nothing_is_due(solde: Brut) -> None:
    assert stays(constat(), solde) == stays(constat(), NOTIFIEE, solde, sans_droits="2024-02-01") == []


@pytest.mark.parametrize(
    ("fin", "attendus"),
    [
        ("2020-01-01", [("sans_droits", "2024-01-31", None)]),
        ("2024-02-29", [("sans_droits", "2024-02-29", None)]),
        ("2024-03-01", [("retard_1_mois", "2024-02-29", "2024-03-01"), ("sans_droits", "2024-03-01", None)]),
        ("2024-03-31", [("retard_1_mois", "2024-02-29", "2024-03-31"), ("sans_droits", "2024-03-31", None)]),
        (
            "2024-04-01",
            [
                ("retard_1_mois", "2024-02-29", "2024-03-31"),
                ("retard_2_mois", "2024-03-31", "2024-04-01"),
                ("sans_droits", "2024-04-01", None),
            ],
        ),
    ],
)
def test_a_notified_creance_of_a_dossier_without_rights_is_in_that_corbeille_alone(fin: str, attendus: Sejours) -> None:
    assert stays(constat(), NOTIFIEE, sans_droits=fin) == attendus
    priorites = [t.priorite for t in reduce(CREANCE, [constat(), NOTIFIEE], jour(fin)).travaux]
    assert priorites == [1] * (len(attendus) - 1) + [0]
    assert [s[0] for s in stays(constat(), sans_droits=fin)] == ["a_notifier"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    moteur = open_base(tmp_path_factory.mktemp("recovery") / "recovery.db", MODELES)
    yield moteur
    moteur.dispose()


def droits(quand: str, dossier: str = "D-1", **attributs: Any) -> Brut:
    return evenement("droits.clos", quand, dossier=dossier, prestation="rsa", **attributs)


def queue(connexion: Connection, *lots: Sequence[Brut]) -> set[tuple[str, str, str, int, int | None]]:
    """What the work queue holds after these batches: (caf, créance, corbeille, du, au)."""
    take(connexion, "recovery", DECIDEURS, *lots)
    lignes = connexion.exec_driver_sql("SELECT caf, objet, corbeille, du, au FROM element")
    return {(caf, objet, corbeille, du, au) for caf, objet, corbeille, du, au in lignes}


@pytest.mark.parametrize("ordre", [(0, 1, 2), (2, 0, 1), (0, 2, 1), (2, 1, 0)])
@pytest.mark.parametrize("ensemble", [True, False])
def test_the_end_of_rights_reaches_the_creances_of_the_dossier_in_any_order(
    base: Engine, ordre: tuple[int, ...], ensemble: bool
) -> None:
    faits = [constat(), NOTIFIEE, droits("2024-02-10T10:00:00Z")]
    lots = [[faits[n] for n in ordre]] if ensemble else [[faits[n]] for n in ordre]
    with undone(base) as connexion:
        assert queue(connexion, *lots) == {("091", "K-1", "sans_droits", jour("2024-02-10"), None)}


def test_the_end_of_rights_reaches_no_other_dossier_and_no_other_caf(base: Engine) -> None:
    ailleurs = [droits("2024-02-10T10:00:00Z", "D-2"), droits("2024-02-10T10:00:00Z") | {"caf": "681"}]
    with undone(base) as connexion:
        corbeilles = {ligne[2] for ligne in queue(connexion, [constat(), NOTIFIEE], ailleurs)}
    assert corbeilles == {"retard_1_mois", "retard_2_mois"}


def test_the_first_end_of_rights_holds(base: Engine) -> None:
    fins = [droits("2024-03-10T10:00:00Z"), droits("2024-02-10T10:00:00Z")]
    with undone(base) as connexion:
        assert queue(connexion, [constat(), NOTIFIEE], *([f] for f in fins)) == {
            ("091", "K-1", "sans_droits", jour("2024-02-10"), None)
        }


def test_a_creance_that_moves_to_another_dossier_takes_the_rights_of_that_one(base: Engine) -> None:
    corrige = constat("2021-02-27T10:00:00Z") | {"subject": "D-2"}
    with undone(base) as connexion:
        avant = queue(connexion, [constat(), NOTIFIEE, droits("2024-02-10T10:00:00Z")])
        assert {ligne[2] for ligne in avant} == {"sans_droits"}
        assert "sans_droits" not in {ligne[2] for ligne in queue(connexion, [corrige])}
        assert "sans_droits" in {ligne[2] for ligne in queue(connexion, [droits("2024-02-10T10:00:00Z", "D-2")])}


QUAND = instants(datetime(2024, 1, 29, 10, tzinfo=UTC), 60)
FOULES = histories(
    [
        *variantes(st.sampled_from(["K-1", "K-2"]))[:5],
        *variantes(st.sampled_from(["K-1", "K-2"]))[:2],
        Variante("remise.accordee", st.just({"creance": "K-1", "montant_centimes": 9, "instance": "cra"})),
        Variante("droits.clos", st.just({"prestation": "af"})),
    ],
    QUAND,
    max_size=12,
)


def expected(creance: CreanceOracle, faits: Iterable[Evenement], d: date) -> str | None:
    """The corbeille of a créance on a day, read from the oracle's créance and the facts, without intervals."""
    notifications = [f.jour for f in faits if f.type == "creance.notifiee" and f.data["creance"] == creance.id]
    constats = [f for f in faits if f.type == "indu.constate" and f.data["creance"] == creance.id]
    dossier = min(constats, key=lambda f: f.ordre).dossier
    fins = [f.jour for f in faits if f.type == "droits.clos" and f.dossier == dossier]
    if creance.du <= sum(e.montant for e in creance.encaissements):
        return None
    if not notifications:
        return "a_notifier" if d >= creance.constat else None
    reference = max([min(notifications), *(e.jour for e in creance.encaissements)])
    if d >= min(notifications) and any(fin <= d for fin in fins):
        return "sans_droits"
    return (
        "retard_2_mois" if d >= mois_apres(reference, 2) else "retard_1_mois" if d >= mois_apres(reference, 1) else None
    )


@settings(max_examples=120)
@given(FOULES, st.sets(st.integers(1, 11), max_size=4))
def test_however_facts_are_batched_each_day_finds_each_creance_where_its_facts_say(
    base: Engine, bruts: list[Brut], coupes: Iterable[int]
) -> None:
    lots = [bruts[a:b] for a, b in pairwise([0, *sorted(coupes), len(bruts)])]
    faits = for_oracle(bruts)
    creances = state.etat(faits).creances
    with undone(base) as connexion:
        lignes = queue(connexion, *lots)
    for d in range(jour("2024-01-25"), jour("2024-07-01")):
        presents = sorted((o, c) for _, o, c, du, au in lignes if du <= d and (au is None or d < au))
        attendus = ((k.id, expected(k, faits, date.fromordinal(d))) for k in creances)
        assert presents == sorted((k, c) for k, c in attendus if c), iso(d)


@settings(max_examples=60)
@given(FOULES, st.sets(st.integers(1, 11), max_size=4))
def test_movements_leave_counted_what_the_facts_say(base: Engine, bruts: list[Brut], coupes: Iterable[int]) -> None:
    lots = [bruts[a:b] for a, b in pairwise([0, *sorted(coupes), len(bruts)])]
    with undone(base) as connexion:
        par_lots = final_images(take(connexion, "recovery", DECIDEURS, *lots))
    with undone(base) as connexion:
        assert par_lots == final_images(take(connexion, "recovery", DECIDEURS, bruts[::-1]))


def travail(corbeille: Corbeille, echeance: str, montant: int = 123_456, constate: str = "2024-01-05") -> Travail:
    priorite = 0 if corbeille is Corbeille.sans_droits else 1
    return Travail(corbeille, jour(constate), None, priorite, jour(echeance), jour(constate), montant)


@pytest.mark.parametrize(
    ("item", "raison"),
    [
        (
            travail(Corbeille.a_notifier, "2024-03-13"),
            (
                "Indu à notifier : échéance le 13/03/2024, dans 12 jours ; "
                "indu constaté le 05/01/2024, reste dû 1\u00a0234,56\u00a0€"
            ),
        ),
        (
            travail(Corbeille.retard_1_mois, "2024-03-01", 5),
            (
                "Aucun remboursement depuis un mois : échéance le 01/03/2024, aujourd'hui ; "
                "indu constaté le 05/01/2024, reste dû 0,05\u00a0€"
            ),
        ),
        (
            travail(Corbeille.retard_2_mois, "2024-02-29", 100_000_000),
            (
                "Aucun remboursement depuis deux mois : échéance le 29/02/2024, 1 jour de retard ; "
                "indu constaté le 05/01/2024, reste dû 1\u00a0000\u00a0000,00\u00a0€"
            ),
        ),
        (
            travail(Corbeille.sans_droits, "2021-01-01", 99_999, "2020-02-29"),
            (
                "Dossier sans droits, premier déclencheur du télérecouvrement : échéance le 01/01/2021, "
                "1\u00a0155 jours de retard ; indu constaté le 29/02/2020, reste dû 999,99\u00a0€"
            ),
        ),
    ],
)
def test_the_reason_of_a_rank_gives_the_trigger_the_due_day_and_the_amount(item: Travail, raison: str) -> None:
    assert rank(item, jour("2024-03-01"))[1] == raison


JOURS = st.integers(jour("1970-01-01"), jour("2100-12-31")) | st.integers(jour("2024-02-27"), jour("2024-03-02"))
TRAVAUX = st.builds(
    lambda corbeille, du, depuis, montant: Travail(
        corbeille, du, None, 0 if corbeille is Corbeille.sans_droits else 1, du, depuis, montant
    ),
    st.sampled_from(Corbeille),
    JOURS,
    JOURS,
    st.integers(1, 10**12) | st.sampled_from([1, 10**12]),
)


@given(st.lists(TRAVAUX, min_size=2, max_size=6), JOURS)
def test_on_any_day_the_rank_keeps_the_order_in_which_items_are_stored(items: list[Travail], today: int) -> None:
    def stored(item: Travail) -> tuple[int, int, int, int]:
        return (item.priorite, item.echeance, -item.montant, item.depuis)

    rangs = [rank(i, today)[0] for i in sorted(items, key=stored)]
    assert rangs == sorted(rangs)
    assert len(set(rangs)) == len({(i.priorite, i.echeance, i.montant // 100) for i in items})
    assert all(abs(r) < 2**53 for r in rangs)
