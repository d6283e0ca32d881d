"""The end of a process comes in time, and says what was left to close."""

import asyncio

import pytest

from ecluse.distribue.depart import Depart
from shared.bus.gardien import CODE_IMMOBILE
from tests.maisons import eventually


def test_a_stop_that_hangs_ends_with_the_code_of_a_failure_and_names_what_is_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    codes: list[int] = []
    depart = Depart(0.0, codes.append)
    with depart.step("les lecteurs"), depart.step("les bases"):
        depart.begin()
        eventually(lambda: codes)
    assert codes == [CODE_IMMOBILE]
    assert "reste à fermer : les lecteurs, les bases" in caplog.text


def test_what_is_closed_already_is_not_named(caplog: pytest.LogCaptureFixture) -> None:
    codes: list[int] = []
    depart = Depart(0.0, codes.append)
    with depart.step("les lecteurs"):
        asyncio.run(depart.close("le serveur HTTP", lambda: None))
        depart.begin()
        eventually(lambda: codes)
    assert "reste à fermer : les lecteurs)" in caplog.text


def test_what_goes_wrong_while_closing_is_told() -> None:
    def fail() -> None:
        raise OSError("disque débranché")

    with pytest.raises(OSError, match="disque débranché"):
        asyncio.run(Depart().close("les bases", fail))
