"""Event streams: one computation for all, the latest image for who is slow, an end when the house closes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from threading import Lock

import msgspec
import pytest

from shared.web.flux import LECTEURS_MAX, Diffuseur
from shared.web.partage import INTERROMPUE
from shared.web.problemes import Indisponible
from tests.partages import Relais


class Source:
    """What is watched: a number that a test changes, and how often it was asked for."""

    def __init__(self) -> None:
        self.valeur = 0
        self.calculs = 0
        self.en_panne = False
        self._verrou = Lock()

    def compute(self, cle: str) -> bytes:
        with self._verrou:
            self.calculs += 1
        if self.en_panne:
            raise RuntimeError("panne voulue")
        return msgspec.json.encode({"cle": cle, "valeur": self.valeur})

    def version(self) -> int:
        return self.valeur

    def diffuseur(self, rappel: float = 1_000) -> Diffuseur[str]:
        """Feeds the watchers as soon as it can, and otherwise every ``rappel`` seconds."""
        return Diffuseur(self.compute, self.version, cadence=0.001, rappel=rappel)


def value(evenement: bytes) -> int:
    """The number that an event carries."""
    lignes = evenement.decode().splitlines()
    assert lignes[0].startswith("id: ")
    assert lignes[1].startswith("data: ")
    assert evenement.endswith(b"\n\n")
    valeur: int = msgspec.json.decode(lignes[1].removeprefix("data: "))["valeur"]
    return valeur


async def until(flux: AsyncIterator[bytes], valeur: int) -> list[int]:
    """What comes until this value does."""
    lues = []
    async for evenement in flux:
        lues.append(value(evenement))
        if lues[-1] == valeur:
            break
    return lues


def run(scenario: Callable[[Source, Diffuseur[str]], Awaitable[None]], rappel: float = 1_000) -> Source:
    """Play a scenario and close."""
    source = Source()

    async def play() -> None:
        diffuseur = source.diffuseur(rappel)
        await asyncio.wait_for(scenario(source, diffuseur), 30)
        diffuseur.close()

    asyncio.run(play())
    return source


def test_the_first_event_is_the_whole_image_and_the_next_comes_with_a_change() -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str]) -> None:
        flux = diffuseur.watch("091")
        assert await until(flux, 0) == [0]
        source.valeur = 1
        assert await until(flux, 1) == [1]

    run(scenario)


def test_all_who_watch_the_same_thing_share_one_computation() -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str]) -> None:
        flux = [diffuseur.watch("091") for _ in range(20)]
        await asyncio.gather(*(until(f, 0) for f in flux))
        source.valeur = 1
        await asyncio.gather(*(until(f, 1) for f in flux))

    assert run(scenario).calculs == 2


def test_nothing_is_computed_while_nothing_changes_nor_once_nobody_watches() -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str]) -> None:
        suivi, autre = diffuseur.watch("091"), diffuseur.watch("681")
        await until(suivi, 0)
        await until(autre, 0)
        await suivi.aclose()
        calculs = source.calculs
        source.valeur = 1
        await until(autre, 1)
        assert source.calculs == calculs + 1

    run(scenario)


def test_who_reads_slowly_gets_the_latest_image_only_and_slows_nobody() -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str]) -> None:
        lent, rapide = diffuseur.watch("091"), diffuseur.watch("091")
        await until(lent, 0)
        await until(rapide, 0)
        for valeur in range(1, 30):
            source.valeur = valeur
            await until(rapide, valeur)
        assert await until(lent, 29) == [29]

    run(scenario)


def test_an_image_is_sent_again_in_time_though_nothing_changes() -> None:
    async def scenario(_: Source, diffuseur: Diffuseur[str]) -> None:
        flux = diffuseur.watch("091")
        assert [value(await anext(flux)) for _ in range(3)] == [0, 0, 0]

    assert run(scenario, rappel=0.001).calculs >= 3


def test_an_image_that_cannot_be_computed_is_tried_again() -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str]) -> None:
        flux = diffuseur.watch("091")
        await until(flux, 0)
        source.en_panne = True
        calculs = source.calculs
        source.valeur = 1
        suite = asyncio.create_task(until(flux, 1))
        while source.calculs == calculs:
            await asyncio.sleep(0)
        source.en_panne = False
        assert await suite == [1]

    run(scenario, rappel=0.001)


def test_every_stream_ends_when_the_house_closes_even_from_another_thread() -> None:
    async def scenario(_: Source, diffuseur: Diffuseur[str]) -> None:
        flux = [diffuseur.watch("091") for _ in range(3)]
        await asyncio.gather(*(until(f, 0) for f in flux))
        fins = [asyncio.create_task(until(f, -1)) for f in flux]
        await asyncio.to_thread(diffuseur.close)
        assert await asyncio.gather(*fins) == [[], [], []]
        with pytest.raises(Indisponible):
            diffuseur.respond("091", lambda: True)

    run(scenario)


def test_a_stream_ends_with_the_session_that_opened_it() -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str]) -> None:
        ouverte = True
        flux = diffuseur.watch("091", lambda: ouverte)
        await until(flux, 0)
        ouverte = False
        source.valeur = 1
        assert await until(flux, -1) == []

    run(scenario)


def test_beyond_so_many_watchers_the_next_is_told_to_come_back() -> None:
    async def scenario(_: Source, diffuseur: Diffuseur[str]) -> None:
        flux = [diffuseur.watch("091") for _ in range(LECTEURS_MAX)]
        await asyncio.gather(*(until(f, 0) for f in flux))
        with pytest.raises(Indisponible):
            diffuseur.respond("091", lambda: True)
        await flux[0].aclose()
        assert diffuseur.respond("091", lambda: True).media_type == "text/event-stream"

    run(scenario)


async def read_events(diffuseur: Diffuseur[str], source: Source, depuis: str | None) -> list[bytes]:
    """The first three events of an answer, as the browser reads them."""
    corps = diffuseur.respond("091", lambda: True, depuis).body_iterator
    assert isinstance(corps, AsyncIterator)
    lus = []
    async for evenement in corps:
        assert isinstance(evenement, bytes)
        lus.append(evenement)
        source.valeur += 1
        if len(lus) == 3:
            break
    return lus


@pytest.mark.parametrize(
    ("dernier", "premier"),
    [(None, 1), ("57", 58), ("", 1), ("abc", 1), ("-5", 1), ("٣", 1), ("9" * 400, 1), (str(2**53 + 9), 2**53 + 1)],
)
def test_a_browser_that_comes_back_gets_the_whole_image_under_a_number_that_follows_its_last(
    dernier: str | None, premier: int
) -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str]) -> None:
        lus = await read_events(diffuseur, source, dernier)
        assert [int(e.split(b"\n")[0].removeprefix(b"id: ")) for e in lus] == [premier, premier + 1, premier + 2]
        assert value(lus[0]) == 0

    run(scenario)


def run_shared(scenario: Callable[[Source, Diffuseur[str], Relais], Awaitable[None]]) -> Source:
    """Play a scenario with a directed sharing and close."""
    source, relais = Source(), Relais()

    async def play() -> None:
        diffuseur = Diffuseur(source.compute, source.version, cadence=0.001, rappel=1_000, partage=relais)
        await asyncio.wait_for(scenario(source, diffuseur, relais), 30)
        diffuseur.close()

    asyncio.run(play())
    return source


def test_who_has_not_the_turn_computes_nothing_and_relays_what_another_shows() -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str], relais: Relais) -> None:
        lecture = asyncio.create_task(until(diffuseur.watch("091"), 7))
        (await relais.listening()).publish(b'{"valeur": 7}')
        assert await lecture == [7]
        assert (source.calculs, relais.publiees) == (0, [])

    run_shared(scenario)


def test_a_new_turn_begins_with_a_whole_image_for_all() -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str], relais: Relais) -> None:
        flux = diffuseur.watch("091")
        for tour in (1, 2):
            relais.tour = tour
            assert value(await anext(flux)) == 0
            while len(relais.publiees) < tour:
                await asyncio.sleep(0)
        assert source.calculs == 2

    run_shared(scenario)


def test_who_cannot_compute_leaves_the_turn() -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str], relais: Relais) -> None:
        source.en_panne = True
        relais.tour = 1
        lecture = asyncio.create_task(until(diffuseur.watch("091"), 7))
        await relais.repos.wait()
        (await relais.listening()).publish(b'{"valeur": 7}')
        assert await lecture == [7]

    run_shared(scenario)


def test_a_stream_says_that_the_sharing_is_interrupted_and_then_that_it_no_longer_is() -> None:
    async def scenario(_: Source, diffuseur: Diffuseur[str], relais: Relais) -> None:
        flux = diffuseur.watch("091")
        annonce = asyncio.ensure_future(anext(flux))
        ecoute = await relais.listening()
        for interrompue, texte in ((True, INTERROMPUE), (False, "")):
            ecoute.tell(interrompue)
            ecoute.tell(interrompue)
            assert diffuseur.interrompue is interrompue
            genre, corps = (await annonce).decode().removesuffix("\n\n").split("\n")
            assert genre == "event: diffusion"
            assert msgspec.json.decode(corps.removeprefix("data: ")) == {"texte": texte}
            annonce = asyncio.ensure_future(anext(flux))
        annonce.cancel()

    run_shared(scenario)
