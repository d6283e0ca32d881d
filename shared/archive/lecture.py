"""Reading an archive back: for a fold, and to prove that it is whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from shared.archive.contrat import ArchiveRefusee, Manifeste, read_manifest, readable
from shared.archive.fichier import check_file, follow_batch, open_file, read_batches, read_whole
from shared.archive.suite import Rupture, Suite


@dataclass(frozen=True)
class Bloc:
    """Some records that follow one another: how many, how far they go, and the bytes of the types asked for."""

    nombre: int
    suite: Suite
    octets: Mapping[str, Sequence[bytes]]


@dataclass(frozen=True)
class Archive:
    """The archives of a folder. ``manifestes``: of each service that has one."""

    dossier: Path
    manifestes: Mapping[str, Manifeste]

    def reaches(self, service: str) -> int:
        """The last position that is archived; 0 when there is none."""
        manifeste = self.manifestes.get(service)
        return manifeste.suite.position if manifeste else 0

    def epoch_of(self, service: str) -> str:
        """The epoch of the last record that is archived."""
        return self.manifestes[service].marque

    def read(self, service: str, types: Sequence[str], fin: int) -> Iterator[Bloc]:
        """The records of a service up to position ``fin``, checked as they come. Raises ``ArchiveRefusee``."""
        manifeste, suite = self.manifestes.get(service), Suite()
        for entree in manifeste.fichiers if manifeste else ():
            if suite.position >= fin:
                return
            chemin = self.dossier / service / entree.contenu.fichier
            try:
                check_file(chemin, entree)
                fichier, _ = open_file(chemin)
                with fichier:
                    for lot in read_batches(fichier, ("position", "precedent", "partition", "type", "octets")):
                        utile = lot.slice(0, max(fin - suite.position, 0))
                        suite = follow_batch(suite, utile)
                        if len(utile):
                            yield Bloc(len(utile), suite, _by_type(utile, types))
            except Rupture as rupture:
                raise _damaged(self.dossier, service, rupture) from None


def open_archive(dossier: Path, services: Sequence[str]) -> Archive:
    """The archives of these services that a folder holds. Raises ``ArchiveRefusee`` when it holds none."""
    if "\0" in str(dossier) or not dossier.is_absolute():
        raise ArchiveRefusee("le dossier d'une archive est donné par son chemin entier, qui commence par « / »")
    with readable(dossier):
        manifestes = {service: m for service in services if (m := read_manifest(dossier, service)).fichiers}
    if not manifestes:
        raise ArchiveRefusee(
            f"aucune archive dans {dossier} : donner le dossier que « ecluse archive --vers » a rempli, tel que le "
            "voit la machine qui donne les chiffres"
        )
    return Archive(dossier, manifestes)


def verify_archive(dossier: Path, service: str) -> Manifeste:
    """Read every record of a service again: the files of its manifest, each whole, and none besides.

    Raises ``ArchiveRefusee``.
    """
    manifeste = read_manifest(dossier, service)
    vu = Manifeste(manifeste.version, service)
    try:
        for entree in manifeste.fichiers:
            chemin = dossier / service / entree.contenu.fichier
            check_file(chemin, entree)
            if read_whole(chemin, vu.suite, vu.chaine) != entree.contenu:
                raise Rupture(f"{chemin.name} : il ne dit pas de lui ce qu'en dit le manifeste")
            vu = vu.add(entree)
        connus = {entree.contenu.fichier for entree in manifeste.fichiers}
        for chemin in sorted((dossier / service).glob("*.parquet")):
            if chemin.name not in connus:
                raise Rupture(f"{chemin.name} : le manifeste l'ignore ; « ecluse archive » le vérifie et l'ajoute")
    except Rupture as rupture:
        raise _damaged(dossier, service, rupture) from None
    return manifeste


def _damaged(dossier: Path, service: str, rupture: Rupture) -> ArchiveRefusee:
    return ArchiveRefusee(
        f"l'archive de {service} dans {dossier} n'est pas entière ({rupture}) : la remettre d'une copie, ou archiver "
        "de nouveau dans un autre dossier"
    )


def _by_type(lot: pa.RecordBatch, types: Sequence[str]) -> dict[str, list[bytes]]:
    type_, octets = lot.column("type"), lot.column("octets")
    presents = set(pc.unique(type_).to_pylist())
    return {nom: octets.filter(pc.equal(type_, nom)).to_pylist() for nom in types if nom in presents}
