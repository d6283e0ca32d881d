"""A simulated Caf: ``ecluse simulate`` writes its events to a file, or sends them to a running house."""

import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Annotated, Final

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn

from ecluse.commandes import reproduction
from ecluse.commandes.commun import EnJson, console, fail, read_origin, refusals
from ecluse.commandes.fichiers import write_file
from ecluse.commandes.reproduction import GRAINES
from ecluse.commandes.simulation_options import (
    Periode,
    read_conditions,
    read_destination,
    read_period,
    read_profil,
    read_scale,
    read_speed,
    refuse_beside,
)
from ecluse.emission.destination import AdresseInvalide, DestinationHttp
from ecluse.simulateur.actes import Envoi, encode
from ecluse.simulateur.cadence import Cadence, Pret, pace
from ecluse.simulateur.conditions import Conditions
from ecluse.simulateur.envoi import Bilan, Expediteur, PorteFermee
from ecluse.simulateur.fichier import compress, ndjson
from ecluse.simulateur.generateur import simulate as simulate_events
from ecluse.simulateur.profil import Profil
from shared.reglages import read_clock
from shared.temps import start_of_day, to_iso, to_jour

# What a shell gives a process that Ctrl-C ended.
INTERROMPU: Final = 130
_RATTRAPAGE: Final = 100_000
_MOTIFS_MONTRES: Final = 20

Caf = Annotated[str | None, typer.Option("--caf", help="Caf à simuler, par exemple 091")]
Du = Annotated[str | None, typer.Option("--from", help="premier jour, AAAA-MM-JJ ; sinon l'année du profil")]
Au = Annotated[str | None, typer.Option("--to", help="dernier jour, compris")]
Graine = Annotated[int, typer.Option("--seed", help="une autre graine donne une autre Caf du même profil")]
Echelle = Annotated[float, typer.Option("--scale", help="part des volumes réels, plus que 0 et au plus 1")]
Vitesse = Annotated[
    str | None,
    typer.Option("--speed", help="×60 : soixante fois plus vite que l'horloge ; live : maintenant, à son rythme"),
]
Sortie = Annotated[
    Path | None, typer.Option("--out", help="fichier NDJSON (.gz, .zst ou non), ou - pour la sortie standard")
]
Emission = Annotated[
    str | None,
    typer.Option(
        "--emit", help="maison à qui envoyer : http://machine:port ; son jeton : ECLUSE_TOKEN ou ECLUSE_TOKEN_FILE"
    ),
]
Outils = Annotated[
    str | None,
    typer.Option(
        "--outils",
        help="défauts des outils : parfaits (aucun), ou des parts de 0 à 1 parmi doublons, desordre, corrections, "
        "tardifs, refus, par exemple doublons=0.01,refus=0 ; sinon ceux du profil",
    ),
]
Scenarios = Annotated[
    list[str] | None, typer.Option("--scenario", help="NOM ou NOM@AAAA-MM-JJ, autant de fois qu'il faut")
]
Verification = Annotated[str | None, typer.Option("--check", help="Caf et année publiée à reproduire, comme 091/2023")]
Graines = Annotated[int, typer.Option("--seeds", help="avec --check : nombre d'années simulées, graines 1, 2, …")]
Reprise = Annotated[
    Path | None,
    typer.Option(
        "--reprise", help="avec --check : dossier qui garde chaque année comptée ; recommencer les y retrouve"
    ),
]
Jobs = Annotated[int, typer.Option("--jobs", help="avec --check : combien d'années compter à la fois")]
Pages = Annotated[Path | None, typer.Option("--pages", help="avec --check : dossier où écrire aussi le tableau")]
Ecraser = Annotated[bool, typer.Option("--force", help="remplace le fichier de --out s'il existe")]


@dataclass(frozen=True)
class Demande:
    """What to simulate."""

    profil: Profil
    periode: Periode
    echelle: float
    graine: int
    conditions: Callable[[int], Conditions]

    def events(self) -> Iterator[Envoi]:
        """What the tools send, in order."""
        du, au, conditions = self.periode.du, self.periode.au, self.conditions
        return simulate_events(self.profil, du, au, echelle=self.echelle, graine=self.graine, conditions=conditions)

    def write(self, envoi: Envoi) -> bytes:
        """An event, as JSON."""
        return encode(envoi, self.profil.caf)


