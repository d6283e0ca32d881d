"""Composition of the indicators service: its fold, its consumer, its answers."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec
from sqlalchemy import Connection, Engine, delete

from services.indicators import answer, store
from services.indicators.cibles import Cibles, published_targets
from services.indicators.fold.columns import Modifiees
from services.indicators.fold.pli import Ecart, Pli
from services.indicators.invariants import Invariants
from services.indicators.models import TABLES_INDICATEURS
from services.indicators.tableau import Tableau
from shared.base import open_engine
from shared.migrations import prepare_base
from shared.reglages import Reglages
from shared.runtime.consommateur import Consommateur, Garde, Lecture, Source
from shared.runtime.garde import GardePostgres
from shared.runtime.journal import Enregistrement
from shared.runtime.reperes import REPERE, Arret, Avance, load_marks
from shared.runtime.service import Cloche
from shared.runtime.tables import TABLES_DE_LECTURE
from shared.temps import SECONDE, write_instant
from shared.traces import PLI, Traceur

CONSOMMATEUR: Final = "indicators"
PRODUCTION: Final = "production"
ECARTS_MONTRES: Final = 100
LECTURE: Final = 20_000
RELECTURE_MAX: Final = 600.0
RATTRAPAGES: Final = 5
# Traces older than this (ns) are over.
SUIVIS: Final = 3_600 * SECONDE


@dataclass(frozen=True)
class Suivi:
    """Follows events to the figures. One that is folded again long after, from the log, has left its trace already."""

    traceur: Traceur
    clock: Callable[[], int]

    def begin(self) -> int:
        """The instant, where it is needed."""
        return self.clock() if self.traceur.actif else 0

    def tell(self, records: Sequence[Enregistrement], debut: int) -> None:
        """These have been folded since ``debut``."""
        if self.traceur.actif:
            recents = debut - SUIVIS
            traces = (r.trace for r in records if r.trace and r.enregistre_le > recents)
            self.traceur.follow(PLI, traces, debut, self.clock())


@dataclass
class PuitsDuPli:
    """The fold as the sink of the consumer. ``version`` grows with each batch applied."""

    pli: Pli
    suivi: Suivi
    version: int = 0
    types: Sequence[str] = field(default_factory=lambda: Pli.types)
    _gardees: list[Modifiees] = field(default_factory=list)
    _remplace: bool = False

    def apply(self, records: Sequence[Enregistrement]) -> None:
        """Fold a batch; an unreadable movement stops the consumer, the fold never skips. Raises ``Arret``."""
        depuis = self.suivi.begin()
        try:
            self.pli.apply(records)
        except (msgspec.DecodeError, ValueError) as erreur:
            debut, fin = records[0], records[-1]
            raise Arret(
                f"mouvement illisible dans le journal de {debut.source}, entre les positions {debut.position} et "
                f"{fin.position} ({erreur}) : mettre Écluse à jour, ou restaurer la base d'origine"
            ) from erreur
        self.version += 1
        self.suivi.tell(records, depuis)

    def collect(self) -> None:
        """Copy the cells that changed."""
        self._gardees = self.pli.dirty()

    def save(self, connexion: Connection) -> None:
        """Save the cells that were collected."""
        if self._remplace:
            store.erase(connexion)
        store.save(connexion, self._gardees)

    def saved(self) -> None:
        """What was saved is committed."""
        self.pli.mark_saved(self._gardees)
        self._remplace = False

    def start_over(self) -> None:
        """See ``Puits.start_over``."""
        self.pli.mark_all()
        self._remplace = True


class RangeesDeProduction(Protocol):
    """Production's own count of its rows."""

    def closing_stock(self, caf: str, au: int, position: int) -> int | None:
        """Pieces open at the end of ``au``, as its log knew them at ``position``; None when it cannot answer."""
        ...


