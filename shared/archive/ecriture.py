"""Adding to an archive the months of a log that are over. Nothing is ever taken from the log."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.archive.contrat import (
    ArchiveRefusee,
    Contenu,
    Manifeste,
    file_of,
    read_manifest,
    replacing,
    sweep,
    sync,
    write_manifest,
)
from shared.archive.fichier import Brouillon, read_whole, weigh
from shared.archive.journal import JournalEnBase
from shared.archive.mois import Repartition, month_of
from shared.archive.suite import Rupture, check_lineage
from shared.pannes import crash_point, declare_point

AVANT: Final = declare_point("archive.avant_place", "un mois est écrit en entier à côté de sa place")
APRES: Final = declare_point("archive.apres_place", "un mois est à sa place, le manifeste l'ignore")
Dire = Callable[[Contenu], object]


@dataclass(frozen=True)
class Bilan:
    """What the archive of a service holds once more was added."""

    manifeste: Manifeste
    ajoutes: int


def archive(journal: JournalEnBase, dossier: Path, *, avant: str | None, maintenant: int, dire: Dire) -> Bilan:
    """Write the months that are not archived yet and are over, and before ``avant`` if it is given.

    Raises ``ArchiveRefusee`` when another run holds the folder, when what is there is not whole, or when the log is
    not the continuation of it; ``OSError``.
    """
    sien = dossier / journal.service
    # Records hold pseudonyms: folders of ours are for their owner alone; those that were there keep their mode.
    dossier.mkdir(0o700, parents=True, exist_ok=True)
    sien.mkdir(0o700, exist_ok=True)
    sync(dossier)
    with _alone(sien):
        sweep(sien)
        manifeste = _adopt(dossier, read_manifest(dossier, journal.service))
        _check_continues(journal, manifeste)
        deja = len(manifeste.fichiers)
        courant = month_of(maintenant)
        for suivant in _write_months(journal, dossier, manifeste, min(avant or courant, courant), maintenant):
            manifeste = suivant
            dire(manifeste.fichiers[-1].contenu)
        return Bilan(manifeste, len(manifeste.fichiers) - deja)


def _write_months(
    journal: JournalEnBase, dossier: Path, manifeste: Manifeste, limite: str, maintenant: int
) -> Iterator[Manifeste]:
    """Each month before ``limite``; the manifest once it lists it."""
    repartition = Repartition(manifeste.mois, maintenant)
    groupes = (
        groupe
        for lignes in journal.read(manifeste.suite.position)
        for groupe in repartition.split((ligne.enregistre_le, ligne) for ligne in lignes)
    )
    suivant = next(groupes, None)
    while suivant is not None and suivant[0] < limite:
        mois = suivant[0]
        chemin = dossier / journal.service / file_of(mois)
        try:
            with replacing(chemin) as brouillon:
                ouvert = Brouillon(brouillon, journal.service, mois, manifeste.suite, manifeste.chaine)
                try:
                    while suivant is not None and suivant[0] == mois:
                        epoques = dict.fromkeys(ligne.epoque for ligne in suivant[1])
                        ouvert.add(suivant[1], [e for e in journal.lignee if e.marque in epoques])
                        suivant = next(groupes, None)
                    contenu = ouvert.finish()
                finally:
                    ouvert.close()
                entree = weigh(brouillon, contenu)
                crash_point(AVANT)
            crash_point(APRES)
            manifeste = manifeste.add(entree)
        except Rupture as rupture:
            raise _refuse(journal, dossier, f"le mois {mois} ne continue pas ce qui est archivé : {rupture}") from None
        write_manifest(dossier, manifeste)
        yield manifeste


def _adopt(dossier: Path, manifeste: Manifeste) -> Manifeste:
    """List the files that are there and that the manifest ignores, as a run that was killed leaves one.

    Each is read to its end, and must follow those before it. Raises ``ArchiveRefusee``.
    """
    sien = dossier / manifeste.service
    connus = {entree.contenu.fichier for entree in manifeste.fichiers}
    for manque in sorted(nom for nom in connus if not (sien / nom).exists()):
        raise ArchiveRefusee(f"le fichier {sien / manque} manque : le remettre d'une copie de l'archive")
    for chemin in sorted(sien.glob("*.parquet")):
        if chemin.name in connus:
            continue
        try:
            contenu = read_whole(chemin, manifeste.suite, manifeste.chaine)
            if contenu.fichier != chemin.name:
                raise Rupture(f"{chemin.name} : il s'appelait {contenu.fichier}")
            manifeste = manifeste.add(weigh(chemin, contenu))
        except Rupture as rupture:
            raise ArchiveRefusee(
                f"le fichier {chemin} n'est pas de cette archive ({rupture}) : l'ôter du dossier, ou remettre "
                "l'archive d'une copie"
            ) from None
        write_manifest(dossier, manifeste)
    return manifeste


def _check_continues(journal: JournalEnBase, manifeste: Manifeste) -> None:
    position = manifeste.suite.position
    if not position:
        return
    try:
        if journal.tete < position:
            raise Rupture(f"il s'arrête à la position {journal.tete}, avant {position}")
        check_lineage(journal.lignee, manifeste.marque, position)
    except Rupture as rupture:
        raise ArchiveRefusee(
            f"le journal de {journal.service} n'est pas celui qui a été archivé ({rupture}) : une ancienne copie de la "
            "base a été restaurée, ou ce dossier est l'archive d'une autre maison. Rien n'a changé : remettre la base "
            "d'origine, ou archiver dans un autre dossier"
        ) from None


def _refuse(journal: JournalEnBase, dossier: Path, raison: str) -> ArchiveRefusee:
    return ArchiveRefusee(
        f"archive de {journal.service} dans {dossier} : {raison}. Rien n'a été écrit de ce mois : vérifier la base, ou "
        "archiver dans un autre dossier"
    )


@contextmanager
def _alone(dossier: Path) -> Iterator[None]:
    """One run at a time writes in a folder."""
    with (dossier / ".verrou").open("a") as verrou:
        try:
            fcntl.flock(verrou, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArchiveRefusee(
                f"une autre commande écrit dans {dossier} : attendre sa fin, puis recommencer"
            ) from None
        yield
