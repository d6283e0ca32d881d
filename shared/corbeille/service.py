"""The work queue of one service, as its edges see it: commands go to the writer, reads to the reading connections."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from time import monotonic
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from shared.corbeille import lecture, store
from shared.corbeille.idempotence import Cle, run_once
from shared.corbeille.lecture import Compte, EtatTravail, Ligne
from shared.corbeille.refus import CorbeilleInconnue, DateRefusee, IssueInconnue, TitulaireRefuse
from shared.corbeille.regles import DateInutilisable, Definition, Issue, Item, MotifReport, Rang, check_day
from shared.corbeille.store import LigneBail
from shared.corbeille.veille import Veille
from shared.events.base import Identifiant
from shared.runtime.lot import Lot
from shared.runtime.service import ServiceDeFaits
from shared.temps import SECONDE, start_of_day, to_jour

T = TypeVar("T")
# A quarter of an hour: a call and its notes. Who needs longer extends the lease.
BAIL_PAR_DEFAUT: Final = 900
# A busy log rings at each commit: a waiter looks at most this often (seconds).
ECART_DE_REGARDS: Final = 0.1


class Pris(Struct, frozen=True):
    """An item that was taken: rank and its reason, token and end of the lease (ns)."""

    item: Item
    rang: int
    raison: str
    titulaire: str
    jeton: int
    prise_le: int
    bail: int


class Suite(Struct, frozen=True):
    """What became of an item: ready again on day ``reprise`` (None: it is in no corbeille any more)."""

    caf: str
    objet: str
    reprise: int | None


class Prolongation(Struct, frozen=True):
    """A lease that goes on until ``bail`` (ns)."""

    caf: str
    objet: str
    bail: int


class Rangee(Struct, frozen=True):
    """A line of a page: the item, its rank and the reason of it."""

    ligne: Ligne
    rang: int
    raison: str


class Talon(Struct, frozen=True):
    """What a holder shows: where the item was taken, its key, the token; idempotency key of the command, if any."""

    corbeille: str
    caf: str
    objet: str
    jeton: int
    cle: str | None = None

    @property
    def item(self) -> str:
        """The key of the item."""
        return f"{self.caf}|{self.objet}"


class Corbeilles:
    """The corbeilles of a service. ``veille.ring`` is to be called after each commit of the service.

    Commands give a future of the writer: it ends once the command is committed, with a refusal of
    ``shared.corbeille.refus``, or with ``Indisponible``.
    """

    def __init__(self, service: ServiceDeFaits, definitions: Sequence[Definition], rank: Rang, veille: Veille) -> None:
        self.service = service
        self.definitions: Final = {d.code: d for d in definitions}
        self.rank = rank
        self._veille = veille

    def claim(
        self,
        corbeille: str,
        titulaire: str,
        cafs: Sequence[str] = (),
        bail_secondes: int = BAIL_PAR_DEFAUT,
        cle: str | None = None,
    ) -> "Future[Pris | None]":
        """Take the best ready item; None when there is none. ``cle``: idempotency key of this holder."""
        self._definition(corbeille)
        _check_holder(titulaire)
        choisies = tuple(sorted(set(cafs)))
        gardee = Cle(titulaire, cle, ("prochain", corbeille, choisies, bail_secondes)) if cle else None

        def take(lot: Lot) -> Pris | None:
            now, today = lot.maintenant, to_jour(lot.maintenant)
            pris = store.claim(lot, corbeille, choisies, titulaire, bail_secondes * SECONDE, today, now)
            return self._describe(*pris, today) if pris else None

        return self._order(lambda lot: run_once(lot, gardee, Pris, lambda: take(lot)))

    def finish(self, talon: Talon, issue: str, date: int | None = None) -> "Future[Suite]":
        """End the work for this time. ``date``: day promised, or day on which to take it up again."""

        def end(lot: Lot, bail: LigneBail, today: int) -> Suite:
            choisie = self._issue(bail.corbeille, issue)
            reprise = _checked(lambda: choisie.resume(today, date, talon.caf))
            dort = store.finish(lot, bail, issue, date, reprise, today)
            return Suite(talon.caf, talon.objet, reprise if dort else None)

        return self._command(talon, ("termine", issue, date), Suite, end)

    def hold(self, talon: Talon, jusqu_a: int, motif: MotifReport) -> "Future[Suite]":
        """Put the item aside until a day."""

        def end(lot: Lot, bail: LigneBail, today: int) -> Suite:
            _checked(lambda: check_day(jusqu_a, today, today + 1))
            dort = store.hold(lot, bail, jusqu_a, motif.value, today)
            return Suite(talon.caf, talon.objet, jusqu_a if dort else None)

        return self._command(talon, ("report", jusqu_a, motif.value), Suite, end)

    def release(self, talon: Talon) -> "Future[Suite]":
        """Give the item back untouched: it is ready at once."""

        def end(lot: Lot, bail: LigneBail, today: int) -> Suite:
            store.release(lot, bail)
            return Suite(talon.caf, talon.objet, today)

        return self._command(talon, ("rendu",), Suite, end)

    def extend(self, talon: Talon, bail_secondes: int = BAIL_PAR_DEFAUT) -> "Future[Prolongation]":
        """Let the lease run ``bail_secondes`` from now; it is never shortened."""

        def end(lot: Lot, bail: LigneBail, today: int) -> Prolongation:
            del today
            fin = max(bail.fin, lot.maintenant + bail_secondes * SECONDE)
            store.extend(lot, bail, fin)
            return Prolongation(talon.caf, talon.objet, fin)

        return self._command(talon, ("prolonge", bail_secondes), Prolongation, end)

    def page(
        self,
        corbeille: str,
        cafs: Sequence[str] = (),
        etats: Sequence[EtatTravail] = (),
        apres: str | None = None,
        limite: int = 50,
    ) -> tuple[list[Rangee], str | None]:
        """Items in the order in which they are handed out, and the cursor of the next page.

        ``cafs``, ``etats``: empty for all. Raises ``CurseurIllisible``.
        """
        self._definition(corbeille)
        now = self._now()
        today = to_jour(now)
        with self.service.lecture.connect() as connexion:
            lignes, suivant = lecture.read_page(connexion, corbeille, cafs, etats, apres, limite, today, now)
        return [Rangee(ligne, *self.rank(ligne.item, today)) for ligne in lignes], suivant

    def gauge(self, caf: str | None = None) -> dict[str, Compte]:
        """The counts of every corbeille now, for one creditor Caf or for all."""
        return self.counts(list(self.definitions), [caf] if caf else [])

    def gauge_by_caf(self) -> dict[str, dict[str, Compte]]:
        """The counts of every corbeille now for each creditor Caf that has something in it."""
        now = self._now()
        today = to_jour(now)
        with self.service.lecture.connect() as connexion:
            return {c: lecture.count_by_caf(connexion, c, today, now) for c in self.definitions}

    def counts(self, corbeilles: Sequence[str], cafs: Sequence[str] = ()) -> dict[str, Compte]:
        """The counts now of these corbeilles."""
        for corbeille in corbeilles:
            self._definition(corbeille)
        now = self._now()
        with self.service.lecture.connect() as connexion:
            return lecture.count(connexion, corbeilles, cafs, to_jour(now), now)

    async def wait_ready(self, corbeille: str, cafs: Sequence[str] = (), seconds: float = 25.0) -> Compte | None:
        """The counts as soon as an item is ready; None after so many seconds without, or when the house stops.

        Looks again at a commit, at the end of a lease, at midnight.
        """
        self._definition(corbeille)
        limite = monotonic() + seconds
        with self._veille.watch() as reveil:
            while True:
                reveil.clear()
                regard = monotonic()
                compte, suite = await asyncio.to_thread(self._look, corbeille, cafs)
                if compte.prets:
                    return compte
                reste = limite - monotonic()
                if reste <= 0 or self._veille.fermee:
                    return None
                await _wait(reveil, min(reste, suite))
                await asyncio.sleep(max(0.0, regard + ECART_DE_REGARDS - monotonic()))

    def _look(self, corbeille: str, cafs: Sequence[str]) -> tuple[Compte, float]:
        """The counts, and in how many seconds time alone may change them."""
        now = self._now()
        today = to_jour(now)
        with self.service.lecture.connect() as connexion:
            compte = lecture.count(connexion, [corbeille], cafs, today, now)[corbeille]
            fin = lecture.next_lease_end(connexion, now)
        minuit = start_of_day(today + 1)
        return compte, (min(minuit, fin or minuit) - now) / SECONDE

    def _command(
        self,
        talon: Talon,
        commande: tuple[object, ...],
        type_: type[T],
        geste: Callable[[Lot, LigneBail, int], T],
    ) -> "Future[T]":
        self._definition(talon.corbeille)
        portee = f"{talon.item}|{talon.jeton}"
        gardee = Cle(portee, talon.cle, (talon.item, *commande)) if talon.cle else None

        def work(lot: Lot) -> T:
            bail = store.current_lease(lot, talon.item, talon.jeton, lot.maintenant)
            return geste(lot, bail, to_jour(lot.maintenant))

        def order(lot: Lot) -> T:
            resultat = run_once(lot, gardee, type_, lambda: work(lot))
            assert resultat is not None  # noqa: S101  # ``work`` gives no None
            return resultat

        return self._order(order)

    def _order(self, ordre: Callable[[Lot], T]) -> "Future[T]":
        return self.service.ecrivain.order(ordre)

    def _describe(self, item: Item, bail: LigneBail, today: int) -> Pris:
        rang, raison = self.rank(item, today)
        return Pris(item, rang, raison, bail.titulaire, bail.jeton, bail.prise_le, bail.fin)

    def _definition(self, corbeille: str) -> Definition:
        if corbeille not in self.definitions:
            connues = ", ".join(self.definitions)
            raise CorbeilleInconnue(f"aucune corbeille ne porte ce nom ici. Corbeilles connues : {connues}")
        return self.definitions[corbeille]

    def _issue(self, corbeille: str, code: str) -> Issue:
        definition = self._definition(corbeille)
        issue = definition.issue(code)
        if issue is None:
            connues = ", ".join(i.code for i in definition.issues)
            raise IssueInconnue(f"la corbeille « {definition.libelle} » n'a pas cette issue. Issues : {connues}")
        return issue

    def _now(self) -> int:
        return self.service.reglages.clock()


async def _wait(reveil: asyncio.Event, secondes: float) -> None:
    try:
        await asyncio.wait_for(reveil.wait(), secondes)
    except TimeoutError:
        return


def _checked(geste: Callable[[], int]) -> int:
    try:
        return geste()
    except DateInutilisable as erreur:
        raise DateRefusee(str(erreur)) from erreur


def _check_holder(titulaire: str) -> None:
    try:
        msgspec.convert(titulaire, Identifiant)
    except msgspec.ValidationError:
        raise TitulaireRefuse(
            "« titulaire » attend un identifiant opaque : 1 à 64 lettres sans accent, chiffres, points, tirets ou "
            "soulignés, sans nom de personne ni numéro de sécurité sociale"
        ) from None