@dataclass(frozen=True)
class StockAuRepere:
    """Production's stock as far as the fold has gone: what came since would look like a gap between the two."""

    rangees: RangeesDeProduction
    consommateur: Consommateur

    def closing_stock(self, caf: str, au: int) -> int | None:
        """See ``StockDeProduction``."""
        return self.rangees.closing_stock(caf, au, self.consommateur.avances[PRODUCTION].curseur)


@dataclass(frozen=True)
class Comparaison:
    """A fold of the whole log beside the one in use, both at the same watermarks. ``ecarts``: cells that differ."""

    egal: bool
    evenements: int
    cellules: int
    secondes: float
    ecarts: list[dict[str, object]]


@dataclass
class Indicateurs:
    """The running service."""

    reglages: Reglages
    moteur: Engine
    puits: PuitsDuPli
    consommateur: Consommateur
    tableau: Tableau
    sources: Sequence[Source]
    cibles: Cibles
    stock: StockAuRepere
    files: answer.FilesDeRecouvrement

    def freshness(self) -> answer.Fraicheur:
        """How fresh the figures are."""
        f = self.consommateur.freshness()
        dernier = write_instant(f.dernier_evenement) if f.dernier_evenement else None
        return answer.Fraicheur(dernier, f.retard_secondes, f.a_jour)

    def figures(self, caf: str, du: str, au: str, codes: Sequence[str]) -> answer.Reponse:
        """See ``Tableau.reponse``; no code: all of them."""
        with self.consommateur.verrou:
            return self.tableau.reponse(caf, du, au, codes or None, self.freshness())

    def series(self, code: str, caf: str, du: str, au: str, pas: str) -> answer.Serie:
        """See ``Tableau.serie``."""
        with self.consommateur.verrou:
            return self.tableau.serie(code, caf, du, au, pas, self.freshness())

    def cut(self, code: str, caf: str, du: str, au: str, par: str) -> answer.Coupe:
        """See ``Tableau.coupe``."""
        with self.consommateur.verrou:
            return self.tableau.coupe(code, caf, du, au, par, self.freshness())

    def invariants(self, caf: str, du: str, au: str) -> Invariants:
        """See ``Tableau.invariants``."""
        with self.consommateur.verrou:
            return self.tableau.invariants(caf, du, au)

    def cafs(self) -> list[str]:
        """The Cafs of which something is known."""
        with self.consommateur.verrou:
            return self.tableau.cafs()

    def rebuild(self, *, accepter_restauration: bool = False) -> Comparaison:
        """Fold every log again up to the watermarks, and compare with the fold in use and with its checkpoint.

        ``accepter_restauration``: when a consumer stopped on a restored copy, take the logs as they are now and start
        the figures again from them.
        """
        if accepter_restauration:
            self._restart_from_logs()
            # The figures come back from the logs first: compared at once, nothing would equal nothing.
            self.consommateur.wait_for({s.nom: s.tick().tete for s in self.sources}, RELECTURE_MAX)
        debut = self.reglages.clock()
        with self.consommateur.verrou:
            jusqua = self._cursors()
        with ExitStack() as lectures:
            suites = [lectures.enter_context(s.reread()) for s in self.sources]
            refait = Pli()
            lues = dict.fromkeys(jusqua, 0)
            lus = 0
            # Close behind first, figures being served meanwhile.
            for _ in range(RATTRAPAGES):
                lus += fold_between(refait, suites, lues, jusqua)
                lues = jusqua
                with self.consommateur.verrou:
                    jusqua = self._cursors()
                if jusqua == lues:
                    break
            with self.consommateur.held_still():
                # What came meanwhile is folded too, so that both stand at the same watermarks.
                lus += fold_between(refait, suites, lues, self._cursors())
                ecarts = self.puits.pli.diff(refait) or self._differ_from_kept(refait)
        return Comparaison(
            egal=not ecarts,
            evenements=lus,
            cellules=sum(len(c.nonzero()[0]) for c in refait.colonnes.values()),
            secondes=(self.reglages.clock() - debut) / 1e9,
            ecarts=[
                {"famille": e.famille, "cellule": e.cellule, "en_service": e.ici, "refait": e.autre}
                for e in ecarts[:ECARTS_MONTRES]
            ],
        )

    def close(self) -> None:
        """Stop after a last checkpoint."""
        self.consommateur.stop()
        self.moteur.dispose()

    def _cursors(self) -> dict[str, int]:
        return {nom: a.curseur for nom, a in self.consommateur.avances.items()}

    def _differ_from_kept(self, refait: Pli) -> list[Ecart]:
        """How the checkpoint, taken now, differs; nothing to compare when another process holds it."""
        if not self.consommateur.checkpoint():
            return []
        with self.moteur.connect() as connexion:
            return store.load(connexion).diff(refait)

    def _restart_from_logs(self) -> None:
        with self.consommateur.held_still():
            with self.moteur.begin() as connexion:
                _forget(connexion)
            self.puits.pli = Pli()
            self.tableau = Tableau(self.puits.pli, self.cibles, self.stock, self.files)
            self.consommateur.restart()


