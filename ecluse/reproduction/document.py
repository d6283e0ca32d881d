"""The document of a reproduction: everything that the table shows, without an instant of its run.

The same profile, seeds, scale and program give the same document, byte for byte.
"""

import platform
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from importlib.resources import files
from typing import Final

from msgspec import Struct

from ecluse import __version__
from ecluse.reproduction.annee import Annee, ReproductionImpossible, run_year
from ecluse.reproduction.pieges import Pieges, show_traps
from ecluse.reproduction.rapprochement import Ligne, compare
from ecluse.simulateur.mesures import Genre, load_mesures
from ecluse.simulateur.profil import load_profil
from ecluse.simulateur.publies import Publie, published_of, read_publies

_SIMULATEUR: Final = files("ecluse.simulateur")
_EMPREINTE: Final = 12


class Versions(Struct, frozen=True):
    """What the figures rest on. ``profil`` and ``publies``: the start of the SHA-256 of their files; ``python``: the
    language version, whose generator draws the seeds."""

    ecluse: str
    python: str
    profil: str
    publies: str


class Passage(Struct, frozen=True):
    """A simulated year. ``manques``: what a year that goes well never has (French)."""

    graine: int
    evenements: int
    acceptes: int
    doublons: int
    refuses: int
    manques: list[str]


class Reproduction(Struct, frozen=True):
    """The published year of a Caf beside simulated ones."""

    caf: str
    annee: int
    titre: str
    echelle: float
    versions: Versions
    passages: list[Passage]
    lignes: list[Ligne]
    pieges: Pieges

    @property
    def entrees(self) -> list[Ligne]:
        """The lines that must match."""
        return [ligne for ligne in self.lignes if ligne.respectee is not None]

    @property
    def trop_petites(self) -> int:
        """How many inputs the scale is too small to judge."""
        return sum(ligne.tolerance is not None and ligne.respectee is None for ligne in self.lignes)

    @property
    def reussie(self) -> bool:
        """Every input is within its tolerance for every seed, and nothing went wrong on the way."""
        return all(ligne.respectee for ligne in self.entrees) and not any(p.manques for p in self.passages)


def reproduce(
    caf: str,
    annee: int,
    echelle: float,
    graines: Sequence[int],
    run: Callable[[int], Annee] | None = None,
) -> Reproduction:
    """Simulate the year once for each seed (``run``: how) and hold it against the report.

    Raises ``ReproductionImpossible`` (nothing is published, or the year could not be simulated) and ``ProfilRefuse``.
    """
    profil, publies = load_profil(caf), published_of(caf, annee)
    if not publies or profil.annee != annee:
        raise ReproductionImpossible(
            f"rien à comparer pour la Caf {caf} en {annee} : son profil est de {profil.annee}, "
            f"les chiffres publiés sont de {', '.join(_known(caf)) or '(aucune année)'}"
        )
    annees = [(run or (lambda graine: run_year(caf, annee, echelle, graine)))(graine) for graine in graines]
    return Reproduction(
        caf,
        annee,
        profil.titre,
        echelle,
        Versions(
            __version__,
            ".".join(platform.python_version_tuple()[:2]),
            _digest("profils", f"{caf}.toml"),
            _digest("publies.csv"),
        ),
        [_pass(simulee) for simulee in annees],
        list(_lines(publies, annees, echelle)),
        show_traps([(simulee.figures, simulee.stock) for simulee in annees], echelle),
    )


def _lines(publies: Sequence[Publie], annees: Sequence[Annee], echelle: float) -> Iterator[Ligne]:
    """Inputs first, as they make the results; each in the order of its report."""
    mesures, figures = load_mesures(), [simulee.figures for simulee in annees]
    for genre in Genre:
        for publie in publies:
            mesure = mesures[publie.mesure]
            if mesure.genre == genre:
                yield compare(publie, mesure, figures, echelle)


def _pass(simulee: Annee) -> Passage:
    bilan = simulee.bilan
    return Passage(
        simulee.graine, simulee.emis.evenements, bilan.acceptes, bilan.doublons, bilan.rejets, simulee.manques
    )


def _known(caf: str) -> list[str]:
    return sorted({str(publie.annee) for publie in read_publies() if publie.caf == caf})


def _digest(*chemin: str) -> str:
    return sha256(_SIMULATEUR.joinpath(*chemin).read_bytes()).hexdigest()[:_EMPREINTE]
