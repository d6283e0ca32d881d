"""A file of an archive: written beside its place and moved there when it is whole, read a batch at a time."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from shared.archive.colonnes import REPETEES, SCHEMA, Ligne, hash_lines, read_lines, to_batch
from shared.archive.contrat import CLE, VERSION, Contenu, Entree, Maillon, readable
from shared.archive.suite import Entiers, Rupture, Suite
from shared.pannes import crash_point, declare_point
from shared.runtime.service import MaillonEpoque

# Of a group of rows, that is compressed as one.
GROUPE_LIGNES: Final = 65_536
GROUPE_OCTETS: Final = 32_000_000
# Rows that are held in memory at once.
LECTURE: Final = 20_000
PENDANT: Final = declare_point("archive.pendant", "une partie d'un mois est écrite à côté de sa place")


class Brouillon:
    """A file that is being written."""

    def __init__(self, chemin: Path, service: str, mois: str, suite: Suite, chaine: str) -> None:
        self._suite = self._avant = suite
        self._service, self._mois, self._chaine_avant = service, mois, chaine
        self._empreinte = hashlib.sha256(bytes.fromhex(chaine))
        self._epoques: list[Maillon] = []
        self._lots: list[pa.RecordBatch] = []
        self._lignes = self._octets = 0
        self._sortie = pq.ParquetWriter(
            chemin, SCHEMA, compression="zstd", use_dictionary=REPETEES, version="2.6", write_statistics=True
        )

    def add(self, lignes: Sequence[Ligne], epoques: Sequence[MaillonEpoque]) -> None:
        """Write records, of these epochs. Raises ``Rupture``."""
        self._suite = follow_lines(self._suite, lignes)
        hash_lines(self._empreinte, lignes)
        self._epoques += [
            Maillon(e.marque, e.depuis) for e in epoques if Maillon(e.marque, e.depuis) not in self._epoques
        ]
        self._lots.append(to_batch(lignes))
        self._lignes += len(lignes)
        self._octets += sum(len(ligne.octets) for ligne in lignes)
        if self._lignes >= GROUPE_LIGNES or self._octets >= GROUPE_OCTETS:
            self._write_group()

    def finish(self) -> Contenu:
        """Write what the file says of itself, and close it."""
        self._write_group()
        contenu = Contenu(
            version=VERSION,
            service=self._service,
            mois=self._mois,
            premiere=self._avant.position + 1,
            derniere=self._suite.position,
            nombre=self._suite.position - self._avant.position,
            tetes_avant=tuple(self._avant.tetes),
            tetes=tuple(self._suite.tetes),
            epoques=tuple(self._epoques),
            chaine_avant=self._chaine_avant,
            chaine=self._empreinte.hexdigest(),
        )
        self._sortie.add_key_value_metadata({CLE: msgspec.json.encode(contenu)})
        self._sortie.close()
        return contenu

    def close(self) -> None:
        """Leave it as it is."""
        self._sortie.close()

    def _write_group(self) -> None:
        if self._lots:
            self._sortie.write_table(pa.Table.from_batches(self._lots))
            crash_point(PENDANT)
        self._lots, self._lignes, self._octets = [], 0, 0


def weigh(chemin: Path, contenu: Contenu) -> Entree:
    """A file as the manifest lists it."""
    with chemin.open("rb") as fichier:
        return Entree(contenu, chemin.stat().st_size, hashlib.file_digest(fichier, "sha256").hexdigest())


def open_file(chemin: Path) -> tuple[pq.ParquetFile, Contenu]:
    """A file and what it says of itself. Raises ``Rupture``, ``ArchiveRefusee``."""
    with readable(chemin):
        try:
            fichier = pq.ParquetFile(chemin, read_dictionary=["type"])
            contenu = msgspec.json.decode((fichier.metadata.metadata or {})[CLE], type=Contenu)
        except (pa.ArrowInvalid, KeyError, msgspec.DecodeError):
            raise Rupture(f"{chemin.name} : ce n'est pas un fichier d'archive, ou il est abîmé") from None
    return fichier, contenu


def check_file(chemin: Path, entree: Entree) -> None:
    """Whether a file is still the one that the manifest lists. Raises ``Rupture``, ``ArchiveRefusee``."""
    if not chemin.exists():
        raise Rupture(f"{chemin.name} : le fichier manque")
    with readable(chemin):
        trouve = weigh(chemin, entree.contenu)
    if trouve != entree:
        raise Rupture(f"{chemin.name} : le fichier a changé depuis qu'il a été écrit")


def read_batches(fichier: pq.ParquetFile, colonnes: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The rows of a file, a batch at a time. Raises ``Rupture`` when it can not be read to its end."""
    try:
        yield from fichier.iter_batches(LECTURE, columns=list(colonnes))
    except (pa.ArrowException, OSError) as erreur:
        raise Rupture(f"illisible ({erreur})") from erreur


def follow_batch(suite: Suite, lot: pa.RecordBatch) -> Suite:
    """The log further by the rows of a batch. Raises ``Rupture``."""
    return suite.follow(*(_numbers(lot.column(nom)) for nom in ("position", "precedent", "partition")))


def follow_lines(suite: Suite, lignes: Sequence[Ligne]) -> Suite:
    """The log further by these records. Raises ``Rupture``."""
    positions, precedents, partitions = zip(*((r.position, r.precedent, r.partition) for r in lignes), strict=True)
    return suite.follow(np.array(positions), np.array(precedents), np.array(partitions))


def read_whole(chemin: Path, suite: Suite, chaine: str) -> Contenu:
    """Read a file to its end and hold every record against what it says of itself. Raises ``Rupture``."""
    fichier, contenu = open_file(chemin)
    with fichier:
        empreinte = hashlib.sha256(bytes.fromhex(chaine))
        for lot in read_batches(fichier, Ligne._fields):
            suite = follow_batch(suite, lot)
            hash_lines(empreinte, read_lines(lot))
    if (suite.position, tuple(suite.tetes), empreinte.hexdigest()) != (
        contenu.derniere,
        contenu.tetes,
        contenu.chaine,
    ):
        raise Rupture(f"{chemin.name} : ses enregistrements ne sont pas ceux qu'il annonce")
    return contenu


def _numbers(colonne: Any) -> Entiers:
    nombres: Entiers = colonne.to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    return nombres
