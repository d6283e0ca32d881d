"""The state of a house whose processes each know a part of it, and where each address is answered."""

from dataclasses import replace

import pytest

from ecluse.distribue.chemins import CORBEILLES, owner_of
from ecluse.etat import Etat, EtatConsommateur, EtatService, merge_states
from tests.api import BONNES

FAITS = ("contacts", "production", "recovery")


def service(nom: str, tete: int = 7) -> Etat:
    """What a service says that has published all that it accepted."""
    etat = EtatService(nom, tete, tete, 0, 0, 0, 1, None)
    return Etat(True, "2024-01-01T00:00:00Z", [etat], [])


def indicators(repere: int = 7) -> Etat:
    """What the indicators say that have read every log up to ``repere``."""
    lus = [EtatConsommateur("indicators", nom, repere, repere, 0, 0.1, None, True, None, None) for nom in FAITS]
    return Etat(True, "2024-01-01T00:00:00Z", [], lus)


def house(**autres: Etat | None) -> Etat:
    """The merged state of a house at rest, but for ``autres``."""
    etats: dict[str, Etat | None] = {"contacts": service("contacts"), "production": service("production")}
    etats |= {"recovery": service("recovery"), "indicators": indicators()}
    return merge_states(etats | autres, 0)


def test_a_house_at_rest_is_up_to_date() -> None:
    etat = house()
    assert etat.a_jour
    assert [s.nom for s in etat.services] == list(FAITS)
    assert [c.source for c in etat.consommateurs] == list(FAITS)
    assert etat.injoignables == []


@pytest.mark.parametrize("nom", [*FAITS, "indicators"])
def test_a_service_that_does_not_answer_is_named_and_nothing_is_up_to_date(nom: str) -> None:
    etat = house(**{nom: None})
    assert etat.injoignables == [nom]
    assert not etat.a_jour


def test_figures_that_stop_before_the_head_that_a_service_gives_are_not_up_to_date() -> None:
    assert not house(production=service("production", tete=8)).a_jour
    assert not house(indicators=indicators(repere=6)).a_jour
    assert house(indicators=indicators(repere=9)).a_jour


def test_what_one_process_does_not_call_up_to_date_is_not() -> None:
    assert not house(recovery=replace(service("recovery"), a_jour=False)).a_jour
    assert not house(indicators=replace(indicators(), a_jour=False)).a_jour


PAR_LA_PORTE = {
    "/v1/etat", "/v1/liens", "/v1/evenements", "/v1/corbeilles", "/v1/lettres-mortes", "/healthz", "/readyz", "/metrics"
}  # fmt: skip


@pytest.mark.parametrize("operation", BONNES)
def test_every_published_address_has_an_owner_or_is_the_porte_s(operation: str) -> None:
    chemin = operation.split(" ")[1].format(**BONNES[operation].chemin)
    assert (owner_of(chemin) is None) == (chemin in PAR_LA_PORTE)


def test_an_address_is_not_taken_for_another_that_begins_like_it() -> None:
    assert owner_of("/v1/piecesde") is None
    assert owner_of("/v1/interne/stocks") is None
    assert owner_of("/") == "indicators"
    assert {owner_of(f"/v1/corbeilles/{nom}/prochain") for nom in CORBEILLES} == {"production", "recovery"}
