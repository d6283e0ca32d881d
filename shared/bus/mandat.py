"""One lead of a log: from the opening of its epoch to whatever ends it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, Protocol, TypeVar
from uuid import uuid4

from sqlalchemy import Connection, update

from shared.bus.attribution import (
    LOT,
    Attribution,
    Retard,
    Tour,
    has_rows,
    read_backlog,
    read_lineage,
    read_unconfirmed,
)
from shared.bus.fil import Envoi, EpoqueDuJournal, Ligne, write_opening, write_tick
from shared.events.base import Service
from shared.events.journal import LIGNEE_MAX, Maillon, TicPublie
from shared.pannes import crash_point, declare_point
from shared.runtime.journal import PUBLIEUR, resume_lead, take_lead
from shared.traces import PUBLICATION, Traceur

AVANT_ATTRIBUTION: Final = declare_point("publieur.avant_attribution", "positions écrites, rien de validé")
APRES_ATTRIBUTION: Final = declare_point("publieur.apres_attribution", "positions validées, rien d'envoyé")
APRES_ENVOI: Final = declare_point("publieur.apres_envoi", "envoyé et acquitté, non confirmé dans la base")
APRES_CONFIRMATION: Final = declare_point("publieur.apres_confirmation", "envoyé, acquitté et confirmé dans la base")
_RIEN: Final = Retard(0, 0, None)
T = TypeVar("T")


@dataclass(frozen=True)
class ReglagesPublication:
    """``lot``: rows of one round; ``delai_ms``: how long a delivery may take.

    In seconds: ``pause`` between two looks for rows, ``tic`` between two ticks at most, ``releve`` between two tries
    for the seat, ``reprise`` at most between two tries after failures, ``verification`` between two looks at the topic,
    ``silence`` after which a suspended leader loses its seat (more than a delivery takes).
    """

    lot: int = LOT
    delai_ms: int = 30_000
    pause: float = 0.02
    tic: float = 1.0
    releve: float = 1.0
    reprise: float = 5.0
    verification: float = 30.0
    silence: int = 120


@dataclass
class MesuresPublieur:
    """What a publisher shows of itself, for whoever exports it.

    ``meneur``: it leads; ``arret``: why it publishes nothing until a person has acted; ``souci``: what it waits for;
    ``epoque``, ``assigne`` and ``confirme``: of the log; ``retard``: what is committed and not delivered; ``envoyes``:
    records acknowledged, repeats included; ``reprises``: times that it had to start again.
    """

    meneur: bool = False
    arret: str | None = None
    souci: str | None = None
    epoque: int = 0
    assigne: int = 0
    confirme: int = 0
    retard: Retard = field(default=_RIEN)
    envoyes: int = 0
    reprises: int = 0


class Sorties(Protocol):
    """Where records go (see ``Emetteur``)."""

    async def send(self, lignes: Sequence[Ligne], epoque: bytes) -> None: ...
    async def deliver(self, partitions: Sequence[Sequence[Envoi]]) -> None: ...
    async def tick(self, tic: Envoi) -> None: ...


class Bureau(Protocol):
    """What a lead works with: transactions of the seat, and a rest that ends early when it is time to stop."""

    service: Service
    mesures: MesuresPublieur
    reglages: ReglagesPublication
    clock: Callable[[], int]
    traceur: Traceur

    async def sql(self, geste: Callable[[Connection], T]) -> T: ...
    async def rest(self, secondes: float) -> None: ...
    def is_over(self) -> bool: ...


class Mandat:
    """The lead that starts now. Raises what ends it: ``Evince``, ``Arret``, ``DBAPIError``, ``KafkaError``,
    ``TimeoutError``. ``verify`` raises when the topic is no longer the one of this ``identifiant``."""

    def __init__(
        self, bureau: Bureau, sorties: Sorties, identifiant: str, verify: Callable[[str], Awaitable[None]]
    ) -> None:
        self._bureau = bureau
        self._sorties = sorties
        self._identifiant = identifiant
        self._verify = verify
        self._epoque = EpoqueDuJournal(0, "")
        self._attribution = Attribution(bureau.service, 0)
        self._lignee: tuple[Maillon, ...] = ()
        self._tic_le = self._verifie_le = monotonic()

    async def publish(self) -> None:
        """Open the epoch, send again what was not confirmed, then publish until told to stop."""
        lignees = await self._bureau.sql(self._open)
        instant = self._bureau.clock()
        await self._sorties.deliver(
            [[write_opening(self._bureau.service, self._epoque, lignee, instant)] for lignee in lignees]
        )
        await self._bureau.sql(self._attribution.announce)
        mesures = self._bureau.mesures
        mesures.meneur, mesures.epoque, mesures.arret, mesures.souci = True, self._epoque.numero, None, None
        while lignes := await self._bureau.sql(self._read_unconfirmed):
            await self._deliver(lignes)
        while not self._bureau.is_over():
            await self._round()

    async def _round(self) -> None:
        # In this order: whatever was committed before the instant is within the head, or counted.
        instant = self._bureau.clock()
        tour = await self._bureau.sql(self._assign)
        self._bureau.mesures.assigne = tour.tete
        if tour.lignes:
            crash_point(APRES_ATTRIBUTION)
            await self._deliver(tour.lignes)
        if tour.lignes or self._tick_is_due():
            await self._tick(instant, tour)
        if monotonic() - self._verifie_le >= self._bureau.reglages.verification:
            self._verifie_le = monotonic()
            await self._verify(self._identifiant)
        if tour.complet:
            await self._rest()

    async def _deliver(self, lignes: Sequence[Ligne]) -> None:
        mesures, derniere = self._bureau.mesures, lignes[-1].position
        mesures.retard = Retard(mesures.retard.attente, len(lignes), lignes[0].enregistre_le)
        traceur = self._bureau.traceur
        debut = self._bureau.clock() if traceur.actif else 0
        await self._watch(self._sorties.send(lignes, self._epoque.encode()))
        crash_point(APRES_ENVOI)
        await self._bureau.sql(lambda connexion: self._attribution.confirm(connexion, derniere))
        crash_point(APRES_CONFIRMATION)
        mesures.confirme, mesures.envoyes = derniere, mesures.envoyes + len(lignes)
        if traceur.actif:
            traceur.follow(PUBLICATION, (n.trace for n in lignes), debut, self._bureau.clock())

    async def _tick(self, instant: int, tour: Tour) -> None:
        mesures = self._bureau.mesures
        if tour.complet:
            mesures.retard = _RIEN
        elif self._tick_is_due():
            await self._measure()
        self._tic_le = monotonic()
        tic = TicPublie(
            self._epoque.numero,
            self._epoque.marque,
            instant,
            tour.tete,
            tuple(tour.tetes),
            0 if tour.complet else max(1, mesures.retard.attente),
            self._lignee,
        )
        await self._watch(self._sorties.tick(write_tick(self._bureau.service, tic)))

    async def _watch(self, envoi: Coroutine[Any, Any, None]) -> None:
        """Await a delivery. While it lasts the backlog is measured, and a seat that is lost ends it."""
        tache = asyncio.ensure_future(envoi)
        try:
            while not (await asyncio.wait({tache}, timeout=self._bureau.reglages.tic))[0]:
                await self._measure()
        finally:
            tache.cancel()
        await tache

    async def _measure(self) -> None:
        self._bureau.mesures.retard = await self._bureau.sql(lambda c: read_backlog(c, self._bureau.service))

    def _tick_is_due(self) -> bool:
        return monotonic() - self._tic_le >= self._bureau.reglages.tic

    async def _rest(self) -> None:
        """Until a row waits or a tick is due. A look costs more until the database has swept what was numbered away:
        looking takes a tenth of the time at most."""
        pause = self._bureau.reglages.pause
        while not self._bureau.is_over() and not self._tick_is_due():
            await self._bureau.rest(pause)
            debut = monotonic()
            if await self._bureau.sql(has_rows):
                return
            pause = max(self._bureau.reglages.pause, 10 * (monotonic() - debut))

    def _open(self, connexion: Connection) -> list[list[Maillon]]:
        service = self._bureau.service
        plume = resume_lead(connexion, service) or take_lead(connexion, service, uuid4().hex)
        rangee = PUBLIEUR.c.service == service
        requete: Any = update(PUBLIEUR).where(rangee).values(sujet=self._identifiant).returning(PUBLIEUR.c.confirme)
        mesures = self._bureau.mesures
        mesures.confirme, mesures.assigne = connexion.execute(requete).scalar_one(), plume.position
        self._epoque = EpoqueDuJournal(plume.epoque, plume.marque)
        self._attribution = Attribution(service, plume.epoque)
        lignees = read_lineage(connexion, LIGNEE_MAX)
        self._lignee = tuple(Maillon(m.numero, m.marque, m.depuis) for m in lignees[0])
        return lignees

    def _read_unconfirmed(self, connexion: Connection) -> list[Ligne]:
        return read_unconfirmed(connexion, self._bureau.mesures.confirme, self._bureau.reglages.lot)

    def _assign(self, connexion: Connection) -> Tour:
        tour = self._attribution.assign(connexion, self._bureau.reglages.lot)
        if tour.lignes:
            crash_point(AVANT_ATTRIBUTION)
        return tour
