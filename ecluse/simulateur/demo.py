"""The demonstration: loads a history, then lets working days flow in real time until told to stop."""

from collections.abc import Callable
from functools import partial
from heapq import merge
from itertools import chain
from threading import Event
from typing import Final, NamedTuple

from ecluse.importation import Bilan, Envoi, Rejets, import_lines
from ecluse.simulateur.conditions import ORDINAIRES, AutreCaf, Conditions
from ecluse.simulateur.direct import PAR_SECONDE, RIEN, live_day
from ecluse.simulateur.generateur import ECHELLE, JOURS, history
from ecluse.simulateur.port import Maison
from ecluse.simulateur.profil import Profil
from shared.runtime.ecrivain import Indisponible
from shared.temps import SECONDE, to_jour

Envoyer = Callable[[list[bytes]], Envoi]
# Once the first day has gone by, a pace that real hours can follow: the stock does not melt in an afternoon.
ENSUITE: Final = 2.0
EN_COURS_AU_PLUS: Final = 20_000
_PATIENCE: Final = 1.0


def run_history(
    send: Envoyer,
    profil: Profil,
    fin: int,
    rejets: Rejets,
    *,
    echelle: float = ECHELLE,
    graine: int = 0,
    jours: int = JOURS,
    progress: Callable[[Bilan], None] = lambda _: None,
) -> Bilan:
    """Send the history that ends with the day ``fin``; what became of it. Sent again, it is all duplicates."""
    lignes = enumerate(history(profil, fin, jours=jours, echelle=echelle, graine=graine), start=1)
    return import_lines(lignes, send, rejets, progress=progress)


def run_live(
    send: Envoyer,
    maison: Maison,
    profil: Profil,
    clock: Callable[[], int],
    stop: Event,
    *,
    conditions: Callable[[], Conditions] = lambda: ORDINAIRES,
    echelle: float = ECHELLE,
    graine: int = 0,
    par_seconde: float = PAR_SECONDE,
    ensuite: float = ENSUITE,
) -> int:
    """Let working days flow one after the other until ``stop`` is set; how many events were sent.

    Waits on ``stop`` only, so that it ends at once. Before each day it asks the house what is open. An event that the
    house can not take now is offered again until it is taken. When ``conditions`` change, a new day is planned at once:
    what has begun goes on as it was planned, what has not begun does not.
    """
    envoyes, jour_des_temoins, rythme, reste = 0, None, par_seconde, list[_Du]()
    autre: AutreCaf | None = None
    while not stop.is_set():
        depart, courantes = clock(), conditions()
        jour, commences = to_jour(depart), {du.objet for du in reste}
        # What another Caf sent over is treated to the end, whatever is played meanwhile.
        autre = courantes.autre_caf or autre
        journee = live_day(
            profil,
            maison.open_work(profil.caf, EN_COURS_AU_PLUS).without(commences),
            depart,
            conditions=courantes,
            autre=autre,
            autres=maison.open_work(autre.caf, EN_COURS_AU_PLUS).without(commences) if autre else RIEN,
            echelle=echelle,
            graine=graine,
            par_seconde=rythme,
            temoins=jour != jour_des_temoins,
        )
        jour_des_temoins, rythme = jour, ensuite
        a_venir = merge(reste, (_Du(depart + round(t.secondes * SECONDE), t.octets, t.objet) for t in journee))
        is_over = partial(_is_over, stop, conditions, courantes)
        reste = []
        for du in a_venir:
            _wait_until(du.instant, clock, is_over, stop)
            if stop.is_set():
                return envoyes
            if is_over():
                reste = [d for d in chain([du], a_venir) if d.objet in commences]
                rythme = par_seconde
                break
            if not _deliver(send, du.octets, stop):
                return envoyes
            envoyes += 1
            if du.objet:
                commences.add(du.objet)
    return envoyes


class _Du(NamedTuple):
    """An event that waits for its instant."""

    instant: int
    octets: bytes
    objet: str


def _is_over(stop: Event, conditions: Callable[[], Conditions], courantes: Conditions) -> bool:
    """Whether the day that was planned under these conditions ends now."""
    return stop.is_set() or conditions() is not courantes


def _wait_until(instant: int, clock: Callable[[], int], over: Callable[[], bool], stop: Event) -> None:
    """Wait until an instant, or until it is over before."""
    while (reste := instant - clock()) > 0 and not over():
        stop.wait(min(reste / SECONDE, _PATIENCE))


def _deliver(send: Envoyer, octets: bytes, stop: Event) -> bool:
    """False when told to stop before the event was taken."""
    while True:
        try:
            send([octets]).answers()
            return True
        except Indisponible:
            if stop.wait(_PATIENCE):
                return False
