"""The folder of a data set: made beside its place, moved there when it is whole, and held against what it says."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import Final

from ecluse.dossier import DossierInutilisable
from shared.archive.contrat import sync

SOMMES: Final = "SHA256SUMS"


class JeuRefuse(Exception):
    """A data set that can not be made, or is not what it says: the message says why, in one line (French)."""


@contextmanager
def aside(dossier: Path) -> Iterator[Path]:
    """A folder to fill; at the end of the context it takes the place of ``dossier``, which must be free, in one step.

    Raises ``DossierInutilisable`` when the place is taken, or when another command is filling it.
    """
    _check_free(dossier)
    brouillon = dossier.parent / f".{dossier.name}.partiel"
    brouillon.mkdir(parents=True, exist_ok=True)
    with _alone(brouillon, dossier):
        try:
            _empty(brouillon)
            yield brouillon
            for chemin in sorted(brouillon.rglob("*")):
                sync(chemin)
            _check_free(dossier)
            brouillon.rename(dossier)
        except BaseException:
            shutil.rmtree(brouillon, ignore_errors=True)
            raise
    sync(dossier.parent)


def write_sums(dossier: Path) -> None:
    """List every file with its SHA-256, as ``sha256sum -c`` reads it."""
    lignes = [f"{digest(chemin)}  {chemin.relative_to(dossier).as_posix()}\n" for chemin in files_of(dossier)]
    (dossier / SOMMES).write_text("".join(lignes), encoding="utf-8")


def check_sums(dossier: Path) -> None:
    """Whether the files are those listed, as they were written. Raises ``JeuRefuse``, ``OSError``."""
    if not (dossier / SOMMES).is_file():
        raise JeuRefuse(f"{dossier} n'est pas un jeu de données entier : {SOMMES} manque")
    lignes = (dossier / SOMMES).read_text(encoding="utf-8").splitlines()
    attendus = {nom: somme for somme, _, nom in (ligne.partition("  ") for ligne in lignes)}
    presents = {chemin.relative_to(dossier).as_posix(): chemin for chemin in files_of(dossier)}
    for nom in sorted(attendus.keys() ^ presents.keys()):
        quoi = "manque" if nom in attendus else "n'est pas du jeu"
        raise JeuRefuse(f"{dossier} : le fichier {nom} {quoi}")
    for nom, chemin in presents.items():
        if digest(chemin) != attendus[nom]:
            raise JeuRefuse(f"{dossier} : le fichier {nom} a changé depuis qu'il a été écrit")


def files_of(dossier: Path) -> list[Path]:
    """The files of a data set, but the list of their sums."""
    return sorted(chemin for chemin in dossier.rglob("*") if chemin.is_file() and chemin != dossier / SOMMES)


def digest(chemin: Path) -> str:
    """The SHA-256 of a file."""
    with chemin.open("rb") as fichier:
        return file_digest(fichier, "sha256").hexdigest()


def _check_free(dossier: Path) -> None:
    if dossier.is_symlink() or (dossier.exists() and not dossier.is_dir()):
        raise DossierInutilisable(f"{dossier} existe et n'est pas un dossier : choisir un autre nom")
    if dossier.exists() and any(dossier.iterdir()):
        raise DossierInutilisable(f"le dossier {dossier} n'est pas vide : choisir un dossier neuf, rien n'est remplacé")


def _empty(brouillon: Path) -> None:
    """Take away what a run that was killed has left."""
    for reste in brouillon.iterdir():
        if reste.is_dir():
            shutil.rmtree(reste)
        else:
            reste.unlink()


@contextmanager
def _alone(brouillon: Path, dossier: Path) -> Iterator[None]:
    descripteur = os.open(brouillon, os.O_RDONLY)
    try:
        fcntl.flock(descripteur, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The one that had it may have moved it away meanwhile.
        if not brouillon.exists() or not os.path.samestat(os.fstat(descripteur), brouillon.stat()):
            raise BlockingIOError
        yield
    except BlockingIOError:
        raise DossierInutilisable(f"une autre commande écrit {dossier} : attendre sa fin") from None
    finally:
        os.close(descripteur)
