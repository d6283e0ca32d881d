"""Composition of the indicators service: its fold, its consumer, its answers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection, Engine, delete

from services.indicators import answer, store
from services.indicators.arretes.comparaison import Confrontations
from services.indicators.arretes.service import Arretes
from services.indicators.comparaison import ComparaisonDePeriodes, compare, other_period
from services.indicators.contrat import Contrat
from services.indicators.contrat_documents import ValeurDocument, last_values
from services.indicators.explication.document import Explication
from services.indicators.explication.elements import Elements, ask, read_page
from services.indicators.figures import StockDeProduction
from services.indicators.fold.pli import Pli
from services.indicators.horizon import Projection, project
from services.indicators.instantane import Instantane, explain_delay, extract
from services.indicators.invariants import Invariants
from services.indicators.models import TABLES_INDICATEURS
from services.indicators.puits import PuitsDuPli, Suivi
from services.indicators.reconstruction import Comparaison, Reconstruction
from services.indicators.rules import Role, parse_period, parse_role
from services.indicators.tableau import Tableau
from shared.base import open_engine
from shared.migrations import prepare_base
from shared.reglages import Reglages
from shared.runtime.consommateur import Consommateur
from shared.runtime.ecrivain import Indisponible
from shared.runtime.garde import GardePostgres
from shared.runtime.imagier import Imagier
from shared.runtime.reperes import POINT, REPERE, Avance, load_marks, read_identity
from shared.runtime.service import Cloche
from shared.runtime.suivi import Garde, SeulGardien, Source
from shared.runtime.tables import TABLES_DE_LECTURE
from shared.temps import to_jour, write_instant

CONSOMMATEUR: Final = "indicators"
PRODUCTION: Final = "production"


class RangeesDeProduction(Protocol):
    """Production's own count of its rows."""

    def closing_stocks(self, caf: str, jours: Sequence[int], position: int) -> Sequence[int] | None:
        """Pieces open at the end of each of these days (ordinals), as its log knew them at ``position``; None when it
        cannot answer."""
        ...


@dataclass(frozen=True)
class StockAuRepere:
    """Production's stock as far as the fold has gone: what came since would look like a gap between the two."""

    rangees: RangeesDeProduction
    consommateur: Consommateur

    def closing_stocks(self, caf: str, jours: Sequence[int]) -> Sequence[int] | None:
        """See ``StockDeProduction``."""
        return self.rangees.closing_stocks(caf, jours, self.consommateur.avances[PRODUCTION].curseur)

    def still(self) -> "StockFige":
        """The same, as far as the fold has gone now."""
        return StockFige(self.rangees, self.consommateur.avances[PRODUCTION].curseur)


@dataclass(frozen=True)
class StockFige:
    """Production's stock as its log knew it at one position."""

    rangees: RangeesDeProduction
    position: int

    def closing_stocks(self, caf: str, jours: Sequence[int]) -> Sequence[int] | None:
        """See ``StockDeProduction``."""
        return self.rangees.closing_stocks(caf, jours, self.position)


