"""The proof by rebuild: every log is folded again from its beginning, beside the fold in use."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Final

from sqlalchemy import Engine

from services.indicators import store
from services.indicators.fold.pli import Pli
from services.indicators.puits import PuitsDuPli
from shared.runtime.consommateur import Consommateur
from shared.runtime.ecrivain import Indisponible, Refuse
from shared.runtime.reperes import Arret, PasEncore, Trou
from shared.runtime.suivi import Garde, Lecture, Source

ECARTS_MONTRES: Final = 100
LECTURE: Final = 20_000
# Seconds that the figures may take to come back from the logs.
RELECTURE_MAX: Final = 600.0


@dataclass(frozen=True)
class Comparaison:
    """A fold of the whole log beside the one in use, both at the same watermarks. ``ecarts``: cells that differ."""

    egal: bool
    evenements: int
    cellules: int
    secondes: float
    ecarts: list[dict[str, object]]


class ReconstructionEnCours(Refuse):
    """Another one has not ended."""

    probleme, statut = "reconstruction-en-cours", 409


class JournalArrete(Refuse):
    """A log can not be read to the watermark, until a person has judged."""

    probleme, statut = "journal-arrete", 409


class Reconstruction:
    """Folds every log again up to the watermarks. ``unique``: held while it lasts."""

    def __init__(
        self,
        sources: Sequence[Source],
        puits: PuitsDuPli,
        consommateur: Consommateur,
        moteur: Engine,
        clock: Callable[[], int],
        unique: Garde,
    ) -> None:
        self._sources = sources
        self._puits = puits
        self._consommateur = consommateur
        self._moteur = moteur
        self._clock = clock
        self._unique = unique
        self._verrou = Lock()

    def run(self, *, accepter_restauration: bool = False) -> Comparaison:
        """Compare with the fold in use and with its checkpoint, both as they are when it begins.

        ``accepter_restauration``: when a consumer stopped on a restored copy, take the logs as they are now and start
        the figures again from them, in every process that shares them. Raises ``ReconstructionEnCours``,
        ``JournalArrete``, ``Indisponible``.
        """
        with self._alone():
            try:
                if accepter_restauration:
                    self._start_again()
                return self._compare()
            except Arret as arret:
                raise JournalArrete(str(arret)) from arret
            except (PasEncore, Trou) as erreur:
                raise Indisponible(str(erreur)) from erreur

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._verrou.acquire(blocking=False):
            raise _under_way()
        try:
            if not self._unique.hold():
                raise _under_way()
            yield
        finally:
            self._unique.release()
            self._verrou.release()

    def _start_again(self) -> None:
        consommateur = self._consommateur
        consommateur.restart(store.erase)
        # The figures come back from the logs first: compared at once, nothing would equal nothing.
        if consommateur.wait_for({}, RELECTURE_MAX):
            return
        for avance in consommateur.avances.values():
            if avance.arret:
                raise Arret(avance.arret)
            if avance.trou:
                raise Trou(avance.trou)
        raise PasEncore(
            f"les chiffres reviennent des journaux, mais pas encore jusqu'au bout après {RELECTURE_MAX:.0f} s : rien "
            "n'est à refaire ; les comparer plus tard avec « ecluse rebuild »"
        )

    def _compare(self) -> Comparaison:
        debut = self._clock()
        # Figures wait while the copy is made, never while logs are read.
        with self._consommateur.held_still():
            en_service = self._puits.pli.copy()
            garde = self._keep()
            jusqua = {nom: avance.curseur for nom, avance in self._consommateur.avances.items()}
        refait = Pli()
        lus = sum(self._fold(refait, source, jusqua[source.nom]) for source in self._sources)
        ecarts = en_service.diff(refait) or ([] if garde is None else garde.diff(refait))
        return Comparaison(
            egal=not ecarts,
            evenements=lus,
            cellules=sum(len(c.nonzero()[0]) for c in refait.colonnes.values()),
            secondes=(self._clock() - debut) / 1e9,
            ecarts=[
                {"famille": e.famille, "cellule": e.cellule, "en_service": e.ici, "refait": e.autre}
                for e in ecarts[:ECARTS_MONTRES]
            ],
        )

    def _keep(self) -> Pli | None:
        """The checkpoint, taken now; None when another process holds it."""
        if not self._consommateur.checkpoint():
            return None
        with self._moteur.connect() as connexion:
            return store.load(connexion)

    def _fold(self, pli: Pli, source: Source, fin: int) -> int:
        """Fold a log from its beginning up to a position; the number of records read."""
        if not fin:
            return 0
        with source.reread() as lecture:
            return self._fold_all(pli, lecture, fin)

    def _fold_all(self, pli: Pli, lecture: Lecture, fin: int) -> int:
        position = lus = 0
        while position < fin:
            records = [r for r in lecture.read(position, LECTURE, pli.types) if r.position <= fin]
            if not records:
                break
            pli.apply(records)
            position = records[-1].position
            lus += len(records)
            # A lock that is silent for long is taken away.
            self._unique.hold()
        return lus


def _under_way() -> ReconstructionEnCours:
    return ReconstructionEnCours("une reconstruction est déjà en cours : attendre sa fin, puis recommencer")
