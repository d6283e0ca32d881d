"""Event streams: one computation for all, the latest image for who is slow, an end when the house closes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from threading import Lock

import msgspec
import pytest

from shared.web.flux import INCHANGEE, LECTEURS_MAX, Diffuseur, digest
from shared.web.partage import INTERROMPUE
from shared.web.problemes import Indisponible
from tests.partages import Relais


class Source:
    """What is watched: a number that a test changes, and how often it was asked for."""

    def __init__(self) -> None:
        self.valeur = 0
        # Of what changes without being shown.
        self.marque = 0
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
        return 1_000 * self.marque + self.valeur

    def diffuseur(self, rappel: float = 1_000) -> Diffuseur[str]:
        """Feeds the watchers as soon as it can, and otherwise every ``rappel`` seconds."""
        return Diffuseur(self.compute, self.version, cadence=0.001, rappel=rappel)


def value(evenement: bytes) -> int:
    """The number that an event carries."""
    lignes = evenement.decode().splitlines()
    assert lignes[0].startswith("id: ")
    assert lignes[1].startswith("data: ")
    assert evenement.endswith(b"\n\n")
    image = lignes[1].removeprefix("data: ")
    assert lignes[0].removeprefix("id: ") == digest(image.encode())
    valeur: int = msgspec.json.decode(image)["valeur"]
    return valeur


async def until(flux: AsyncIterator[bytes], valeur: int) -> list[int]:
    """What comes until this value does."""
    lues = []
    async for evenement in flux:
        if evenement == INCHANGEE:
            continue
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


def test_an_image_is_computed_again_in_time_and_told_to_be_the_same_but_not_sent_twice() -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str]) -> None:
        flux = diffuseur.watch("091")
        assert value(await anext(flux)) == 0
        assert [await anext(flux) for _ in range(3)] == [INCHANGEE] * 3
        source.valeur = 1
        assert await until(flux, 1) == [1]

    assert run(scenario, rappel=0.001).calculs >= 5


def test_a_change_that_does_not_show_sends_no_image() -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str]) -> None:
        flux = diffuseur.watch("091")
        assert value(await anext(flux)) == 0
        source.marque = 1
        assert await anext(flux) == INCHANGEE

    assert run(scenario).calculs == 2


def test_an_image_that_comes_back_while_nobody_took_the_other_is_not_sent_again() -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str]) -> None:
        lent, rapide = diffuseur.watch("091"), diffuseur.watch("091")
        for flux in (lent, rapide):
            await until(flux, 0)
        for valeur in (1, 0):
            source.valeur = valeur
            await until(rapide, valeur)
        assert await anext(lent) == INCHANGEE

    run(scenario)


def test_an_image_that_cannot_be_computed_is_not_told_to_be_the_present() -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str]) -> None:
        flux = diffuseur.watch("091")
        assert await until(flux, 0) == [0]
        source.en_panne = True
        attendu = asyncio.ensure_future(anext(flux))
        calculs = source.calculs
        # One that had begun before the breakdown may still be told.
        while source.calculs < calculs + 5:
            if attendu.done():
                assert attendu.result() == INCHANGEE
                attendu = asyncio.ensure_future(anext(flux))
            await asyncio.sleep(0)
        assert not attendu.done()
        source.en_panne = False
        assert await attendu == INCHANGEE

    run(scenario, rappel=0.001)


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


def read(diffuseur: Diffuseur[str], dernier: str | None) -> AsyncIterator[bytes]:
    """The events of an answer, as a browser reads them that names the last one it had."""
    corps = diffuseur.respond("091", lambda: True, dernier).body_iterator
    assert isinstance(corps, AsyncIterator)
    return corps


async def next_event(flux: AsyncIterator[bytes]) -> bytes:
    """The next event."""
    return await anext(flux)


def name(valeur: int) -> str:
    """The id of the image of a value."""
    return digest(msgspec.json.encode({"cle": "091", "valeur": valeur}))


def test_whoever_watches_wherever_an_image_has_the_same_id_and_another_image_another() -> None:
    ids: list[bytes] = []

    async def scenario(source: Source, diffuseur: Diffuseur[str]) -> None:
        for flux in (read(diffuseur, None), read(diffuseur, None)):
            for valeur in (0, 7):
                source.valeur = valeur
                while (evenement := await next_event(flux)) == INCHANGEE or value(evenement) != valeur:
                    pass
                ids.append(evenement.split(b"\n")[0])

    run(scenario)
    run(scenario)
    assert ids == [f"id: {name(valeur)}".encode() for valeur in (0, 7)] * 4
    assert len(name(0)) == 16


def test_who_comes_back_with_the_id_of_the_present_image_is_sent_none_before_it_changes() -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str]) -> None:
        flux = read(diffuseur, name(0))
        assert await next_event(flux) == INCHANGEE
        source.valeur = 1
        assert value(await next_event(flux)) == 1
        retour = read(diffuseur, name(1))
        assert await next_event(retour) == INCHANGEE

    assert run(scenario).calculs == 2


@pytest.mark.parametrize("dernier", [None, "", "57", "abc", "-5", "٣", "9" * 400, name(0).upper() + " ", name(1)])
def test_who_comes_back_with_any_other_id_gets_the_whole_present_image_at_once(dernier: str | None) -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str]) -> None:
        source.valeur = 2
        assert value(await next_event(read(diffuseur, dernier))) == 2

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


def test_an_image_that_another_computed_has_the_id_that_it_would_have_here() -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str], relais: Relais) -> None:
        flux = read(diffuseur, name(7))
        annonce = asyncio.ensure_future(next_event(flux))
        (await relais.listening()).publish(source.compute("091").replace(b"0}", b"7}"))
        assert await annonce == INCHANGEE

    run_shared(scenario)


def test_a_new_turn_begins_with_a_whole_image_for_all_other_processes() -> None:
    async def scenario(source: Source, diffuseur: Diffuseur[str], relais: Relais) -> None:
        flux = diffuseur.watch("091")
        for tour in (1, 2):
            relais.tour = tour
            evenement = await anext(flux)
            assert (evenement == INCHANGEE) if tour == 2 else (value(evenement) == 0)
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
