"""The house over HTTP: what the command line uses when another process owns the data folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from ecluse.guichet import Reponse
from shared.web.porte import UN_LOT

ATTENTE: Final = 120.0


class ServeurInjoignable(Exception):
    """The owner of the folder does not answer, or refuses: the message says what to do."""


@dataclass(frozen=True)
class _Envoi:
    reponses: list[Reponse]

    def answers(self) -> list[Reponse]:
        """The answers, already there."""
        return self.reponses


class Client:
    """Speaks to the house that owns a data folder, with the token that it left there."""

    def __init__(self, url: str, dossier: Path) -> None:
        try:
            jeton = (dossier / "local-token").read_text().strip()
        except OSError as erreur:
            raise ServeurInjoignable(f"jeton illisible dans {dossier} : {erreur.strerror}") from erreur
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {jeton}"}, timeout=ATTENTE)

    def get(self, chemin: str, **parametres: Any) -> Any:
        """The document at a path. Raises ``ServeurInjoignable`` with the detail of the problem."""
        return self._call("GET", chemin, params={k: v for k, v in parametres.items() if v is not None})

    def post(self, chemin: str, **parametres: Any) -> Any:
        """The answer to a command. Raises as ``get``."""
        return self._call("POST", chemin, params=parametres)

    def send(self, octets: Sequence[bytes]) -> _Envoi:
        """Hand a batch of raw events to the door. A line that is no JSON is judged here: it can not travel in a list."""
        reponse = self._request(
            "POST", "/v1/evenements", content=b"[" + b",".join(octets) + b"]", headers={"Content-Type": UN_LOT}
        )
        if reponse.status_code not in (202, 422):
            raise ServeurInjoignable(_detail(reponse))
        document = reponse.json()
        reponses = [Reponse("accepte")] * len(octets)
        for rejet in document["rejets"]:
            reponses[rejet["index"]] = Reponse("refuse", rejet["detail"], rejet["id"], rejet["type"])
        return _Envoi(_place_duplicates(reponses, document["doublons"]))

    def _call(self, methode: str, chemin: str, **reste: Any) -> Any:
        reponse = self._request(methode, chemin, **reste)
        if reponse.status_code >= 400:
            raise ServeurInjoignable(_detail(reponse))
        return reponse.json()

    def _request(self, methode: str, chemin: str, **reste: Any) -> httpx.Response:
        try:
            return self._http.request(methode, chemin, **reste)
        except httpx.HTTPError as erreur:
            raise ServeurInjoignable(
                f"l'Écluse qui tient ce dossier ne répond pas ({type(erreur).__name__}) : vérifier qu'il tourne"
            ) from erreur


def _place_duplicates(reponses: list[Reponse], doublons: int) -> list[Reponse]:
    """The door counts duplicates without naming them: as many of the accepted are counted so."""
    for rang, reponse in enumerate(reponses):
        if doublons and reponse.sort == "accepte":
            reponses[rang] = Reponse("doublon")
            doublons -= 1
    return reponses


def _detail(reponse: httpx.Response) -> str:
    try:
        return str(reponse.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"réponse {reponse.status_code} inattendue"
