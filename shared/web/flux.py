"""Live pages: one computation for all who watch the same thing, and the latest image only for who reads slowly."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Hashable
from hashlib import blake2b
from typing import Final, Generic, TypeVar

import msgspec
from starlette.responses import StreamingResponse
from starlette.types import Message, Send

from shared.web.partage import INTERROMPUE, Partage, Seul, Suivi
from shared.web.problemes import Indisponible

CADENCE: Final = 0.5
RAPPEL: Final = 5.0
# Seconds without taking anything. A network that comes back within this costs nobody its stream.
PATIENCE: Final = 60.0
# A watcher is a held connection: more than any Caf has screens.
LECTEURS_MAX: Final = 300
# Waiting at least so many times what the last computation took, screens use a quarter of a core at most.
_REPOS: Final = 3
_VEILLE: Final = 15.0
# Two images of one stream must not be taken for one another; nobody forges what only comes back to us.
_OCTETS_EMPREINTE: Final = 8
# Without an id: it would replace that of the image. With data: a browser tells nobody of an event that has none.
INCHANGEE: Final = b"event: inchangee\ndata: {}\n\n"
_LOG = logging.getLogger("ecluse.web")

_C = TypeVar("_C", bound=Hashable)


class Flux(StreamingResponse):
    """The stream of one watcher. Who reads slowly holds back this stream alone: it is written to when it has taken
    what was sent, and then gets the latest image. Who takes nothing for ``patience`` seconds is let go, since it would
    keep the place of another for as long as its machine sleeps; a browser comes back by itself."""

    def __init__(self, evenements: AsyncGenerator[bytes, None], patience: float) -> None:
        super().__init__(
            evenements,
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        self._evenements = evenements
        self._patience = patience

    async def stream_response(self, send: Send) -> None:
        """See ``StreamingResponse``."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(self._patience):
                await send(message)

        try:
            await super().stream_response(send_in_time)
        except TimeoutError:
            _LOG.warning("un écran ne lit plus rien : son flux est fermé, il reviendra de lui-même")
        finally:
            await self._evenements.aclose()


class _Canal:
    """What the watchers of one thing share: the latest image, how often it was renewed, who waits for the next."""

    def __init__(self) -> None:
        self.numero = 0
        self.image = b""
        self.empreinte = ""
        self.interrompue = False
        self.lecteurs = 0
        self.suivante = asyncio.Event()
        self.tache: asyncio.Task[None] | None = None

    def publish(self, image: bytes) -> None:
        self.numero += 1
        if image != self.image:
            self.image, self.empreinte = image, digest(image)
        self.wake()

    def tell(self, interrompue: bool) -> None:
        if interrompue != self.interrompue:
            self.interrompue = interrompue
            self.wake()

    def wake(self) -> None:
        self.suivante.set()
        self.suivante = asyncio.Event()


