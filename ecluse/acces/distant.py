"""A house that another process runs, asked over HTTP."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import msgspec

from ecluse.acces.contrat import PATIENCE, PROPRIETAIRE, SANS_SCENE, all_values
from ecluse.arretes import AccesArretes, ArretesDistants
from ecluse.client import Client, RienLa, ServeurInjoignable
from ecluse.importation import Envoi
from ecluse.lettres import read_pages
from services.indicators import contrat_documents as documents
from services.indicators.contrat_endpoints import CSV
from services.indicators.valeurs import Saisie
from shared.temps import to_iso
from shared.web.porte import EVENEMENTS_MAX

# Seconds that a service may be missing from the state of a distributed house.
ABSENCE: Final = 30.0
SCENE: Final = "/v1/demo/scenario"


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
        return all_values(lambda apres: self._client.get("/v1/valeurs", caf=caf, code=code, apres=apres, limite=limite))

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
