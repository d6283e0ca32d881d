"""The race: every contestant on the same log, alone on the machine, and not a time before all agree on the figures."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import psutil

from bench.fold.annee import Annee
from bench.fold.chiffres import Chiffres, differences
from bench.fold.demande import Demande, Reponse
from bench.fold.java import compile_streams
from bench.fold.journal import Journal
from bench.mois import RACINE
from shared.bus.courtier import Courtier
from tests.infra.kafka import Kafka
from tests.infra.postgres import Postgres

ESSAIS: Final = 3
# Whoever has not ended after so many seconds has failed.
_PATIENCE: Final = 3_600.0


class ChiffresDifferents(Exception):
    """A contestant does not make the figures of the others: no time means anything."""


@dataclass(frozen=True)
class Concurrent:
    """One that takes part. ``tranche``: on the first records only, for it would take too long on all of them."""

    lettre: str
    nom: str
    commande: Callable[[Path], list[str]]
    tranche: bool = False
    en_json: bool = True


@dataclass
class Mesure:
    """One run: what it answered, its own processor time and peak memory, the processor time of the servers."""

    reponse: Reponse
    processeur: float
    memoire: float
    serveurs: float

    @property
    def debit(self) -> float:
        """Records a second."""
        return self.reponse.records / self.reponse.secondes


@dataclass
class Resultat:
    """The runs of a contestant."""

    concurrent: Concurrent
    mesures: list[Mesure] = field(default_factory=list)

    @property
    def meilleure(self) -> Mesure:
        """The fastest."""
        return max(self.mesures, key=lambda mesure: mesure.debit)


def _python(module: str) -> Callable[[Path], list[str]]:
    return lambda dossier: [sys.executable, "-m", f"bench.fold.{module}"]


def _quix(dossier: Path) -> list[str]:
    """It runs in an environment of its own, which ``make bench-fold`` prepares."""
    del dossier
    return [os.environ.get("QUIX_PYTHON", sys.executable), "-m", "bench.fold.quix"]


CONCURRENTS: Final = (
    Concurrent("a", "aiokafka : getmany, compte seulement", _python("brut_aiokafka")),
    Concurrent("b", "confluent-kafka : consume, compte seulement", _python("brut_confluent")),
    Concurrent("c", "**Écluse**", _python("ecluse_pli")),
    Concurrent("d", "Faust : agent et Table", _python("faust_table"), tranche=True),
    Concurrent("e", "Quix Streams", _quix, tranche=True),
    Concurrent("f", "Kafka Streams", compile_streams, en_json=False),
)


@dataclass
class Piste:
    """The log, whole and its beginning, with what each adds up to."""

    kafka: Kafka
    postgres: Postgres
    entier: Journal
    tranche: Journal
    attendus: dict[str, Chiffres]


def lay(kafka: Kafka, postgres: Postgres, annee: Annee, tranche: int) -> Piste:
    """Write the log of a year, and a log of its first records."""
    entier = Journal(Courtier((kafka.adresse,), "entier"))
    entier.write(annee)
    debut = Journal(Courtier((kafka.adresse,), "tranche"))
    debut.write(annee, min(tranche, len(annee)))
    attendus = {"entier": annee.figures(), "tranche": annee.figures(debut.tete)}
    return Piste(kafka, postgres, entier, debut, attendus)


def race(piste: Piste, concurrents: Sequence[Concurrent], essais: int) -> list[Resultat]:
    """Run each contestant ``essais`` times. Raises ``ChiffresDifferents``."""
    resultats = [Resultat(concurrent) for concurrent in concurrents]
    # In turn, so that what else the machine does falls on all of them.
    for essai in range(essais):
        for resultat in resultats:
            resultat.mesures.append(_run(piste, resultat.concurrent, essai))
    return resultats


def _run(piste: Piste, concurrent: Concurrent, essai: int) -> Mesure:
    journal = piste.tranche if concurrent.tranche else piste.entier
    nom = f"essai-{concurrent.lettre}{essai}"
    with tempfile.TemporaryDirectory(prefix="ecluse-fold-") as dossier:
        commande = concurrent.commande(Path(dossier))
        base = piste.postgres.create_database(nom.replace("-", "_")) if concurrent.lettre == "c" else ""
        prefixe = journal.courtier.prefixe
        demande = Demande(piste.kafka.adresse, prefixe, journal.sujet, journal.tete, nom, base, f"{dossier}/etat")
        mesure = _measure(piste, [*commande, *_arguments(demande, en_json=concurrent.en_json)])
    _compare(concurrent, piste.attendus[prefixe], journal.tete, mesure.reponse)
    return mesure


def _arguments(demande: Demande, *, en_json: bool) -> list[str]:
    if en_json:
        return [msgspec.json.encode(demande).decode()]
    return [demande.courtier, demande.sujet, str(demande.nombre), demande.essai, demande.dossier]


def _measure(piste: Piste, commande: list[str]) -> Mesure:
    avant = _servers(piste)
    with tempfile.TemporaryFile() as plaintes:
        processus = subprocess.Popen(commande, cwd=RACINE, stdout=subprocess.PIPE, stderr=plaintes)
        assert processus.stdout is not None
        reveil = threading.Timer(_PATIENCE, processus.kill)
        reveil.start()
        with _watching(processus.pid) as memoire:
            sortie = processus.stdout.read().decode()
        _, etat, usage = os.wait4(processus.pid, 0)
        reveil.cancel()
        processus.returncode = os.waitstatus_to_exitcode(etat)
        if processus.returncode:
            plaintes.seek(0)
            raise RuntimeError(f"{commande[:4]} : {plaintes.read().decode(errors='replace')[-3_000:]}")
    reponse = msgspec.convert(json.loads(sortie.strip().splitlines()[-1]), Reponse)
    return Mesure(reponse, usage.ru_utime + usage.ru_stime, max(memoire) / 1_000, _servers(piste) - avant)


@contextmanager
def _watching(pid: int) -> Iterator[list[int]]:
    """The peak memory of a process (kB), read while the context lasts: what ``wait4`` tells begins with ours."""
    pics, fini = [0], threading.Event()

    def read() -> None:
        while not fini.wait(0.1):
            statut = Path(f"/proc/{pid}/status").read_text()
            pics.extend(int(ligne.split()[1]) for ligne in statut.splitlines() if ligne.startswith("VmHWM"))

    fil = threading.Thread(target=read)
    fil.start()
    try:
        yield pics
    finally:
        fini.set()
        fil.join()


def _servers(piste: Piste) -> float:
    """Processor seconds that the broker and the database have used, their ended processes included."""
    total = 0.0
    for racine in (piste.kafka.pid, piste.postgres.pid):
        premier = psutil.Process(racine)
        for processus in (premier, *premier.children(recursive=True)):
            temps = processus.cpu_times()
            total += temps.user + temps.system
            total += temps.children_user + temps.children_system
    return total


def _compare(concurrent: Concurrent, attendu: Chiffres, nombre: int, reponse: Reponse) -> None:
    if reponse.records != nombre:
        raise ChiffresDifferents(f"{concurrent.nom} : {reponse.records} enregistrements lus, {nombre} écrits")
    if reponse.chiffres is None:
        return
    if ecarts := differences(attendu.document(), reponse.chiffres):
        raise ChiffresDifferents(f"{concurrent.nom} ne fait pas les mêmes chiffres : {' ; '.join(ecarts)}")


def tell(piste: Piste, resultats: Sequence[Resultat]) -> Iterator[str]:
    """Markdown lines."""
    attendu = piste.attendus["entier"]
    octets = piste.entier.octets / piste.entier.tete
    yield f"Journal : {_number(piste.entier.tete)} mouvements de {octets:.0f} octets, douze partitions, lz4."
    yield f"Chiffres, les mêmes chez tous : {attendu.tell()} ; {len(attendu.document())} cellules par jour et nature."
    yield ""
    yield (
        "| | concurrent | enregistrements/s | essais | contre (a) | processeur, µs chacun | dont serveurs, en plus | "
        "mémoire (Mo) |"
    )
    yield "|---|---|---:|---|---:|---:|---:|---:|"
    base = next((r.meilleure.debit for r in resultats if r.concurrent.lettre == "a"), None)
    for resultat in resultats:
        m, nombre = resultat.meilleure, resultat.meilleure.reponse.records
        essais = ", ".join(_number(mesure.debit) for mesure in resultat.mesures)
        tranche = f" (sur {_number(nombre)})" if resultat.concurrent.tranche else ""
        part = f"{m.debit / base:.0%}".replace("%", " %") if base else "-"
        cout, serveurs = m.processeur / nombre * 1e6, m.serveurs / nombre * 1e6
        yield (
            f"| {resultat.concurrent.lettre} | {resultat.concurrent.nom}{tranche} | {_number(m.debit)} | {essais} | "
            f"{part} | {cout:.1f} | {serveurs:.1f} | {m.memoire:.0f} |"
        )
    yield from _tell_ours(resultats)


def _tell_ours(resultats: Sequence[Resultat]) -> Iterator[str]:
    par_lettre = {resultat.concurrent.lettre: resultat for resultat in resultats}
    if "c" not in par_lettre:
        return
    mesures = par_lettre["c"].mesures
    meilleure = par_lettre["c"].meilleure
    yield ""
    yield (
        f"Écluse : reconstruction à froid en {meilleure.reponse.secondes:.0f} s (points de reprise compris), "
        f"{_number(meilleure.reponse.suite['cellules'])} cellules ; reprise au point, à jour, en "
        f"{min(m.reponse.suite['reprise'] for m in mesures):.1f} s "
        f"(dont lecture de la base {min(m.reponse.suite['charge'] for m in mesures):.1f} s)."
    )
    if "d" in par_lettre:
        yield f"Contre Faust : {meilleure.debit / par_lettre['d'].meilleure.debit:.1f} fois."


def _number(valeur: float) -> str:
    return f"{valeur:,.0f}".replace(",", " ")
