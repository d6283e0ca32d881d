"""The game: faults drawn from a seed, under load, then the account and what must stop a house for good."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Final, NamedTuple

from tests.chaos.charge import Charge
from tests.chaos.compte import Compte
from tests.chaos_kafka import arrets
from tests.chaos_kafka import fautes_processus as p
from tests.chaos_kafka import fautes_serveurs as s
from tests.chaos_kafka.clients import Outils
from tests.chaos_kafka.compte import Journal, settle, wait_caught_up
from tests.chaos_kafka.maison import Maison, Serveurs, open_house, wait

Geste = Callable[[Outils, random.Random], str]
FAUTES: Final[Mapping[str, Geste]] = {
    "API tuée": p.kill_api,
    "worker tué": p.kill_worker,
    "publieur tué": p.kill_publisher,
    "deux publieurs": p.two_publishers,
    "worker figé au-delà de sa session": p.stall_worker,
    "worker qui arrive et qui part": p.come_and_go,
    "Kafka relancé": s.restart_broker,
    "Kafka figé, requêtes expirées": s.freeze_broker,
    "PostgreSQL relancé": s.restart_database,
    "connexions coupées": s.cut_connections,
    "Redis vidé": s.flush_redis,
    "Redis arrêté": s.stop_redis,
    "redites en désordre": s.repeat_the_past,
    "transactions entrelacées": s.interleave,
}
MORT_A: Final = "mort à un point nommé"
TOPIC_RECREE: Final = "topic recréé"
BASE_RESTAUREE: Final = "base restaurée"
_PAUSE: Final = (0.5, 2.0)


class Tir(NamedTuple):
    """A fault: its kind, the point where something dies if there is one, and what replays what it draws."""

    genre: str
    point: str
    graine: str

    def shoot(self, outils: Outils) -> str:
        """Do it; what was done."""
        geste = partial(p.kill_at, point=self.point) if self.point else FAUTES[self.genre]
        return geste(outils, random.Random(self.graine))


def plan(graine: int, tirs: int) -> list[Tir]:
    """Each kind twice, a death at each named point, then any of them up to ``tirs``, in any order."""
    hasard = random.Random(f"plan {graine}")
    points = p.POINTS_DU_MODE
    choix = [(genre, "") for genre in FAUTES for _ in range(2)] + [(MORT_A, point) for point in points]
    while len(choix) < tirs:
        choix.append(hasard.choice([*((genre, "") for genre in FAUTES), (MORT_A, hasard.choice(points))]))
    hasard.shuffle(choix)
    return [Tir(genre, point, f"{graine} {rang}") for rang, (genre, point) in enumerate(choix)]


@dataclass
class Bilan:
    """What a game has shown. ``fautes``: how many of each kind; ``rattrapage``: seconds after the last one."""

    graine: int
    fautes: Counter[str] = field(default_factory=Counter)
    compte: Compte = field(default_factory=lambda: Compte(0, 0, 0))
    journaux: dict[str, Journal] = field(default_factory=dict)
    acquittes: int = 0
    envoyes: int = 0
    reprises: int = 0
    relances: int = 0
    rattrapage: float = 0.0

    def table(self) -> str:
        """The account, to be read (French)."""
        lignes = [f"{genre:<36}{nombre:>4}" for genre, nombre in sorted(self.fautes.items())]
        lignes.append(f"{'pannes':<36}{self.fautes.total():>4}\n")
        for nom, j in self.journaux.items():
            livre = f"{j.livraisons} livraisons dont {j.redites} redites"
            lignes.append(
                f"{nom} : {j.lignes} lignes, {j.epoques} époques, {livre}, {j.desordres} désordres de numéros"
            )
        lignes.append(f"acquittés, répétitions comprises : {self.acquittes} par HTTP, {self.envoyes} par Kafka")
        lignes.append(f"envois repris : {self.reprises} ; processus relancés d'eux-mêmes : {self.relances}")
        compte, comptes = self.compte, self.compte.acquittes - self.compte.perdus
        lignes.append(
            f"événements distincts : {compte.acquittes} ; comptés : {comptes} ; perdus : {compte.perdus} ; "
            f"doublés : {compte.doubles} ; à jour {self.rattrapage:.0f} s après la dernière panne"
        )
        return "\n".join([*lignes, f"graine {self.graine}"])


def play(serveurs: Serveurs, graine: int, tirs: int, say: Callable[[str], None]) -> Bilan:
    """Play a whole game. Raises ``AssertionError`` when the house and the oracle differ in more than counts."""
    bilan, tirages = Bilan(graine), plan(graine, tirs)
    hasard = random.Random(f"rythme {graine}")
    say(f"{len(tirages)} pannes sous charge, puis celles qui arrêtent ; graine {graine}")
    with open_house(serveurs) as maison:
        outils = Outils(maison, Charge(graine), graine)
        copies: dict[str, str] = {}
        with outils.pouring():
            for rang, tir in enumerate(tirages, start=1):
                wait(hasard.uniform(*_PAUSE))
                if rang == len(tirages) // 3:
                    copies = arrets.back_up(maison)
                debut = monotonic()
                fait = tir.shoot(outils)
                maison.revive()
                bilan.fautes[tir.genre] += 1
                say(f"  {rang}/{len(tirages)} {tir.genre} : {fait} ({monotonic() - debut:.0f} s)")
        _settle(maison, outils, bilan, say)
        _stop_for_good(maison, outils, bilan, copies, say)
    return bilan


def _settle(maison: Maison, outils: Outils, bilan: Bilan, say: Callable[[str], None]) -> None:
    debut = monotonic()
    wait_caught_up(maison)
    bilan.rattrapage = monotonic() - debut
    maison.revive()
    bilan.acquittes = sum(d.acquittes for d in outils.depots)
    bilan.envoyes = sum(k.envoyes for k in outils.kcats)
    bilan.reprises = sum(d.reprises for d in outils.depots) + sum(k.reprises for k in outils.kcats)
    bilan.relances = len(maison.relances)
    bilan.compte, bilan.journaux = settle(maison, outils.charge.distribues)
    say("journaux, topics, lettres mortes, chiffres et reconstruction égaux à l'oracle")


def _stop_for_good(
    maison: Maison, outils: Outils, bilan: Bilan, copies: Mapping[str, str], say: Callable[[str], None]
) -> None:
    """What nobody may go on from: noticed, nothing skipped; and once the right database is back, nothing is missing."""
    for service, copie in copies.items():
        say(f"  {BASE_RESTAUREE} : {arrets.restore(maison, service, copie)}")
        bilan.fautes[BASE_RESTAUREE] += 1
    wait_caught_up(maison)
    assert settle(maison, outils.charge.distribues)[0] == bilan.compte
    for fait in (arrets.recreate_log(maison, "recovery"), arrets.recreate_ingress(maison, outils)):
        say(f"  {TOPIC_RECREE} : {fait}")
        bilan.fautes[TOPIC_RECREE] += 1