def bootstrap(
    reglages: Reglages,
    sources: Sequence[Source],
    cloche: Cloche,
    rangees: RangeesDeProduction,
    files: answer.FilesDeRecouvrement,
    cibles: Cibles | None = None,
) -> Indicateurs:
    """The running service: the fold of the last checkpoint, and a consumer that goes on from its watermarks.

    ``cibles``: the targets to hold the figures against, by default those that are published.
    """
    cibles = cibles or published_targets()
    moteur = open_engine(reglages, CONSOMMATEUR, ecriture=True)
    prepare_base(moteur, CONSOMMATEUR, [*TABLES_DE_LECTURE, *TABLES_INDICATEURS])
    pli, reperes = _load(reglages, moteur)
    puits = PuitsDuPli(pli, Suivi(reglages.traceur, reglages.clock))
    consommateur = Consommateur(CONSOMMATEUR, sources, puits, moteur, reglages.clock, cloche, reperes, _guard(moteur))
    consommateur.start()
    stock = StockAuRepere(rangees, consommateur)
    tableau = Tableau(pli, cibles, stock, files)
    return Indicateurs(reglages, moteur, puits, consommateur, tableau, sources, cibles, stock, files)


def fold_between(pli: Pli, sources: Sequence[Lecture], depuis: dict[str, int], jusqua: dict[str, int]) -> int:
    """Fold the records of every log between two positions; the number of records read."""
    lus = 0
    for source in sources:
        position, fin = depuis[source.nom], jusqua[source.nom]
        while position < fin:
            records = [r for r in source.read(position, LECTURE, pli.types) if r.position <= fin]
            if not records:
                break
            pli.apply(records)
            position = records[-1].position
            lus += len(records)
    return lus


def _guard(moteur: Engine) -> Garde | None:
    """Several processes share a PostgreSQL database, and one at a time writes the checkpoint there."""
    return GardePostgres(moteur, f"point-{CONSOMMATEUR}") if moteur.dialect.name == "postgresql" else None


def _load(reglages: Reglages, moteur: Engine) -> tuple[Pli, dict[str, Avance]]:
    """The last checkpoint; nothing when its cells are of another version, so that the logs are folded again."""
    lecture = open_engine(reglages, CONSOMMATEUR)
    try:
        # Cells and watermarks of one moment, whatever another process writes meanwhile.
        with lecture.begin() as connexion:
            return store.load(connexion), load_marks(connexion, CONSOMMATEUR)
    except store.PliPerime:
        if moteur.dialect.name != "postgresql":
            with moteur.begin() as connexion:
                _forget(connexion)
        return Pli(), {}
    finally:
        lecture.dispose()


def _forget(connexion: Connection) -> None:
    store.erase(connexion)
    connexion.execute(delete(REPERE))
