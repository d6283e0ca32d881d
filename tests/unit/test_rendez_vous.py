"""Rendez-vous: what their facts say, in any order."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contacts.handlers import RENDEZ_VOUS
from shared.events.mouvements import ImageRendezVous
from shared.temps import parse_instant
from tests.fabrique import Brut, Variante, evenement, for_oracle, histories, instants, jour, reduce
from tests.oracle import state
from tests.oracle.contacts import RendezVous as RendezVousOracle

R = {"rdv": "R-1"}
QUAND = instants(datetime(2024, 2, 26, 10, tzinfo=UTC), 8)
_OFFRE = {"rdv": st.just("R-1"), "debut": QUAND, "modalite": st.sampled_from(["site", "telephone", "visio"])}
_SITE = {"site": st.sampled_from(["Foix", "Pamiers"])}
HISTOIRES = histories(
    [
        Variante(
            "rendez_vous.demande",
            st.fixed_dictionaries(
                {"rdv": st.just("R-1"), "modalite": _OFFRE["modalite"], "motif": st.just("point sur le dossier")},
                optional=_SITE,
            ),
        ),
        Variante("rendez_vous.propose", st.fixed_dictionaries(_OFFRE, optional=_SITE)),
        Variante("rendez_vous.pris", QUAND.map(lambda debut: R | {"debut": debut})),
        Variante("rendez_vous.deplace", QUAND.map(lambda debut: R | {"debut": debut, "par": "usager"})),
        Variante("rendez_vous.honore", st.just(R)),
        Variante("rendez_vous.manque", st.booleans().map(lambda excuse: R | {"excuse": excuse})),
        Variante("rendez_vous.annule", st.just(R | {"par": "caf"})),
    ],
    QUAND,
)


def demande(quand: str = "2024-02-22T10:00:00Z", **data: Any) -> Brut:
    complet: dict[str, Any] = R | {"modalite": "site", "motif": "point"} | data
    return evenement("rendez_vous.demande", quand, **complet)


def propose(quand: str, debut: str, **data: Any) -> Brut:
    complet: dict[str, Any] = R | {"debut": debut, "modalite": "visio"} | data
    return evenement("rendez_vous.propose", quand, **complet)


def issue(nom: str, quand: str, **data: Any) -> Brut:
    return evenement(f"rendez_vous.{nom}", quand, **R, **data)


def image(*bruts: Brut) -> ImageRendezVous:
    (comptee,) = reduce(RENDEZ_VOUS, bruts).images
    assert comptee[:2] == ("rendez_vous", "R-1")
    return cast(ImageRendezVous, comptee.image)


def test_a_rendez_vous_without_demand_is_in_no_figure() -> None:
    etat = reduce(RENDEZ_VOUS, [propose("2024-02-22T10:00:00Z", "2024-02-23T10:00:00Z")])
    assert (etat.dossier, etat.images) == (None, ())
    assert set(etat.colonnes) == set(reduce(RENDEZ_VOUS, [demande()]).colonnes)


def test_the_first_proposal_dates_it_and_the_last_says_how_and_where() -> None:
    assert image(
        demande(site="Foix"),
        propose("2024-02-24T10:00:00Z", "2024-03-20T10:00:00Z", modalite="telephone"),
        propose("2024-02-23T10:00:00Z", "2024-02-29T10:00:00Z", site="Pamiers"),
    ) == ImageRendezVous(
        modalite="telephone", demande="2024-02-22", site="Foix", propose="2024-02-23", propose_sous_7j=True
    )


@pytest.mark.parametrize(
    ("debut", "sous_7j"),
    [("2024-02-29T22:59:59Z", True), ("2024-02-29T23:00:00Z", False), ("2024-02-20T10:00:00Z", True)],
)
def test_seven_days_are_paris_days_from_the_demand_to_the_slot(debut: str, sous_7j: bool) -> None:
    assert image(demande(), propose("2024-02-22T11:00:00Z", debut)).propose_sous_7j is sous_7j


def test_the_last_outcome_by_instant_holds() -> None:
    manque = issue("manque", "2024-03-01T10:00:00Z", excuse=True)
    vue = image(demande(), manque, issue("annule", "2024-02-28T10:00:00Z", par="usager"))
    assert (vue.issue, vue.issue_le, vue.excuse) == ("manque", "2024-03-01", True)
    assert not image(demande(), issue("manque", "2024-03-01T10:00:00Z", excuse=False)).excuse
    corrigee = image(demande(), manque, issue("honore", "2024-03-01T11:00:00Z"))
    assert (corrigee.issue, corrigee.excuse) == ("honore", False)


def test_outcomes_of_one_instant_are_told_apart_by_source_then_id() -> None:
    quand = "2024-03-01T10:00:00Z"
    manque = evenement("rendez_vous.manque", quand, source="/a", **R, excuse=False)
    assert image(demande(), manque, evenement("rendez_vous.honore", quand, source="/b", **R)).issue == "honore"


def test_the_slot_taken_is_the_last_one_taken_or_moved_to() -> None:
    pris = issue("pris", "2024-02-23T10:00:00Z", debut="2024-02-28T10:00:00Z")
    deplace = issue("deplace", "2024-02-24T10:00:00Z", debut="2024-03-04T10:00:00Z", par="usager")
    colonnes = reduce(RENDEZ_VOUS, [deplace, demande(), pris]).colonnes
    assert colonnes["creneau"] == parse_instant("2024-03-04T10:00:00Z")
    assert colonnes["demande"] == jour("2024-02-22")


@given(HISTOIRES, st.randoms(use_true_random=False))
def test_any_order_of_the_same_facts_gives_the_same_state(bruts: list[Brut], hasard: Any) -> None:
    assert reduce(RENDEZ_VOUS, hasard.sample(bruts, len(bruts))) == reduce(RENDEZ_VOUS, bruts)


@given(HISTOIRES)
def test_the_state_is_the_one_of_the_oracle(bruts: list[Brut]) -> None:
    etat, vus = reduce(RENDEZ_VOUS, bruts), state.etat(for_oracle(bruts)).rendez_vous
    assert bool(vus) == bool(etat.images) == (etat.dossier is not None)
    for comptee in etat.images:
        agree(cast(ImageRendezVous, comptee.image), vus[0])


def agree(vue: ImageRendezVous, oracle: RendezVousOracle) -> None:
    assert (vue.modalite, vue.site or "") == (oracle.modalite, oracle.site)
    assert vue.demande == oracle.demande.isoformat()
    premiere = oracle.premiere_proposition
    assert vue.propose == (premiere.isoformat() if premiere else None)
    assert vue.propose_sous_7j == (premiere is not None and oracle.jours_avant_le_premier_debut <= 7)
    assert (vue.issue or "") == oracle.issue
    assert vue.issue_le == (oracle.jour_issue.isoformat() if oracle.jour_issue else None)
