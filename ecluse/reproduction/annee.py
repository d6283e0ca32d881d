"""One simulated year through the real services: a process generates, a house in a temporary folder counts.

The figures are those that the house answers, as ``GET /v1/indicateurs`` would; nothing is read from the generator.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Final, cast

import msgspec

from ecluse.acces import Acces, reach
from ecluse.importation import Bilan, Ligne, Rejets, import_lines
from ecluse.reproduction.tuyau import Emis

# A report is written some weeks after its year: what is keyed in late is there by then.
JOURS_APRES: Final = 31


class ReproductionImpossible(Exception):
    """The year could not be simulated or counted: the message says why (French)."""


@dataclass(frozen=True)
class Annee:
    """A simulated year as the house tells it.

    ``figures``: the indicators of the year by code, as the API writes them; ``stock``: pieces open at the end of each
    day of it; ``manques``: what went wrong, in French, nothing when all went well; ``secondes``: until everything was
    counted; ``calcul``: processor seconds that the house took of them, all its threads together.
    """

    graine: int
    figures: dict[str, dict[str, Any]]
    stock: list[int]
    emis: Emis
    bilan: Bilan
    manques: list[str]
    secondes: float
    calcul: float


def run_year(
    caf: str, annee: int, echelle: float, graine: int, progress: Callable[[Bilan], None] = lambda _: None
) -> Annee:
    """Simulate a year of a Caf and count it in a house of its own. Raises ``ReproductionImpossible``."""
    du, au = date(annee, 1, 1), date(annee, 12, 31)
    with TemporaryDirectory(prefix="ecluse-reproduction-") as dossier, reach(Path(dossier) / "data") as acces:
        debut, calcul = time.perf_counter(), time.process_time()
        with _generate(caf, du, au.toordinal() + JOURS_APRES, echelle, graine) as (lignes, ended):
            bilan = import_lines(lignes, acces.send, Rejets(Path(dossier) / "rejets"), lot=acces.lot, progress=progress)
            emis = ended()
        if not acces.wait():
            raise ReproductionImpossible("les événements sont enregistrés, mais les indicateurs ne sont pas à jour")
        secondes, calcul = time.perf_counter() - debut, time.process_time() - calcul
        figures = _read_figures(acces, caf, du, au)
        stock = [p["valeur"] for p in acces.series("STOCK", caf, du.isoformat(), au.isoformat(), "jour")["points"]]
        manques = _find_faults(acces, figures, emis, bilan)
        return Annee(graine, figures, stock, emis, bilan, manques, secondes, calcul)


@contextmanager
def _generate(
    caf: str, du: date, jusque: int, echelle: float, graine: int
) -> Iterator[tuple[Iterator[Ligne], Callable[[], Emis]]]:
    """The numbered lines of the generator's process, and what it says once they are all read."""
    arguments = [caf, du.toordinal(), jusque, echelle, graine]
    commande = [sys.executable, "-m", "ecluse.reproduction.tuyau", *map(str, arguments)]
    with subprocess.Popen(commande, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as processus:
        lignes, erreurs = cast(IO[bytes], processus.stdout), cast(IO[bytes], processus.stderr)

        def ended() -> Emis:
            *_, dernier = erreurs.read().splitlines() or [b""]
            if processus.wait():
                raise ReproductionImpossible(f"le simulateur s'est arrêté : {dernier.decode()}")
            return msgspec.json.decode(dernier, type=Emis)

        try:
            yield enumerate(lignes, start=1), ended
        finally:
            # It writes to nobody when the house refused to go on.
            processus.kill()


def _read_figures(acces: Acces, caf: str, du: date, au: date) -> dict[str, dict[str, Any]]:
    document = acces.figures(caf, du.isoformat(), au.isoformat(), [])
    if not document["fraicheur"]["a_jour"]:
        raise ReproductionImpossible("les indicateurs ne sont pas à jour")
    return {i["code"]: i for i in document["indicateurs"]}


def _find_faults(acces: Acces, figures: dict[str, dict[str, Any]], emis: Emis, bilan: Bilan) -> list[str]:
    """What a year that went well never has."""
    lettres = len(acces.letters(closes=False))
    en_attente = sum(s["en_attente_d_arrivee"] for s in acces.state()["services"])
    balance = figures["BALANCE"]["valeur"]
    constats = [
        (bilan.lus != emis.evenements, f"{emis.evenements} lignes émises, {bilan.lus} jugées"),
        (bilan.rejets != emis.a_refuser, f"{bilan.rejets} lignes refusées, {emis.a_refuser} devaient l'être"),
        (lettres > 0, f"{lettres} lettres mortes"),
        (en_attente > 0, f"{en_attente} faits attendent un objet qui n'est pas venu"),
        (balance != 0, f"la balance des pièces est de {balance}, et non 0"),
    ]
    return [constat for faux, constat in constats if faux]
