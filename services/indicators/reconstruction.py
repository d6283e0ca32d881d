"""The proof by rebuild: every log is folded again from its beginning, beside the fold in use.

What was archived may be read from there, and only what follows it from the log.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine

from services.indicators import store
from services.indicators.fold.pli import Pli
from services.indicators.puits import PuitsDuPli
from shared.archive.contrat import ArchiveRefusee, explain_missing
from shared.archive.suite import Rupture, Suite, check_lineage
from shared.runtime.consommateur import Consommateur
from shared.runtime.ecrivain import Indisponible, Refuse
from shared.runtime.reperes import Arret, Avance, PasEncore, Trou
from shared.runtime.suivi import Garde, Lecture, Source

if TYPE_CHECKING:
    from shared.archive.lecture import Archive

ECARTS_MONTRES: Final = 100
LECTURE: Final = 20_000
# Seconds that the figures may take to come back from the logs.
RELECTURE_MAX: Final = 600.0


@dataclass(frozen=True)
class Comparaison:
    """A fold of the whole log beside the one in use, both at the same watermarks. ``ecarts``: cells that differ.

    ``evenements``: records read, ``archives`` of them from an archive.
    """

    egal: bool
    evenements: int
    archives: int
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

    def run(self, *, accepter_restauration: bool = False, archive: Path | None = None) -> Comparaison:
        """Compare with the fold in use and with its checkpoint, both as they are when it begins.

        ``accepter_restauration``: when a consumer stopped on a restored copy, take the logs as they are now and start
        the figures again from them, in every process that shares them. ``archive``: the whole path of a folder of
        archives, read in place of what it holds of the logs. Raises ``ReconstructionEnCours``, ``JournalArrete``,
        ``ArchiveRefusee``, ``Indisponible``.
        """
        with self._alone():
            try:
                ouverte = self._open(archive) if archive else None
                if accepter_restauration:
                    self._start_again()
                return self._compare(ouverte)
            except Arret as arret:
                raise JournalArrete(str(arret)) from arret
            except (PasEncore, Trou) as erreur:
                raise Indisponible(str(erreur)) from erreur

    def _open(self, dossier: Path) -> "Archive":
        try:
            # Here: a house without archives does without the library that reads them.
            from shared.archive.lecture import open_archive
        except ModuleNotFoundError as absent:
            raise ArchiveRefusee(explain_missing(absent)) from None
        archive = open_archive(dossier, [source.nom for source in self._sources])
        for source in self._sources:
            if archive.reaches(source.nom):
                _check_same_log(source, archive.epoch_of(source.nom), archive.reaches(source.nom))
        return archive

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

    def _compare(self, archive: "Archive | None") -> Comparaison:
        debut = self._clock()
        # Figures wait while the copy is made, never while logs are read.
        with self._consommateur.held_still():
            en_service = self._puits.pli.copy()
            garde = self._keep()
            jusqua = {nom: avance.curseur for nom, avance in self._consommateur.avances.items()}
        refait, relus = Pli(), Relus()
        for source in self._sources:
            self._fold(refait, relus, source, jusqua[source.nom], archive)
        ecarts = en_service.diff(refait) or ([] if garde is None else garde.diff(refait))
        return Comparaison(
            egal=not ecarts,
            evenements=relus.evenements,
            archives=relus.archives,
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

    def _fold(self, pli: Pli, relus: "Relus", source: Source, fin: int, archive: "Archive | None") -> None:
        """Fold a log up to a position, from its archive as far as that goes."""
        suite = Suite()
        if archive and archive.reaches(source.nom):
            for bloc in archive.read(source.nom, pli.types, fin):
                pli.apply_bytes(bloc.octets)
                suite = bloc.suite
                relus.archives += bloc.nombre
                self._unique.hold()
        relus.evenements += suite.position
        if suite.position < fin:
            with source.reread(Avance(curseur=suite.position)) as lecture:
                try:
                    relus.evenements += self._fold_all(pli, lecture, suite, fin)
                except Rupture as rupture:
                    raise _broken(source.nom, suite, rupture) from None

    def _fold_all(self, pli: Pli, lecture: Lecture, suite: Suite, fin: int) -> int:
        """Fold what follows; the number of records read. Raises ``Rupture``."""
        debut = suite.position
        while suite.position < fin:
            records = [r for r in lecture.read(suite.position, LECTURE, pli.types) if r.position <= fin]
            if not records:
                break
            suite = suite.follow_records(records)
            pli.apply(records)
            # A lock that is silent for long is taken away.
            self._unique.hold()
        return suite.position - debut


@dataclass
class Relus:
    """Records that a rebuild has read. ``archives``: of them, from an archive."""

    evenements: int = 0
    archives: int = 0


def _check_same_log(source: Source, marque: str, position: int) -> None:
    """The log must be the one that was archived. Raises ``ArchiveRefusee``, ``PasEncore``."""
    lignee = source.lineage()
    if not lignee:
        raise PasEncore(f"le publieur de {source.nom} n'a pas encore parlé : recommencer bientôt")
    try:
        check_lineage(lignee, marque, position)
    except Rupture as rupture:
        raise ArchiveRefusee(
            f"le journal de {source.nom} n'est pas celui qui a été archivé ({rupture}) : une ancienne copie de la base "
            "a été restaurée, ou ce dossier est l'archive d'une autre maison. Refaire sans archive, et archiver de "
            "nouveau dans un autre dossier"
        ) from None


def _broken(nom: str, suite: Suite, rupture: Rupture) -> Exception:
    """What does not follow an archive, or what does not follow in the log itself."""
    if suite.position:
        return ArchiveRefusee(
            f"le journal de {nom} ne continue pas l'archive, qui va jusqu'à la position {suite.position} ({rupture}) : "
            "refaire sans archive ; si cela va, archiver de nouveau dans un autre dossier"
        )
    return Arret(f"le journal de {nom} ne se suit pas ({rupture}) : remettre la base d'origine")


def _under_way() -> ReconstructionEnCours:
    return ReconstructionEnCours("une reconstruction est déjà en cours : attendre sa fin, puis recommencer")
