"""Running one process of the distributed mode, from its settings to its stop."""

import asyncio
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import NoReturn

from ecluse.distribue import journaux
from ecluse.distribue.assemblage import Montage, assemble
from ecluse.distribue.depart import Depart, leave
from ecluse.distribue.reglages import ReglagesProcessus
from ecluse.serveur import listen, serve


def run(reglages: ReglagesProcessus, say: Callable[[str], None]) -> NoReturn:
    """Run until SIGTERM or SIGINT, then end the process: 0, or 70 when a part of it crashed or did not stop in time.

    Raises ``PortOccupe``, ``BaseInutilisable``.
    """
    journaux.install(reglages)
    with listen(reglages.hote, reglages.port) as prise:
        asyncio.run(_run(reglages, prise, say))


async def _run(reglages: ReglagesProcessus, prise: socket.socket, say: Callable[[str], None]) -> NoReturn:
    depart = Depart()
    fin = _await_end(depart)
    # It opens databases and reads checkpoints, while the readers that it starts need this loop.
    montage = await asyncio.to_thread(assemble, reglages, asyncio.get_running_loop())
    with montage.fermetures as rest, ExitStack() as http:
        http.enter_context(serve(montage.app, prise, reglages.mandataires, journal=None))
        say(_describe(reglages, prise))
        try:
            code = 0 if fin.is_set() else await _live(montage, fin, depart, http.close, rest.close)
        finally:
            depart.begin()
        # Closed already by a worker, whose event loop some of it needs.
        await depart.close("le serveur HTTP", http.close)
        await depart.close("les bases", rest.close)
    say("Arrêté proprement : tout ce qui a été accepté est enregistré." if code == 0 else "Arrêté pour être relancé.")
    # Here and not after the loop, whose end would wait for every thread, and for what Faust has left unfinished.
    leave(code)


def _await_end(depart: Depart) -> asyncio.Event:
    """What is set once the process is asked to stop."""
    fin, boucle = asyncio.Event(), asyncio.get_running_loop()

    def end(*_: object) -> None:
        depart.begin()
        # The loop may be over already: a program that can not start is leaving by itself.
        with suppress(RuntimeError):
            boucle.call_soon_threadsafe(fin.set)

    for numero in (signal.SIGTERM, signal.SIGINT):
        # Not by the loop, which may be what hangs.
        signal.signal(numero, end)
    return fin


async def _live(
    montage: Montage,
    fin: asyncio.Event,
    depart: Depart,
    close_http: Callable[[], None],
    close_rest: Callable[[], None],
) -> int:
    if montage.travail is None:
        await fin.wait()
        return 0
    from ecluse.distribue.travail import Ouvrier
    from shared.bus.travailleur import run as run_worker

    return await run_worker(Ouvrier(montage.travail, depart, close_http, close_rest), fin=fin)


def _describe(reglages: ReglagesProcessus, prise: socket.socket) -> str:
    hote = f"[{reglages.hote}]" if ":" in reglages.hote else reglages.hote
    role = "" if reglages.service == "porte" else f" ({reglages.role})"
    return f"Écluse {reglages.service}{role} répond sur http://{hote}:{prise.getsockname()[1]}"