@dataclass
class Indicateurs:
    """The running service."""

    reglages: Reglages
    moteur: Engine
    puits: PuitsDuPli
    consommateur: Consommateur
    tableau: Tableau
    sources: Sequence[Source]
    contrat: Contrat
    stock: StockAuRepere
    files: answer.FilesDeRecouvrement
    reconstruction: Reconstruction
    lecture: Engine
    imagiers: Mapping[str, Imagier]

    @cached_property
    def arretes(self) -> Arretes:
        """The figures that were frozen."""
        return Arretes(self, self.moteur, self.lecture, self.reglages.clock)

    @cached_property
    def confrontations(self) -> Confrontations:
        """What has moved since."""
        return Confrontations(self.arretes, self, self.sources, lambda: self.contrat.cibles)

    def freshness(self) -> answer.Fraicheur:
        """How fresh the figures are."""
        f = self.consommateur.freshness()
        dernier = write_instant(f.dernier_evenement) if f.dernier_evenement else None
        return answer.Fraicheur(dernier, f.retard_secondes, f.a_jour)

    def figures(
        self, caf: str, du: str, au: str, codes: Sequence[str], role: str = Role.proprietaire
    ) -> answer.Reponse:
        """See ``Tableau.reponse``; no code: all of them."""
        self.contrat.look()
        with self.consommateur.verrou:
            return self._tableau.reponse(caf, du, au, codes or None, self.freshness(), parse_role(role))

    def series(
        self, code: str, caf: str, du: str, au: str, pas: str, role: str = Role.proprietaire, par: str = ""
    ) -> answer.Serie:
        """See ``Tableau.serie``."""
        with self.consommateur.verrou:
            return self._tableau.serie(code, caf, du, au, pas, self.freshness(), parse_role(role), par or None)

    def all_series(
        self, caf: str, du: str, au: str, codes: Sequence[str], pas: str, role: str = Role.proprietaire
    ) -> Iterator[answer.Serie]:
        """The series of several indicators, computed one at a time from one state of the fold."""
        choisi = parse_role(role)
        with self.consommateur.verrou:
            self._tableau.population(caf, choisi, parse_period(du, au))
        vu = self.still(caf, choisi)
        return (vu.tableau.serie(code, caf, du, au, pas, vu.fraicheur, choisi) for code in codes)

    def cut(self, code: str, caf: str, du: str, au: str, par: str, role: str = Role.proprietaire) -> answer.Coupe:
        """See ``Tableau.coupe``."""
        with self.consommateur.verrou:
            return self._tableau.coupe(code, caf, du, au, par, self.freshness(), parse_role(role))

    def compare(
        self,
        caf: str,
        du: str,
        au: str,
        codes: Sequence[str] = (),
        role: str = Role.proprietaire,
        avec: str = "",
        avec_du: str = "",
        avec_au: str = "",
    ) -> ComparaisonDePeriodes:
        """See ``compare``; no code: all of them."""
        with self.consommateur.verrou:
            autre = other_period(parse_period(du, au), avec, avec_du, avec_au)
            return compare(self._tableau, caf, (du, au), autre, codes or None, self.freshness(), parse_role(role))

    def project(self, caf: str, au: str = "", role: str = Role.proprietaire) -> Projection:
        """See ``project``."""
        with self.consommateur.verrou:
            return project(self._tableau, caf, au or None, self.freshness(), parse_role(role))

    def explain(
        self, code: str, caf: str, du: str, au: str, par: str | None, role: str = Role.proprietaire
    ) -> Explication:
        """See ``Tableau.explication``."""
        choisi = parse_role(role)
        with self.consommateur.verrou:
            return self._tableau.explication(code, caf, du, au, par, self.freshness(), self._positions(), choisi)

    def elements(
        self,
        code: str,
        caf: str,
        du: str,
        au: str,
        terme: str | None,
        apres: str | None,
        limite: int,
        role: str = Role.proprietaire,
    ) -> Elements:
        """The objects behind a term of a figure, by default the first, as the service that owns them tells them.

        Raises ``QuestionRefusee``, or ``Indisponible`` when that service does not answer.
        """
        choisi = parse_role(role)
        with self.consommateur.verrou:
            mesure = self._tableau.mesure(code, caf, du, au, terme, self.freshness(), self._positions(), choisi)
        question = ask(caf, du, au, mesure, apres, limite)
        imagier = self.imagiers.get(mesure.service)
        if imagier is None:
            raise Indisponible(
                f"le service {mesure.service} n'est pas connu d'ici : donner son adresse aux indicateurs"
            )
        with imagier.read(question.demande) as flot:
            return read_page(question, flot)

    def invariants(self, caf: str, du: str, au: str) -> Invariants:
        """See ``Tableau.invariants``."""
        with self.consommateur.verrou:
            return self._tableau.invariants(caf, du, au)

    def values(self, caf: str, code: str) -> list[ValeurDocument]:
        """The last values typed in for an indicator, newest first."""
        return last_values(self.contrat, caf, code)

    def cafs(self) -> list[str]:
        """The Cafs of which something is known."""
        with self.consommateur.verrou:
            return self._tableau.cafs()

    def still(self, caf: str, role: Role = Role.proprietaire) -> Instantane:
        """What is known of a Caf now, copied: questions to it hold nobody up, and agree with one another."""
        self.contrat.look()
        with self.consommateur.verrou:
            pli, stock = extract(self._tableau.pli, caf, role), self.stock.still()
            reperes = {nom: avance.copy_marks() for nom, avance in self.consommateur.avances.items()}
            fraicheur = self.freshness()
        tableau = _board(pli, self.contrat, stock, self.files, self.tableau.today)
        return Instantane(pli, tableau, fraicheur, reperes)

    def explain_delay(self) -> str:
        """Why the figures are not à jour (French)."""
        return explain_delay(self.consommateur.avances)

    def rebuild(self, *, accepter_restauration: bool = False, archive: Path | None = None) -> Comparaison:
        """See ``Reconstruction.run``."""
        return self.reconstruction.run(accepter_restauration=accepter_restauration, archive=archive)

    def close(self) -> None:
        """Stop after a last checkpoint."""
        self.consommateur.stop()
        self.contrat.close()
        self.lecture.dispose()
        self.moteur.dispose()

    def _positions(self) -> dict[str, int]:
        """How far each log is folded."""
        return {nom: avance.curseur for nom, avance in self.consommateur.avances.items()}

    @property
    def _tableau(self) -> Tableau:
        """The answers from the fold in use: a restart begins another one."""
        if self.tableau.pli is not self.puits.pli:
            self.tableau = _board(self.puits.pli, self.contrat, self.stock, self.files, self.tableau.today)
        return self.tableau


