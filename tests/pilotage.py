"""A house whose values and targets are given through its doors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx
from sqlalchemy import func, select

from ecluse.files import FilesDeRecouvrement
from ecluse.maison import Maison
from ecluse.serveur import create_app
from services.indicators.app import Indicateurs
from services.indicators.app import bootstrap as open_indicators
from services.indicators.depot import CIBLE, IMPORT, VALEUR
from services.production.app import StockDeProduction
from shared.runtime.service import Cloche
from shared.web.problemes import MEDIA, PREFIXE
from tests.serveurs import serve

JETON: Final = "jeton-d-essai-de-la-maison-0123456789"
AN: Final = {"du": "2023-01-01", "au": "2023-12-31"}
SAISIE: Final = {"caf": "521", "code": "COG-01-11", "annee": 2023, "valeur": 0.91, "auteur": "pilotage"}
ENTETE: Final = "caf,annee,code,nature,valeur,operateur,unite,etat_source,source\n"
LIGNE: Final = "521,2024,COG-08-29,individualisee,16,<=,jours,transmise,courrier du 12 mars\n"
CSV: Final = {"Content-Type": "text/csv; charset=utf-8"}


@contextmanager
def served(maison: Maison) -> Iterator[httpx.Client]:
    """A client of a house."""
    entetes = {"Authorization": f"Bearer {JETON}"}
    with serve(create_app(maison, JETON)) as url, httpx.Client(base_url=url, headers=entetes, timeout=60) as client:
        yield client


def rows(maison: Maison) -> list[int]:
    """How many values, imports and targets are kept."""
    with maison.indicateurs.moteur.connect() as connexion:
        return [connexion.execute(select(func.count()).select_from(t)).scalar_one() for t in (VALEUR, IMPORT, CIBLE)]


def figure(client: httpx.Client, code: str = "COG-01-11", **periode: str) -> dict[str, Any]:
    """A figure of the Caf of the Haute-Marne in 2023, unless another period is said."""
    document = client.get("/v1/indicateurs", params={"caf": "521", "code": code, **(periode or AN)}).json()
    (indicateur,) = document["indicateurs"]
    return dict(indicateur)


def problem(reponse: httpx.Response, statut: int) -> str:
    """The stable name of a problem."""
    assert (reponse.status_code, reponse.headers["content-type"]) == (statut, MEDIA), reponse.text
    return str(reponse.json()["type"]).removeprefix(PREFIXE)


def give(client: httpx.Client, table: str, auteur: str = "pilotage", **entetes: str) -> httpx.Response:
    """Import a list of targets."""
    question = {"auteur": auteur, "fichier": "cibles.csv"}
    return client.post("/v1/cibles", params=question, content=table.encode(), headers=CSV | entetes)


@contextmanager
def another(maison: Maison) -> Iterator[Indicateurs]:
    """Another process that serves the same figures."""
    autre = open_indicators(
        maison.reglages,
        list(maison.services.values()),
        Cloche(),
        StockDeProduction(maison.services["production"]),
        FilesDeRecouvrement(maison.corbeilles["recovery"]),
    )
    try:
        yield autre
    finally:
        autre.close()
