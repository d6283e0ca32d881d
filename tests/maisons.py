"""Where a house runs during a test: the same questions are put to each of these."""

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final, TypeVar

import msgspec
import pytest

from ecluse.acces import Acces, reach
from ecluse.client import ServeurInjoignable
from ecluse.importation import Bilan, Ligne, Rejets, import_lines
from ecluse.maison import Maison
from ecluse.panne import Serveur
from services.indicators.registre import REGISTRE
from services.indicators.rules import QuestionRefusee
from shared.events.catalogue import ENCODER
from tests.fabrique import Brut, evenement
from tests.oracle import Etat, premier_jour

T = TypeVar("T")
# Seconds after which what does not come never will.
PATIENCE: Final = float(os.environ.get("ECLUSE_PATIENCE", "60"))
Hote = Callable[[Path], AbstractContextManager[Acces]]
GRAINE: Final = "ECLUSE_GRAINE"
# What the house shows beyond the history that the given answers and the oracle compute: read now, or typed in.
AU_PRESENT: Final = {code for code, i in REGISTRE.items() if i.calcul is None}


@contextmanager
def in_process(dossier: Path) -> Iterator[Acces]:
    """A house opened in this process."""
    with reach(dossier) as acces:
        yield acces


@contextmanager
def over_http(dossier: Path) -> Iterator[Acces]:
    """The real ``ecluse up``, spoken to over HTTP."""
    serveur = Serveur(dossier)
    serveur.start()
    try:
        with reach(dossier) as acces:
            yield acces
    finally:
        serveur.stop()


HOTES: Final[Mapping[str, Hote]] = {"en processus": in_process, "par HTTP": over_http}


def draw_seed() -> int:
    """A seed to print: that of the environment when a failure is played again, otherwise any."""
    graine = int(os.environ.get(GRAINE, "0")) or random.randrange(1, 10**9)
    print(f"graine : {graine} (pour rejouer : {GRAINE}={graine})")
    return graine


@dataclass(frozen=True)
class Import:
    """What became of the lines of a file: the counts, and what was refused."""

    bilan: Bilan
    rejets: list[dict[str, Any]]


def send_all(acces: Acces, lignes: Iterable[Ligne], rejets: Path) -> Import:
    """Import numbered lines as ``ecluse import`` does, and wait until they are in the figures."""
    bilan = import_lines(lignes, acces.send, Rejets(rejets), lot=acces.lot)
    assert acces.wait(), acces.state()
    refuses = rejets.read_bytes().splitlines() if rejets.exists() else []
    return Import(bilan, [msgspec.json.decode(ligne) for ligne in refuses])


def figures(acces: Acces, caf: str, du: str, au: str) -> dict[str, dict[str, Any]]:
    """The figures of a Caf, by code, as the oracle and the given answers write them, once they are current."""
    document = eventually(lambda: (d := acces.figures(caf, du, au, []))["fraicheur"]["a_jour"] and d)
    return {i["code"]: i | i.get("termes", {}) for i in document["indicateurs"] if i["code"] not in AU_PRESENT}


def figures_if_known(acces: Acces, tout: Etat, caf: str, du: str, au: str) -> dict[str, dict[str, Any]] | None:
    """The same; None when the question is refused, as it may be before anything is counted of the Caf."""
    premier = premier_jour(tout, caf)
    if premier is not None and premier.isoformat() <= au:
        return figures(acces, caf, du, au)
    try:
        return figures(acces, caf, du, au)
    except (QuestionRefusee, ServeurInjoignable):
        return None


def assert_same(calcules: Mapping[str, Mapping[str, Any]], attendus: Mapping[str, Mapping[str, Any]]) -> None:
    """Same codes; counts equal, values to 1e-9, for the members that the answer gives."""
    assert calcules.keys() == attendus.keys()
    for code, chiffre in attendus.items():
        for membre, nombre in chiffre.items():
            exact = pytest.approx(nombre, abs=1e-9, rel=0) if isinstance(nombre, float) else nombre
            assert calcules[code][membre] == exact, f"{code} {membre}"


def letter_ids(lettres: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ids of the events of dead letters, sorted."""
    return sorted(lettre["id"] for lettre in lettres)


def fait(type_: str, quand: str, **membres: Any) -> Brut:
    """An event emitted at its business instant, so that a door with a real clock takes it (see ``evenement``)."""
    return evenement(type_, quand, **membres) | {"time": quand}


def arrivee(piece: str, quand: str = "2023-01-02T10:00:00Z", **membres: Any) -> Brut:
    """A piece arrives, in a dossier of its own unless said."""
    data = {"nature": "justificatif", "canal": "web", "minima_sociaux": False, "dossier": f"D-{piece}"} | membres
    return fait("piece.arrivee", quand, piece=piece, **data)


def traitee(piece: str, quand: str = "2023-01-12T10:00:00Z", **membres: Any) -> Brut:
    """A piece is treated."""
    return fait("piece.traitee", quand, piece=piece, **({"issue": "liquidee", "dossier": f"D-{piece}"} | membres))


def deposit(maison: Maison, *bruts: Brut) -> list[str]:
    """What the door answers for each event of one batch, once it is committed."""
    depot = maison.guichet.deposit([ENCODER.encode(b) for b in bruts], maison.reglages.clock())
    return [reponse.sort for reponse in depot.answers()]


def value(maison: Maison, code: str, *, caf: str = "091") -> float | None:
    """A figure of January 2023, once everything accepted is in it."""
    assert maison.wait_until_current(PATIENCE), maison.state()
    return maison.indicateurs.figures(caf, "2023-01-01", "2023-01-31", [code]).indicateurs[0].valeur


def query(base: Path, requete: str, *parametres: object) -> list[tuple[Any, ...]]:
    """Rows of a database, read by somebody else than the program."""
    with closing(sqlite3.connect(base)) as connexion:
        return connexion.execute(requete, parametres).fetchall()


def execute(base: Path, requete: str, *parametres: object) -> None:
    """Change a database behind the back of the program."""
    with closing(sqlite3.connect(base)) as connexion:
        connexion.execute(requete, parametres)
        connexion.commit()


def refusal(dossier: Path, *options: str) -> str:
    """The one line that ``ecluse up`` says when it can not run."""
    commande = [sys.executable, "-m", "ecluse", "up", "--data-dir", str(dossier), *(options or ("--port", "0"))]
    fini = subprocess.run(commande, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (fini.returncode, fini.stdout) == (2, ""), fini
    lignes = fini.stderr.splitlines()
    assert len(lignes) == 1, fini.stderr
    assert lignes[0].startswith("ecluse : ")
    return lignes[0]


def eventually(constat: Callable[[], T | None]) -> T:
    """The first answer that is not None or False; the test fails when none has come after a long time."""
    fin = monotonic() + PATIENCE
    while not (resultat := constat()):
        assert monotonic() < fin, "this never comes"
        # What is waited for needs the processor more.
        sleep(0.01)
    return resultat