def bootstrap(
    reglages: Reglages,
    sources: Sequence[Source],
    cloche: Cloche,
    rangees: RangeesDeProduction,
    files: answer.FilesDeRecouvrement,
    imagiers: Mapping[str, Imagier] | None = None,
) -> Indicateurs:
    """The running service: the fold of the last checkpoint, and a consumer that goes on from its watermarks.

    ``imagiers``: who answers for the objects of each service.
    """
    moteur = open_engine(reglages, CONSOMMATEUR, ecriture=True)
    prepare_base(moteur, CONSOMMATEUR, [*TABLES_DE_LECTURE, *TABLES_INDICATEURS])
    # The Cafs are those of the fold in use, which is loaded next.
    contrat = Contrat(moteur, open_engine(reglages, CONSOMMATEUR), reglages.clock, lambda: puits.pli.cafs())
    contrat.open()
    pli, reperes = _load(reglages, moteur)
    puits = PuitsDuPli(pli, Suivi(reglages.traceur, reglages.clock))
    garde = _guard(moteur, "point")
    consommateur = Consommateur(CONSOMMATEUR, sources, puits, moteur, reglages.clock, cloche, reperes, garde)
    consommateur.start()
    stock = StockAuRepere(rangees, consommateur)
    tableau = _board(pli, contrat, stock, files, lambda: to_jour(reglages.clock()))
    unique = _guard(moteur, "reconstruction") or SeulGardien()
    reconstruction = Reconstruction(sources, puits, consommateur, moteur, reglages.clock, unique)
    lecture = open_engine(reglages, CONSOMMATEUR)
    return Indicateurs(
        reglages,
        moteur,
        puits,
        consommateur,
        tableau,
        sources,
        contrat,
        stock,
        files,
        reconstruction,
        lecture,
        imagiers or {},
    )


def _board(
    pli: Pli,
    contrat: Contrat,
    stock: StockDeProduction,
    files: answer.FilesDeRecouvrement,
    today: Callable[[], int],
) -> Tableau:
    return Tableau(pli, contrat.cibles, stock, files, contrat.valeurs, today)


def _guard(moteur: Engine, quoi: str) -> Garde | None:
    """Several processes share a PostgreSQL database, and one at a time does this there."""
    return GardePostgres(moteur, f"{quoi}-{CONSOMMATEUR}") if moteur.dialect.name == "postgresql" else None


def _load(reglages: Reglages, moteur: Engine) -> tuple[Pli, dict[str, Avance]]:
    """The last checkpoint; nothing when its cells are of another version, so that the logs are folded again."""
    lecture = open_engine(reglages, CONSOMMATEUR)
    try:
        # Cells and watermarks of one moment, whatever another process writes meanwhile.
        with lecture.begin() as connexion:
            return store.load(connexion), load_marks(connexion, CONSOMMATEUR)
    except store.PliPerime:
        with moteur.begin() as connexion:
            if moteur.dialect.name == "postgresql":
                # Other processes may still write it: it is replaced by the first checkpoint of ours.
                reprises = read_identity(connexion, CONSOMMATEUR).reprises
                return Pli(), {POINT: Avance(curseur=reprises)}
            _forget(connexion)
        return Pli(), {}
    finally:
        lecture.dispose()


def _forget(connexion: Connection) -> None:
    store.erase(connexion)
    connexion.execute(delete(REPERE))