class Diffuseur(Generic[_C]):
    """Computes the image of a key as long as someone watches it, and sends it to all who do.

    ``compute`` (called in a worker thread) gives the JSON of an image. It is asked when ``version`` has changed, at
    most once per ``cadence`` seconds, and every ``rappel`` seconds anyway: an image never looks fresher than it is,
    and one that came out the same is told to be the present still.
    ``partage``: with what the processes that watch the same key agree that one of them computes; ``str(cle)`` names the
    key between them. While they cannot, each computes and the streams say so (event ``diffusion``). ``patience``: see
    ``Flux``.
    """

    def __init__(
        self,
        compute: Callable[[_C], bytes],
        version: Callable[[], int],
        cadence: float = CADENCE,
        rappel: float = RAPPEL,
        partage: Partage | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self._compute = compute
        self._patience = patience
        self._version = version
        self._cadence = cadence
        self._rappel = rappel
        self._partage = partage or Seul()
        self._canaux: dict[_C, _Canal] = {}
        self._arret = False
        self._boucle: asyncio.AbstractEventLoop | None = None

    @property
    def lecteurs(self) -> int:
        """How many watch now."""
        return sum(canal.lecteurs for canal in self._canaux.values())

    @property
    def interrompue(self) -> bool:
        """Whether some key is computed here because the sharing does not work."""
        return any(canal.interrompue for canal in self._canaux.values())

    def respond(self, cle: _C, goes_on: Callable[[], bool], dernier: str | None = None) -> StreamingResponse:
        """The answer for one watcher, as long as ``goes_on`` says so. ``dernier``: its ``Last-Event-ID``.

        Raises ``Indisponible`` when too many watch, or when the house closes.
        """
        if self._arret or self.lecteurs >= LECTEURS_MAX:
            raise Indisponible("trop d'écrans ou de programmes suivent le direct : fermer ceux qui ne servent pas")
        return Flux(self.watch(cle, goes_on, dernier), self._patience)

    async def watch(
        self, cle: _C, goes_on: Callable[[], bool] = lambda: True, vue: str | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The events of one watcher: the whole latest image, then each one that differs from what it was sent last.

        Their id is ``digest`` of the image, whichever process sends it. ``vue``: that of the image which this watcher
        shows already; it is not sent again, nor is one that was computed again and came out the same: the watcher is
        only told (``INCHANGEE``) that what it shows is still the present.
        """
        self._boucle = asyncio.get_running_loop()
        canal = self._canaux.setdefault(cle, _Canal())
        canal.lecteurs += 1
        if canal.tache is None:
            canal.tache = asyncio.create_task(self._feed(cle, canal))
        try:
            entendu, interrompue = 0, False
            while not self._arret and goes_on():
                suivante = canal.suivante
                if canal.interrompue != interrompue:
                    interrompue = canal.interrompue
                    yield _word_sharing(interrompue)
                    continue
                if canal.numero > entendu:
                    entendu = canal.numero
                    nouvelle, vue = canal.empreinte != vue, canal.empreinte
                    yield b"id: %s\ndata: %s\n\n" % (vue.encode(), canal.image) if nouvelle else INCHANGEE
                    continue
                try:
                    await asyncio.wait_for(suivante.wait(), _VEILLE)
                except TimeoutError:
                    yield b": \n\n"
        finally:
            canal.lecteurs -= 1
            if not canal.lecteurs:
                self._canaux.pop(cle, None)
                canal.tache.cancel()

    def close(self) -> None:
        """End every stream, from any thread: a server can only stop once its answers are over."""
        self._arret = True
        if self._boucle is not None and not self._boucle.is_closed():
            self._boucle.call_soon_threadsafe(self._wake_all)

    def _wake_all(self) -> None:
        for canal in self._canaux.values():
            canal.wake()

    async def _feed(self, cle: _C, canal: _Canal) -> None:
        horloge = asyncio.get_running_loop()
        vue: tuple[int, int] | None = None
        publiee = 0.0
        async with self._partage.join(str(cle), canal, self._cadence) as suivi:
            # Not for ever until it is cancelled: the sharing may lose a cancellation.
            while canal.lecteurs:
                debut = horloge.time()
                tour = suivi.tour
                if tour is not None:
                    actuelle = tour, self._version()
                    if actuelle != vue or debut - publiee >= self._rappel:
                        vue, publiee = actuelle, debut
                        await self._renew(cle, canal, suivi)
                await asyncio.sleep(max(self._cadence, _REPOS * (horloge.time() - debut)))

    async def _renew(self, cle: _C, canal: _Canal, suivi: Suivi) -> None:
        try:
            image = await asyncio.to_thread(self._compute, cle)
        except Exception:
            # Without a new image the screens say by themselves that they are frozen, and since when.
            _LOG.exception("image en direct impossible pour %s", cle)
            await suivi.rest()
            return
        canal.publish(image)
        await suivi.publish(image)


def digest(image: bytes) -> str:
    """What names an image for every watcher and every process: 16 hexadecimal digits of its bytes."""
    return blake2b(image, digest_size=_OCTETS_EMPREINTE).hexdigest()


def _word_sharing(interrompue: bool) -> bytes:
    """Without an id: it is no image, and a browser that comes back is to name the last image that it has."""
    return b"event: diffusion\ndata: %s\n\n" % msgspec.json.encode({"texte": INTERROMPUE if interrompue else ""})
