"""Running one process of the distributed mode, from its settings to its stop."""

import asyncio
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack

from ecluse.distribue import journaux
from ecluse.distribue.assemblage import Montage, assemble
from ecluse.distribue.reglages import ReglagesProcessus
from ecluse.serveur import listen, serve


def run(reglages: ReglagesProcessus, say: Callable[[str], None]) -> int:
    """Run until SIGTERM or SIGINT; the exit code (70: a part of it crashed, to be started again).

    Raises ``PortOccupe``, ``BaseInutilisable``. A process that worked ends here, and does not come back.
    """
    journaux.install(reglages)
    with listen(reglages.hote, reglages.port) as prise:
        return asyncio.run(_run(reglages, prise, say))


async def _run(reglages: ReglagesProcessus, prise: socket.socket, say: Callable[[str], None]) -> int:
    fin = asyncio.Event()
    for numero in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(numero, fin.set)
    # It opens databases and reads checkpoints, while the readers that it starts need this loop.
    montage = await asyncio.to_thread(assemble, reglages, asyncio.get_running_loop())
    with montage.fermetures as rest, ExitStack() as http:
        http.enter_context(serve(montage.app, prise, reglages.mandataires, journal=None))
        say(_describe(reglages, prise))
        code = 0 if fin.is_set() else await _live(montage, fin, http.close, rest.close)
        # Closed already by a worker, whose event loop some of it needs.
        await asyncio.to_thread(http.close)
        await asyncio.to_thread(rest.close)
    say("Arrêté proprement : tout ce qui a été accepté est enregistré." if code == 0 else "Arrêté pour être relancé.")
    if montage.travail is not None:
        from shared.bus.travailleur import leave

        # Here and not after the loop, whose end would wait for what Faust has left unfinished.
        leave(code)
    return code


async def _live(
    montage: Montage, fin: asyncio.Event, close_http: Callable[[], None], close_rest: Callable[[], None]
) -> int:
    if montage.travail is None:
        await fin.wait()
        return 0
    from ecluse.distribue.travail import Ouvrier
    from shared.bus.travailleur import run as run_worker

    return await run_worker(Ouvrier(montage.travail, close_http, close_rest))


def _describe(reglages: ReglagesProcessus, prise: socket.socket) -> str:
    hote = f"[{reglages.hote}]" if ":" in reglages.hote else reglages.hote
    role = "" if reglages.service == "porte" else f" ({reglages.role})"
    return f"Écluse {reglages.service}{role} répond sur http://{hote}:{prise.getsockname()[1]}"