def simulate(
    caf: Caf = None,
    du: Du = None,
    au: Au = None,
    seed: Graine = 0,
    scale: Echelle = 1.0,
    *,
    speed: Vitesse = None,
    out: Sortie = None,
    emit: Emission = None,
    outils: Outils = None,
    scenario: Scenarios = None,
    force: Ecraser = False,
    check: Verification = None,
    seeds: Graines = GRAINES,
    pages: Pages = None,
    reprise: Reprise = None,
    jobs: Jobs = 1,
    json: EnJson = False,
) -> None:
    """Simule une Caf : ses événements dans un fichier, sur la sortie standard, ou vers une maison qui tourne.

    Tout est inventé d'après le profil de la Caf. Les mêmes options donnent les mêmes octets ; un envoi recommencé ne
    change donc rien. Avec --check, l'année d'un rapport est simulée, comptée par les vrais services et mise à côté de
    ce qu'il imprime. Code de sortie : 0 fait, 1 la maison a refusé à tort ou une entrée du rapport ne
    revient pas, 2 rien ne peut se faire, 130 interrompu avant la fin.
    """
    if check is not None:
        autres = {"caf": caf, "from": du, "to": au, "seed": seed, "speed": speed, "out": out, "emit": emit}
        refuse_beside("--check", **autres, outils=outils, scenario=scenario, force=force)
        raise typer.Exit(
            reproduction.check(check, read_scale(scale), seeds, en_json=json, pages=pages, reprise=reprise, jobs=jobs)
        )
    refuse_beside("une simulation sans --check", pages=pages, reprise=reprise, json=json)
    if caf is None:
        raise fail("--caf : dire quelle Caf simuler, par exemple --caf 091")
    fichier = read_destination(out, emit, speed, ecraser=force)
    profil = read_profil(caf, outils)
    periode = read_period(profil, du, au, speed, to_jour(read_clock()))
    conditions = read_conditions(scenario or (), periode.du, profil)
    demande = Demande(profil, periode, read_scale(scale), seed, conditions)
    facteur = read_speed(speed)
    with refusals(), _interruptible(), _Suivi() as suivi:
        if emit is not None:
            _emit(demande, emit, Cadence(start_of_day(periode.du), facteur, read_clock), suivi)
        elif speed is not None:
            _stream(demande, Cadence(start_of_day(periode.du), facteur, read_clock), suivi)
        else:
            _write(demande, fichier, suivi)


