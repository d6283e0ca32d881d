"""How the command line reaches the house: in this process when its folder is free, over HTTP when another runs it."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, Protocol

import msgspec

from ecluse.arretes import AccesArretes, ArretesDistants, ArretesLocaux
from ecluse.client import Client, ServeurInjoignable
from ecluse.dossier import DossierOccupe, own
from ecluse.importation import LOT, Envoi
from ecluse.lettres import list_all, read_pages, replay_one, show
from ecluse.maison import Maison, open_house
from services.indicators.exports.lignes import build_extract
from services.indicators.exports.sortie import parse_format, write_export
from shared.reglages import Reglages
from shared.systeme import explain_os
from shared.web.porte import EVENEMENTS_MAX

PATIENCE = 600.0
# Seconds that a service may be missing from the state of a distributed house.
ABSENCE = 30.0


class Acces(Protocol):
    """What the command line asks of a house, wherever it runs. Documents are those of the HTTP API."""

    lot: int

    def send(self, octets: list[bytes]) -> Envoi: ...
    def wait(self) -> bool: ...
    def link(self, nom: str) -> str | None: ...
    def state(self) -> Any: ...
    def figures(self, caf: str, du: str, au: str, codes: Sequence[str]) -> Any: ...
    def series(self, code: str, caf: str, du: str, au: str, pas: str) -> Any: ...
    def cut(self, code: str, caf: str, du: str, au: str, par: str) -> Any: ...
    def export(
        self, caf: str, du: str, au: str, codes: Sequence[str], pas: str | None, format_: str
    ) -> Iterator[bytes]: ...
    def arretes(self) -> AccesArretes: ...
    def rebuild(self, *, accepter_restauration: bool) -> Any: ...
    def letters(self, *, closes: bool) -> Any: ...
    def letter(self, service: str, numero: int) -> Any: ...
    def replay(self, service: str, numero: int, *, essai: bool) -> Any: ...


class AccesLocal:
    """A house opened in this process for the time of one command."""

    lot = LOT

    def __init__(self, maison: Maison) -> None:
        self._maison = maison

    def send(self, octets: list[bytes]) -> Envoi:
        return self._maison.guichet.deposit(octets, self._maison.reglages.clock())

    def wait(self) -> bool:
        return self._maison.wait_until_current(PATIENCE)

    def link(self, nom: str) -> str | None:
        del nom
        return None

    def state(self) -> Any:
        return msgspec.to_builtins(self._maison.state())

    def figures(self, caf: str, du: str, au: str, codes: Sequence[str]) -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.figures(caf, du, au, codes))

    def series(self, code: str, caf: str, du: str, au: str, pas: str) -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.series(code, caf, du, au, pas))

    def cut(self, code: str, caf: str, du: str, au: str, par: str) -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.cut(code, caf, du, au, par))

    def export(
        self, caf: str, du: str, au: str, codes: Sequence[str], pas: str | None, format_: str
    ) -> Iterator[bytes]:
        choisi = parse_format(format_)
        self.wait()
        now = self._maison.reglages.clock()
        return write_export(build_extract(self._maison.indicateurs, caf, du, au, codes, pas, now), choisi)

    def arretes(self) -> AccesArretes:
        self.wait()
        return ArretesLocaux(self._maison.indicateurs)

    def rebuild(self, *, accepter_restauration: bool) -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.rebuild(accepter_restauration=accepter_restauration))

    def letters(self, *, closes: bool) -> Any:
        return msgspec.to_builtins(list_all(self._maison.services, ouvertes=not closes))

    def letter(self, service: str, numero: int) -> Any:
        return msgspec.to_builtins(show(self._maison.services[service], numero))

    def replay(self, service: str, numero: int, *, essai: bool) -> Any:
        return msgspec.to_builtins(replay_one(self._maison.services[service], numero, essai=essai))


class AccesDistant:
    """A house that another process runs."""

    lot = EVENEMENTS_MAX

    def __init__(self, client: Client) -> None:
        self._client = client

    def send(self, octets: list[bytes]) -> Envoi:
        return self._client.send(octets)

    def wait(self) -> bool:
        debut = entiere = time.monotonic()
        while (maintenant := time.monotonic()) < debut + PATIENCE:
            etat = self.state()
            if etat["a_jour"]:
                return True
            if not etat["injoignables"]:
                entiere = maintenant
            arrets = [*etat["services"], *etat["consommateurs"]]
            # A service that restarts is waited for, one that is gone is not.
            if maintenant > entiere + ABSENCE or any(x["arret"] or x.get("trou") for x in arrets):
                return False
            time.sleep(0.2)
        return False

    def link(self, nom: str) -> str | None:
        return str(self._client.post("/v1/liens", nom=nom)["lien"])

    def state(self) -> Any:
        return self._client.get("/v1/etat")

    def figures(self, caf: str, du: str, au: str, codes: Sequence[str]) -> Any:
        return self._client.get("/v1/indicateurs", caf=caf, du=du, au=au, code=list(codes) or None)

    def series(self, code: str, caf: str, du: str, au: str, pas: str) -> Any:
        return self._client.get(f"/v1/indicateurs/{code}/serie", caf=caf, du=du, au=au, pas=pas)

    def cut(self, code: str, caf: str, du: str, au: str, par: str) -> Any:
        return self._client.get(f"/v1/indicateurs/{code}/coupe", caf=caf, du=du, au=au, par=par)

    def export(
        self, caf: str, du: str, au: str, codes: Sequence[str], pas: str | None, format_: str
    ) -> Iterator[bytes]:
        question = {"caf": caf, "du": du, "au": au, "code": list(codes) or None, "pas": pas, "format": format_}
        return self._client.read("/v1/indicateurs/export", **question)

    def arretes(self) -> AccesArretes:
        return ArretesDistants(self._client)

    def rebuild(self, *, accepter_restauration: bool) -> Any:
        return self._client.rebuild(accepter_restauration=accepter_restauration)

    def letters(self, *, closes: bool) -> Any:
        def page(service: str, apres: int) -> list[dict[str, Any]]:
            lettres: list[dict[str, Any]] = self._client.get(
                "/v1/lettres-mortes", service=service, closes=closes, apres=apres
            )
            return lettres

        return [
            lettre
            for service in ("contacts", "production", "recovery")
            for lettre in read_pages(partial(page, service), itemgetter("numero"))
        ]

    def letter(self, service: str, numero: int) -> Any:
        return self._client.get(f"/v1/lettres-mortes/{service}/{numero}")

    def replay(self, service: str, numero: int, *, essai: bool) -> Any:
        return self._client.post(f"/v1/lettres-mortes/{service}/{numero}/rejeu", essai=essai)


@contextmanager
def reach(chemin: Path) -> Iterator[Acces]:
    """The house of a data folder. Raises ``DossierInutilisable``, ``BaseTropRecente``, ``ServeurInjoignable``."""
    try:
        dossier = own(chemin)
    except DossierOccupe as occupe:
        if occupe.url is None:
            raise ServeurInjoignable(
                f"le dossier {chemin} est utilisé par un autre Écluse qui ne répond pas encore : réessayer bientôt"
            ) from None
        with reach_origin(occupe.url, _local_token(chemin)) as acces:
            yield acces
        return
    with dossier, open_house(Reglages(chemin, lot_max=LOT)) as maison:
        yield AccesLocal(maison)


@contextmanager
def reach_origin(url: str, jeton: str) -> Iterator[Acces]:
    """The house that answers at an origin. Its questions raise ``ServeurInjoignable``."""
    with closing(Client(url, jeton)) as client:
        yield AccesDistant(client)


def _local_token(chemin: Path) -> str:
    try:
        return (chemin / "local-token").read_text().strip()
    except OSError as erreur:
        raise ServeurInjoignable(f"jeton illisible dans {chemin} : {explain_os(erreur)}") from erreur
