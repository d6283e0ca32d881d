"""How the command line reaches the house: in this process when its folder is free, over HTTP when another runs it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, Protocol

import msgspec

from ecluse.arretes import AccesArretes, ArretesDistants, ArretesLocaux
from ecluse.client import Client, RienLa, ServeurInjoignable
from ecluse.dossier import DossierOccupe, own
from ecluse.importation import LOT, Envoi
from ecluse.lettres import list_all, read_pages, replay_one, show
from ecluse.maison import Maison, open_house
from services.contacts.endpoints import CHEMINS as FICHES_DES_CONTACTS
from services.indicators import contrat_documents as documents
from services.indicators.contrat import Contrat
from services.indicators.contrat_endpoints import CSV
from services.indicators.exports.lignes import build_extract
from services.indicators.exports.sortie import parse_format, write_export
from services.indicators.rules import Role
from services.indicators.valeurs import Saisie
from services.production.endpoints import CHEMINS as FICHES_DE_PRODUCTION
from services.recovery.endpoints import CHEMINS as FICHES_DE_RECOUVREMENT
from shared.base import table_of
from shared.reglages import Reglages
from shared.systeme import explain_os
from shared.temps import to_iso
from shared.web.fiches import read_object
from shared.web.porte import EVENEMENTS_MAX

PATIENCE = 600.0
PROPRIETAIRE = Role.proprietaire.value
# Seconds that a service may be missing from the state of a distributed house.
ABSENCE = 30.0
SCENE = "/v1/demo/scenario"
SANS_SCENE = "aucune démonstration ne tourne là : la lancer par « ecluse up --demo 091 »"
# Which service has the fiches at an address, and of which kind of object.
_FICHES = {
    chemin: (service, genre)
    for service, chemins in (("contacts", FICHES_DES_CONTACTS), ("production", FICHES_DE_PRODUCTION),
                             ("recovery", FICHES_DE_RECOUVREMENT))
    for chemin, genre in chemins.items()
}  # fmt: skip


class Acces(Protocol):
    """What the command line asks of a house, wherever it runs. Documents are those of the HTTP API."""

    lot: int

    def send(self, octets: list[bytes]) -> Envoi: ...
    def wait(self) -> bool: ...
    def link(self, nom: str) -> str | None: ...
    def state(self) -> Any: ...
    def figures(self, caf: str, du: str, au: str, codes: Sequence[str], role: str = ...) -> Any: ...
    def series(self, code: str, caf: str, du: str, au: str, pas: str, role: str = ..., par: str = ...) -> Any: ...
    def cut(self, code: str, caf: str, du: str, au: str, par: str, role: str = ...) -> Any: ...
    def compare(
        self, caf: str, du: str, au: str, codes: Sequence[str], role: str, avec: str, avec_du: str, avec_au: str
    ) -> Any: ...
    def project(self, caf: str, au: str, role: str) -> Any: ...
    def explain(self, code: str, caf: str, du: str, au: str, par: str | None, role: str = ...) -> Any: ...
    def elements(
        self,
        code: str,
        caf: str,
        du: str,
        au: str,
        terme: str | None,
        apres: str | None,
        limite: int,
        role: str = ...,
    ) -> Any: ...
    def fiche(self, chemin: str) -> Any: ...
    def export(
        self, caf: str, du: str, au: str, codes: Sequence[str], pas: str | None, format_: str, role: str = ...
    ) -> Iterator[bytes]: ...
    def arretes(self) -> AccesArretes: ...
    def rebuild(self, *, accepter_restauration: bool, archive: Path | None = None) -> Any: ...
    def letters(self, *, closes: bool) -> Any: ...
    def letter(self, service: str, numero: int) -> Any: ...
    def replay(self, service: str, numero: int, *, essai: bool) -> Any: ...
    def record_value(self, saisie: Saisie, cle: str | None) -> Any: ...
    def values(self, caf: str, code: str | None) -> Any: ...
    def import_targets(self, table: bytes, auteur: str, fichier: str, cle: str | None) -> Any: ...
    def targets(self, caf: str, annee: int, *, historique: bool) -> Any: ...
    def target_imports(self) -> Any: ...
    def scene(self) -> Any: ...
    def switch_scene(self, nom: str) -> Any: ...


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

    def figures(self, caf: str, du: str, au: str, codes: Sequence[str], role: str = PROPRIETAIRE) -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.figures(caf, du, au, codes, role))

    def series(self, code: str, caf: str, du: str, au: str, pas: str, role: str = PROPRIETAIRE, par: str = "") -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.series(code, caf, du, au, pas, role, par))

    def cut(self, code: str, caf: str, du: str, au: str, par: str, role: str = PROPRIETAIRE) -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.cut(code, caf, du, au, par, role))

    def export(
        self, caf: str, du: str, au: str, codes: Sequence[str], pas: str | None, format_: str, role: str = PROPRIETAIRE
    ) -> Iterator[bytes]:
        choisi = parse_format(format_)
        self.wait()
        now = self._maison.reglages.clock()
        return write_export(build_extract(self._maison.indicateurs, caf, du, au, codes, pas, now, role), choisi)

    def arretes(self) -> AccesArretes:
        self.wait()
        return ArretesLocaux(self._maison.indicateurs)

    def compare(
        self, caf: str, du: str, au: str, codes: Sequence[str], role: str, avec: str, avec_du: str, avec_au: str
    ) -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.compare(caf, du, au, codes, role, avec, avec_du, avec_au))

    def project(self, caf: str, au: str, role: str) -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.project(caf, au, role))

    def explain(self, code: str, caf: str, du: str, au: str, par: str | None, role: str = PROPRIETAIRE) -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.explain(code, caf, du, au, par, role))

    def elements(
        self,
        code: str,
        caf: str,
        du: str,
        au: str,
        terme: str | None,
        apres: str | None,
        limite: int,
        role: str = PROPRIETAIRE,
    ) -> Any:
        self.wait()
        return msgspec.to_builtins(self._maison.indicateurs.elements(code, caf, du, au, terme, apres, limite, role))

    def fiche(self, chemin: str) -> Any:
        *_, nom, caf, objet = chemin.split("/")
        service, genre = _FICHES[nom]
        lecture = self._maison.services[service]
        modele = next(g.modele for g in lecture.deciders.values() if g.nom == genre)
        with lecture.lecture.connect() as connexion:
            return msgspec.to_builtins(read_object(connexion, table_of(modele), genre, caf, objet))

    def rebuild(self, *, accepter_restauration: bool, archive: Path | None = None) -> Any:
        self.wait()
        return msgspec.to_builtins(
            self._maison.indicateurs.rebuild(accepter_restauration=accepter_restauration, archive=archive)
        )

    def letters(self, *, closes: bool) -> Any:
        return msgspec.to_builtins(list_all(self._maison.services, ouvertes=not closes))

    def letter(self, service: str, numero: int) -> Any:
        return msgspec.to_builtins(show(self._maison.services[service], numero))

    def replay(self, service: str, numero: int, *, essai: bool) -> Any:
        return msgspec.to_builtins(replay_one(self._maison.services[service], numero, essai=essai))

    def record_value(self, saisie: Saisie, cle: str | None) -> Any:
        return msgspec.to_builtins(documents.record_value(self._contrat, saisie, cle))

    def values(self, caf: str, code: str | None) -> Any:
        return _all_values(
            lambda apres: msgspec.to_builtins(
                documents.list_values(self._contrat, caf, code, apres, documents.VALEURS_MAX)
            )
        )

    def import_targets(self, table: bytes, auteur: str, fichier: str, cle: str | None) -> Any:
        fait = self._contrat.import_targets(table, auteur, fichier, cle)
        return msgspec.to_builtins(documents.tell_import(fait))

    def targets(self, caf: str, annee: int, *, historique: bool) -> Any:
        return msgspec.to_builtins(documents.list_targets(self._contrat, caf, annee, historique=historique))

    def target_imports(self) -> Any:
        return msgspec.to_builtins(documents.list_imports(self._contrat))

    def scene(self) -> Any:
        raise ServeurInjoignable(SANS_SCENE)

    def switch_scene(self, nom: str) -> Any:
        del nom
        raise ServeurInjoignable(SANS_SCENE)

    @property
    def _contrat(self) -> Contrat:
        return self._maison.indicateurs.contrat


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

    def figures(self, caf: str, du: str, au: str, codes: Sequence[str], role: str = PROPRIETAIRE) -> Any:
        return self._client.get("/v1/indicateurs", caf=caf, du=du, au=au, code=list(codes) or None, role=role)

    def series(self, code: str, caf: str, du: str, au: str, pas: str, role: str = PROPRIETAIRE, par: str = "") -> Any:
        chemin = f"/v1/indicateurs/{code}/serie"
        return self._client.get(chemin, caf=caf, du=du, au=au, pas=pas, role=role, par=par or None)

    def cut(self, code: str, caf: str, du: str, au: str, par: str, role: str = PROPRIETAIRE) -> Any:
        return self._client.get(f"/v1/indicateurs/{code}/coupe", caf=caf, du=du, au=au, par=par, role=role)

    def compare(
        self, caf: str, du: str, au: str, codes: Sequence[str], role: str, avec: str, avec_du: str, avec_au: str
    ) -> Any:
        autre = {"avec": avec or None, "avec_du": avec_du or None, "avec_au": avec_au or None}
        chemin = "/v1/indicateurs/comparaison"
        return self._client.get(chemin, caf=caf, du=du, au=au, code=list(codes) or None, role=role, **autre)

    def project(self, caf: str, au: str, role: str) -> Any:
        return self._client.get("/v1/projection", caf=caf, au=au or None, role=role)

    def explain(self, code: str, caf: str, du: str, au: str, par: str | None, role: str = PROPRIETAIRE) -> Any:
        return self._client.get(f"/v1/indicateurs/{code}/explication", caf=caf, du=du, au=au, par=par, role=role)

    def elements(
        self,
        code: str,
        caf: str,
        du: str,
        au: str,
        terme: str | None,
        apres: str | None,
        limite: int,
        role: str = PROPRIETAIRE,
    ) -> Any:
        parametres = {"terme": terme, "apres": apres, "limite": limite, "role": role}
        return self._client.get(f"/v1/indicateurs/{code}/elements", caf=caf, du=du, au=au, **parametres)

    def fiche(self, chemin: str) -> Any:
        return self._client.get(chemin)

    def export(
        self, caf: str, du: str, au: str, codes: Sequence[str], pas: str | None, format_: str, role: str = PROPRIETAIRE
    ) -> Iterator[bytes]:
        question = {"caf": caf, "du": du, "au": au, "code": list(codes) or None, "pas": pas, "format": format_}
        return self._client.read("/v1/indicateurs/export", **question, role=role)

    def arretes(self) -> AccesArretes:
        return ArretesDistants(self._client)

    def rebuild(self, *, accepter_restauration: bool, archive: Path | None = None) -> Any:
        dossier = {} if archive is None else {"archive": str(archive)}
        return self._client.rebuild(accepter_restauration=accepter_restauration, **dossier)

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

    def record_value(self, saisie: Saisie, cle: str | None) -> Any:
        membres = {nom: getattr(saisie, nom) for nom in ("caf", "code", "valeur", "auteur", "commentaire")}
        jours = {"du": to_iso(saisie.periode.du), "au": to_iso(saisie.periode.au)}
        return self._client.post_body("/v1/valeurs", msgspec.json.encode(membres | jours), "application/json", cle)

    def values(self, caf: str, code: str | None) -> Any:
        limite = documents.VALEURS_MAX
        return _all_values(
            lambda apres: self._client.get("/v1/valeurs", caf=caf, code=code, apres=apres, limite=limite)
        )

    def import_targets(self, table: bytes, auteur: str, fichier: str, cle: str | None) -> Any:
        return self._client.post_body("/v1/cibles", table, CSV, cle, auteur=auteur, fichier=fichier)

    def targets(self, caf: str, annee: int, *, historique: bool) -> Any:
        return self._client.get("/v1/cibles", caf=caf, annee=annee, historique=historique)

    def target_imports(self) -> Any:
        return self._client.get("/v1/cibles/imports")

    def scene(self) -> Any:
        with _played():
            return self._client.get(SCENE)

    def switch_scene(self, nom: str) -> Any:
        with _played():
            return self._client.put(SCENE, {"scenario": nom})


@contextmanager
def _played() -> Iterator[None]:
    """A house without a demonstration has no scene: said so."""
    try:
        yield
    except RienLa:
        raise ServeurInjoignable(SANS_SCENE) from None


def _all_values(page: Callable[[int], Any]) -> list[Any]:
    """The values of every page; ``page(apres)`` gives the next one."""
    valeurs: list[Any] = []
    apres: int | None = 0
    while apres is not None:
        lue = page(apres)
        valeurs += lue["valeurs"]
        apres = lue["suivant"]
    return valeurs


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
