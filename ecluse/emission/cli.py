"""`ecluse relais`: run the relais, look at its spool, take up or erase what the destination refused."""

import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvicorn

from ecluse.dossier import DossierInutilisable
from ecluse.emission.destination import AdresseInvalide, open_destination
from ecluse.emission.etat import Etat
from ecluse.emission.expediteur import ATTENTE_MAX, Expediteur
from ecluse.emission.fichier import SpoolIndisponible, look
from ecluse.emission.relais import build_app
from ecluse.emission.spool import Spool, open_spool
from shared.reglages import read_clock
from shared.systeme import explain_os

app = typer.Typer(name="relais", help="Relais local : prend les événements tout de suite, les transmet dès qu'il peut.")

OptionDossier = Annotated[Path, typer.Option("--dossier", help="dossier du relais", show_default=False)]
Rangs = Annotated[list[int] | None, typer.Argument(help="rangs, comme « refuses » les donne", show_default=False)]
Tous = Annotated[bool, typer.Option("--tous", help="tous les événements refusés")]


class _Arret(Exception):
    """One clear line, then exit 2."""


@contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except (_Arret, DossierInutilisable, AdresseInvalide, SpoolIndisponible) as erreur:
        typer.echo(f"ecluse relais : {erreur}", err=True)
        raise typer.Exit(2) from None


@app.callback(invoke_without_command=True)
def run(
    contexte: typer.Context,
    dossier: Annotated[Path | None, typer.Option(help="dossier du relais, créé s'il n'existe pas")] = None,
    vers: Annotated[
        str | None, typer.Option(help="destination : http://machine:port, ou kafka://a:9092,b:9092")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="port local ; 0 : un port libre")] = 8090,
    host: Annotated[str, typer.Option(help="adresse d'écoute")] = "127.0.0.1",
    jeton_fichier: Annotated[
        Path | None, typer.Option(help="fichier du jeton de la destination, relu à chaque envoi ; Kafka n'en a pas")
    ] = None,
    attente_max: Annotated[
        float,
        typer.Option(min=0.01, help="secondes entre deux essais, au plus (sauf demande de la destination)"),
    ] = ATTENTE_MAX,
) -> None:
    """Lance le relais, ou l'une des commandes ci-dessous."""
    if contexte.invoked_subcommand is not None:
        return
    with _one_line():
        if dossier is None or vers is None:
            raise _Arret(
                "donner --dossier DOSSIER et --vers ADRESSE (ou une commande : etat, refuses, reprendre, oublier)"
            )
        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
        # A failed attempt is told by the relais, once and in French; the Kafka client repeats each of its own.
        logging.getLogger("kafka").setLevel(logging.CRITICAL)
        destination = open_destination(vers, _token_reader(jeton_fichier))
        with _listen(host, port) as prise, _open(dossier) as spool:
            expediteur = Expediteur(spool, destination, read_clock, attente_max=attente_max)
            _serve(prise, spool, expediteur, vers)


def _token_reader(fichier: Path | None) -> Callable[[], str | None]:
    if fichier is None:
        return lambda: None
    return lambda: fichier.read_text(errors="replace").strip()


@contextmanager
def _listen(host: str, port: int) -> Iterator[socket.socket]:
    try:
        famille = socket.AF_INET6 if ":" in host else socket.AF_INET
        prise = socket.create_server((host, port), family=famille, backlog=256)
    except OSError as erreur:
        raise _Arret(
            f"impossible d'écouter sur {host}:{port} ({explain_os(erreur)}) : choisir un autre --port"
        ) from None
    with prise:
        # asyncio does it only for sockets made otherwise; connections inherit it. Without it an answer waits 40 ms.
        prise.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield prise


@contextmanager
def _open(dossier: Path) -> Iterator[Spool]:
    spool = open_spool(dossier)
    try:
        yield spool
    finally:
        spool.close()


def _serve(prise: socket.socket, spool: Spool, expediteur: Expediteur, vers: str) -> None:
    """Serve until SIGINT or SIGTERM."""
    if not spool.dossier.jeton:
        raise _Arret(f"le fichier {spool.dossier.chemin / 'local-token'} est vide : l'effacer, il sera refait")
    host, port = prise.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    configuration = uvicorn.Config(
        build_app(spool, expediteur, read_clock),
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=3,
    )
    # uvicorn sends itself the signal again once it has stopped: it must find a handler that lets us close in order.
    for nom in (signal.SIGINT, signal.SIGTERM):
        signal.signal(nom, lambda *_: None)
    spool.dossier.announce(url)
    typer.echo(f"Relais sur {url}, vers {vers}. Jeton local : {spool.dossier.chemin / 'local-token'}")
    typer.echo(_sentence(spool.read_state()))
    uvicorn.Server(configuration).run([prise])


def _sentence(etat: Etat) -> str:
    texte = f"En attente : {etat.attente}. Refusés par la destination : {etat.refuses}."
    if etat.plus_ancien:
        texte += f"\nLe plus ancien attend depuis {etat.plus_ancien}."
    if etat.derniere_erreur:
        texte += f"\nDernier échec, {etat.erreur_le} : {etat.derniere_erreur}"
    if etat.derniere_reponse:
        texte += f"\nDernière réponse de la destination : {etat.derniere_reponse}"
    return texte


@app.command("etat")
def show_state(dossier: OptionDossier, json_: Annotated[bool, typer.Option("--json", help="en JSON")] = False) -> None:
    """Ce qui attend, ce qui est refusé, le dernier échec. Le relais peut tourner."""
    with _one_line():
        etat, _ = look(dossier, 0)
        typer.echo(msgspec.json.encode(etat).decode() if json_ else _sentence(etat))


@app.command("refuses")
def list_refused(
    dossier: OptionDossier,
    limite: Annotated[int, typer.Option(min=1, help="au plus tant d'événements")] = 50,
    ndjson: Annotated[bool, typer.Option("--ndjson", help="une ligne JSON par événement, avec l'original")] = False,
) -> None:
    """Les événements que la destination a refusés, avec ses motifs. Le relais peut tourner."""
    with _one_line():
        _, refuses = look(dossier, limite)
        for refuse in refuses:
            if ndjson:
                typer.echo(msgspec.json.encode(refuse).decode())
            else:
                typer.echo(f"{refuse.rang}  {refuse.refuse_le}  {refuse.type}  {refuse.id}\n    {refuse.detail}")


@app.command("reprendre")
def resume(dossier: OptionDossier, rangs: Rangs = None, tous: Tous = False) -> None:
    """Remet en attente des événements refusés, une fois la cause corrigée. Le relais doit être arrêté."""
    with _one_line(), _open(dossier) as spool:
        typer.echo(f"Remis en attente : {spool.resume_refused(_chosen(rangs, tous))}")


@app.command("oublier")
def forget(dossier: OptionDossier, rangs: Rangs = None, tous: Tous = False) -> None:
    """Efface pour toujours des événements refusés. Le relais doit être arrêté."""
    with _one_line(), _open(dossier) as spool:
        typer.echo(f"Effacés : {spool.forget_refused(_chosen(rangs, tous))}")


def _chosen(rangs: list[int] | None, tous: bool) -> list[int] | None:
    if bool(rangs) == tous:
        raise _Arret("donner des rangs, ou --tous")
    return None if tous else rangs
