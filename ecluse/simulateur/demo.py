"""The demonstration: loads a history, then lets working days flow in real time until told to stop."""

from collections.abc import Callable
from threading import Event
from typing import Final

from ecluse.importation import Bilan, Envoi, Rejets, import_lines
from ecluse.simulateur.cadence import wait_until
from ecluse.simulateur.direct import PAR_SECONDE, live_day
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
    echelle: float = ECHELLE,
    graine: int = 0,
    par_seconde: float = PAR_SECONDE,
    ensuite: float = ENSUITE,
) -> int:
    """Let working days flow one after the other until ``stop`` is set; how many events were sent.

    Waits on ``stop`` only, so that it ends at once. Before each day it asks the house what is open. An event that the
    house can not take now is offered again until it is taken.
    """
    envoyes, jour_des_temoins = 0, None
    while not stop.is_set():
        depart = clock()
        jour = to_jour(depart)
        journee = live_day(
            profil,
            maison.open_work(profil.caf, EN_COURS_AU_PLUS),
            depart,
            echelle=echelle,
            graine=graine,
            par_seconde=ensuite if envoyes else par_seconde,
            temoins=jour != jour_des_temoins,
        )
        jour_des_temoins = jour
        for secondes, octets in journee:
            if not (wait_until(depart + round(secondes * SECONDE), clock, stop) and _deliver(send, octets, stop)):
                return envoyes
            envoyes += 1
    return envoyes


def _deliver(send: Envoyer, octets: bytes, stop: Event) -> bool:
    """False when told to stop before the event was taken."""
    while True:
        try:
            send([octets]).answers()
            return True
        except Indisponible:
            if stop.wait(_PATIENCE):
                return False