class _Suivi:
    """What is told on the error output: how many events, how fast, of which simulated day."""

    def __init__(self) -> None:
        self.nombre = 0
        self._debut = time.perf_counter()
        self._barre = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            console=console(erreur=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._tache = self._barre.add_task("ouverture de la période…", total=None)

    def __enter__(self) -> "_Suivi":
        self._barre.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._barre.stop()

    def tell(self, nombre: int, recu: int, suite: str = "") -> None:
        """So many events more, the last of which falls on this simulated instant."""
        self.nombre += nombre
        self._barre.update(self._tache, description=f"{to_iso(to_jour(recu))} : {self}{suite}")

    def warn(self, message: str) -> None:
        """A line that stays."""
        self._barre.console.print(f"ecluse : {message}", markup=False, soft_wrap=True)

    def __str__(self) -> str:
        secondes = time.perf_counter() - self._debut
        debit = f"{self.nombre / secondes:,.0f}".replace(",", " ") if secondes else "-"
        return f"{self.nombre} événements ({debit}/s)"


def _write(demande: Demande, fichier: Path | None, suivi: _Suivi) -> None:
    """The whole period, as fast as it comes."""
    if demande.periode.au >= to_jour(read_clock()):
        suivi.warn("la période va au-delà de maintenant : une maison refusera ce qui n'est pas encore arrivé")
    dernier = start_of_day(demande.periode.du)

    def lines() -> Iterator[bytes]:
        nonlocal dernier
        for envoi in demande.events():
            dernier = envoi.recu
            yield demande.write(envoi)

    morceaux = ndjson(lines(), lambda nombre: suivi.tell(nombre, dernier))
    nom = fichier or "sortie standard"
    try:
        write_file(compress(morceaux, fichier) if fichier else morceaux, fichier)
    except KeyboardInterrupt:
        suivi.warn(f"interrompu après {suivi}" + (f" : {nom} n'est pas écrit" if fichier else ""))
        raise typer.Exit(INTERROMPU) from None
    suivi.warn(f"{nom} : {suivi}")


def _stream(demande: Demande, cadence: Cadence, suivi: _Suivi) -> None:
    """To the standard output, each event when it is due."""
    try:
        for lot in _batches(demande, cadence):
            sys.stdout.buffer.write(b"".join(pret.octets + b"\n" for pret in lot))
            sys.stdout.buffer.flush()
            suivi.tell(len(lot), lot[-1].recu)
    except KeyboardInterrupt:
        suivi.warn(f"interrompu après {suivi}")
        raise typer.Exit(_stopped(demande)) from None
    suivi.warn(f"sortie standard : {suivi}")


def _emit(demande: Demande, vers: str, cadence: Cadence, suivi: _Suivi) -> None:
    """To a house, each event when it is due; how it ended is told, and what to do to go on."""
    url, jeton = read_origin(vers, "--emit")
    try:
        destination = DestinationHttp(url, lambda: jeton)
    except AdresseInvalide as erreur:
        raise fail(f"--emit : {erreur}") from None
    with closing(destination):
        expediteur = Expediteur(destination, read_clock, Event(), suivi.warn)
        try:
            expediteur.check()
            for lot in _batches(demande, cadence):
                expediteur.send(lot)
                suivi.tell(len(lot), lot[-1].recu, _refused(expediteur.bilan))
        except PorteFermee as erreur:
            raise fail(f"--emit {url} : {erreur}") from None
        except KeyboardInterrupt:
            suivi.warn("interrompu ; " + _how_to_go_on(demande))
            _print(expediteur.bilan, url)
            raise typer.Exit(_stopped(demande)) from None
    _print(expediteur.bilan, url)
    raise typer.Exit(1 if expediteur.bilan.inattendus else 0)


def _batches(demande: Demande, cadence: Cadence) -> Iterator[list[Pret]]:
    return pace(demande.events(), demande.write, cadence, read_clock, Event())


def _stopped(demande: Demande) -> int:
    """The live flow has no other end than being told to stop."""
    return 0 if demande.periode.en_direct else INTERROMPU


def _how_to_go_on(demande: Demande) -> str:
    if not demande.periode.en_direct:
        return "la même commande reprend : ce qui est déjà pris sera compté comme doublon"
    du, au = to_iso(demande.periode.du), to_iso(demande.periode.au)
    return f"pour reprendre, même un autre jour : les mêmes options, --from {du} --to {au} --speed {_RATTRAPAGE}"


def _print(bilan: Bilan, url: str) -> None:
    sortie = console()
    sortie.print(f"{url} : {bilan.acceptes} acceptés, {bilan.doublons} doublons{_refused(bilan)}", soft_wrap=True)
    for titre, motifs in (("refusés, comme il le fallait", bilan.refuses), ("refusés à tort", bilan.inattendus)):
        if motifs:
            sortie.print(f"  {titre} :", soft_wrap=True)
            _print_reasons(motifs)


def _print_reasons(motifs: Counter[str]) -> None:
    for motif, nombre in motifs.most_common(_MOTIFS_MONTRES):
        console().print(f"    {nombre} × {motif}", markup=False, soft_wrap=True)
    if len(motifs) > _MOTIFS_MONTRES:
        console().print(f"    et {len(motifs) - _MOTIFS_MONTRES} autres motifs")


def _refused(bilan: Bilan) -> str:
    return f", {bilan.refuses.total() + bilan.inattendus.total()} refusés"


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C and a request to end stop whatever is under way, at once."""

    def stop(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    avant = {nom: signal.signal(nom, stop) for nom in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(INTERROMPU) from None
    finally:
        for nom, ancien in avant.items():
            signal.signal(nom, ancien)
