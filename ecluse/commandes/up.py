"""The embedded product: ``ecluse up``."""

import signal
import socket
import threading
from pathlib import Path
from typing import Annotated

import typer

from ecluse.commandes.commun import DEFAUT, DossierDonnees, fail, refusals
from ecluse.demo import Demo
from ecluse.dossier import Dossier, own
from ecluse.maison import Maison, open_house
from ecluse.serveur import PortOccupe, create_app, listen, serve
from shared.reglages import Reglages

Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="port d'écoute (0 : un port libre)")]
Hote = Annotated[str, typer.Option("--host", help="adresse d'écoute ; rien n'est ouvert au réseau par défaut")]
DemoCaf = Annotated[str | None, typer.Option("--demo", help="Caf de démonstration, par exemple 091")]
ScenarioJoue = Annotated[
    str | None,
    typer.Option("--scenario", help="scénario de la démonstration (ecluse scenarios) ; à défaut, le dernier joué"),
]


def up(
    data_dir: DossierDonnees = DEFAUT,
    port: Port = 8080,
    host: Hote = "127.0.0.1",
    demo: DemoCaf = None,
    scenario: ScenarioJoue = None,
) -> None:
    """Lance Écluse : quatre services, une adresse, un dossier de données."""
    if scenario and not demo:
        raise fail("--scenario change une démonstration : ajouter --demo 091")
    arret = threading.Event()
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_, lambda *_: arret.set())
    with refusals():
        try:
            _run(data_dir, host, port, (demo, scenario) if demo else None, arret)
        except PortOccupe as erreur:
            raise fail(str(erreur)) from None


def _run(chemin: Path, hote: str, port: int, demo: tuple[str, str | None] | None, arret: threading.Event) -> None:
    with own(chemin) as dossier, listen(hote, port) as prise:
        reglages = Reglages(chemin)
        with open_house(reglages) as maison:
            demonstration = Demo(maison, chemin, *demo) if demo else None
            if demonstration:
                demonstration.carry_targets()
                demonstration.load_history(typer.echo, arret)
            if not arret.is_set():
                url = f"http://{_host(hote)}:{prise.getsockname()[1]}"
                _serve(maison, dossier, prise, url, demonstration, arret)
            typer.echo("Écluse s'arrête…")
    typer.echo("Arrêtée proprement : tout ce qui a été accepté est enregistré.")


def _serve(
    maison: Maison, dossier: Dossier, prise: socket.socket, url: str, demo: Demo | None, arret: threading.Event
) -> None:
    app = create_app(maison, dossier.jeton, demo.scene if demo else None)
    with serve(app, prise):
        dossier.announce(url)
        _greet(url, app.state.acces.create_link(), dossier.chemin)
        flux = demo.start_live(arret) if demo else None
        arret.wait()
        if flux:
            flux.join()


def _host(hote: str) -> str:
    return f"[{hote}]" if ":" in hote else hote


def _greet(url: str, lien: str, chemin: Path) -> None:
    typer.echo(
        f"""
Écluse tourne.
  Page en direct   {url}/entrer?lien={lien}
                   (lien à usage unique ; un autre : ecluse lien --data-dir {chemin})
  API              {url}/v1  (jeton : {chemin}/local-token)
  État             {url}/v1/etat
  Arrêt            Ctrl-C ; au prochain départ tout reprend où c'était
""",
    )
