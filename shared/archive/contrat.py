"""What an archive is made of: a folder for each service, a file for each month, a manifest that lists them.

``{service}/{AAAA-MM}.parquet`` holds the records of the log that follow those of the month before, all of them, in
order; ``{service}/manifeste.json`` lists the files. A file says the same of itself (key ``ecluse`` of its metadata).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from shared.archive.suite import Rupture, Suite
from shared.reglages import PARTITIONS
from shared.runtime.ecrivain import Refuse
from shared.systeme import explain_os

VERSION: Final = 1
CLE: Final = b"ecluse"
MANIFESTE: Final = "manifeste.json"
_PARTIEL: Final = ".partiel"


class ArchiveRefusee(Refuse):
    """An archive can not be written, or not be read; the message says what to do."""

    probleme, statut = "archive-refusee", 409


class Maillon(Struct, frozen=True):
    """An epoch of the log of which a file holds records, and the position that it continues from."""

    marque: str
    depuis: int


class Contenu(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file holds: records ``premiere`` to ``derniere``. ``tetes``: last position of each partition after them.

    ``chaine``: SHA-256 of every record since the beginning of the log, ``chaine_avant`` that of the files before.
    """

    version: int
    service: str
    mois: str
    premiere: int
    derniere: int
    nombre: int
    tetes_avant: tuple[int, ...]
    tetes: tuple[int, ...]
    epoques: tuple[Maillon, ...]
    chaine_avant: str
    chaine: str

    @property
    def fichier(self) -> str:
        """``2023-01.parquet``."""
        return file_of(self.mois)


class Entree(Struct, frozen=True):
    """A file of the manifest: what it holds, its size in bytes and its SHA-256."""

    contenu: Contenu
    octets: int
    sha256: str


class Manifeste(Struct, frozen=True):
    """The files of a service, oldest first."""

    version: int
    service: str
    fichiers: tuple[Entree, ...] = ()

    @property
    def suite(self) -> Suite:
        """How far the files go."""
        if not self.fichiers:
            return Suite()
        dernier = self.fichiers[-1].contenu
        return Suite(dernier.derniere, dernier.tetes)

    @property
    def chaine(self) -> str:
        """The hash of every record of the files."""
        return self.fichiers[-1].contenu.chaine if self.fichiers else begin_chain(self.service)

    @property
    def mois(self) -> str:
        """The last month; empty when there is none."""
        return self.fichiers[-1].contenu.mois if self.fichiers else ""

    @property
    def marque(self) -> str:
        """The epoch of the last record; empty when there is none."""
        return self.fichiers[-1].contenu.epoques[-1].marque if self.fichiers else ""

    def add(self, entree: Entree) -> "Manifeste":
        """With one more file, that follows the others. Raises ``Rupture``."""
        contenu = entree.contenu
        fautes = {
            f"version {contenu.version} du format, ce programme lit la version {VERSION}": contenu.version != VERSION,
            f"c'est le journal de {contenu.service}": contenu.service != self.service,
            f"le mois {contenu.mois} ne vient pas après {self.mois}": contenu.mois <= self.mois,
            f"il commence à la position {contenu.premiere}, {self.suite.position + 1} est attendue": (
                contenu.premiere != self.suite.position + 1
            ),
            "ses positions ne se suivent pas": contenu.derniere - contenu.premiere + 1 != contenu.nombre,
            "il dit mal ses partitions ou ses époques": (
                len(contenu.tetes) != PARTITIONS or max(contenu.tetes) != contenu.derniere or not contenu.epoques
            ),
            "ses partitions ne continuent pas celles du mois d'avant": contenu.tetes_avant != tuple(self.suite.tetes),
            "son empreinte ne continue pas celle du mois d'avant": contenu.chaine_avant != self.chaine,
        }
        for faute, vraie in fautes.items():
            if vraie:
                raise Rupture(f"{contenu.fichier} : {faute}")
        return Manifeste(self.version, self.service, (*self.fichiers, entree))


def explain_missing(absent: ModuleNotFoundError) -> str:
    """What to do where the library that writes and reads archives is not installed."""
    return f"les archives demandent un module de plus ({absent.name} manque) : pip install 'ecluse[exports]'"


def file_of(mois: str) -> str:
    """The name of the file of a month."""
    return f"{mois}.parquet"


def begin_chain(service: str) -> str:
    """The hash before the first record."""
    return sha256(f"ecluse.archive/{VERSION}/{service}".encode()).hexdigest()


def read_manifest(dossier: Path, service: str) -> Manifeste:
    """The manifest of a service, each file following the one before; empty when there is none.

    Raises ``ArchiveRefusee``.
    """
    vide = Manifeste(VERSION, service)
    chemin = dossier / service / MANIFESTE
    with readable(chemin):
        if not chemin.exists():
            return vide
        octets = chemin.read_bytes()
    try:
        lu = msgspec.json.decode(octets, type=Manifeste)
        manifeste = vide
        for entree in lu.fichiers:
            manifeste = manifeste.add(entree)
    except (msgspec.DecodeError, UnicodeDecodeError) as erreur:
        raise ArchiveRefusee(
            f"manifeste illisible : {chemin} ({erreur}). Le remettre d'une copie, ou l'effacer : « ecluse archive » le "
            "refait des fichiers après les avoir vérifiés"
        ) from None
    except Rupture as rupture:
        raise ArchiveRefusee(
            f"le manifeste {chemin} se contredit ({rupture}) : remettre l'archive d'une copie"
        ) from None
    return manifeste


def write_manifest(dossier: Path, manifeste: Manifeste) -> None:
    """Replace the manifest of a service, whole or not at all."""
    with replacing(dossier / manifeste.service / MANIFESTE) as chemin:
        chemin.write_bytes(msgspec.json.format(msgspec.json.encode(manifeste), indent=1) + b"\n")


@contextmanager
def replacing(chemin: Path) -> Iterator[Path]:
    """A path to write to: at the end of the context it is on the disk and takes its place, in one step.

    What is left of one that did not end bears another name, and is written over.
    """
    brouillon = chemin.with_name(f".{chemin.name}{_PARTIEL}")
    brouillon.unlink(missing_ok=True)
    # Records hold pseudonyms: nobody else reads them.
    brouillon.touch(0o600)
    try:
        yield brouillon
        sync(brouillon)
        brouillon.replace(chemin)
    except BaseException:
        brouillon.unlink(missing_ok=True)
        raise
    sync(chemin.parent)


def sync(chemin: Path) -> None:
    """What is in a file or a folder is on the disk."""
    descripteur = os.open(chemin, os.O_RDONLY)
    try:
        os.fsync(descripteur)
    finally:
        os.close(descripteur)


def sweep(dossier: Path) -> None:
    """Take away what runs that did not end have left."""
    for reste in dossier.glob(f".*{_PARTIEL}"):
        reste.unlink()


@contextmanager
def readable(chemin: Path) -> Iterator[None]:
    """What the system refuses is ``ArchiveRefusee``."""
    try:
        yield
    except OSError as erreur:
        raise ArchiveRefusee(f"l'archive ne se lit pas ({explain_os(erreur)}) : {chemin}") from erreur
