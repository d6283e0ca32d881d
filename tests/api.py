"""What the tests ask of the published API: a good question for each operation, and a house that can answer it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from shared.events.catalogue import TYPES
from shared.web.porte import UN_LOT
from tests.donnees import RACINE
from tests.maisons import eventually

CAF: Final = "091"
# It works on the piece and the créance of the examples, which 091 owns.
TRAITANTE: Final = "661"
MOIS: Final = "2024-03"
# The arrêté that ``feed`` takes.
ARRETE: Final = "091-1"
PERIODE: Final = {"caf": CAF, "du": "2024-03-01", "au": "2024-03-31"}
# What is known of the house once ``feed`` is done: random questions use it half of the time, so as to find something.
CONNUS: Final = {
    "caf": [CAF],
    "objet": ["P-000001", "C-000001", "V-000001", "T-000001", "Q-000001", "R-000001", "K-000001", "D-7f3a91"],
    "service": ["production"],
    "corbeille": ["a_notifier", "pieces"],
    "id_": [ARRETE],
    "periode": [MOIS],
}


@dataclass(frozen=True)
class Demande:
    """One question. ``corps``: of a command, of type ``media``."""

    chemin: dict[str, str] = field(default_factory=dict)
    question: dict[str, Any] = field(default_factory=dict)
    corps: Any = None
    media: str = "application/json"


def objet(identifiant: str) -> Demande:
    """The fiche of an object of the examples."""
    return Demande({"caf": CAF, "objet": identifiant})


SAISIE: Final = {"caf": "521", "code": "COG-01-11"}
CIBLES: Final = (
    "caf,annee,code,nature,valeur,operateur,unite,etat_source,source\n"
    "521,2024,COG-08-29,individualisee,16,<=,jours,transmise,courrier\n"
)
LETTRE: Final = {"service": "production", "numero": "1"}
# A good question for every operation, the work on an item apart: its token is only known once it is taken.
BONNES: Final[dict[str, Demande]] = {
    "GET /v1/etat": Demande(),
    "POST /v1/reconstruction": Demande(),
    "POST /v1/liens": Demande(),
    "GET /v1/lettres-mortes": Demande(question={"closes": "true"}),
    "GET /v1/lettres-mortes/{service}/{numero}": Demande(LETTRE),
    "POST /v1/lettres-mortes/{service}/{numero}/rejeu": Demande(LETTRE, {"essai": "true"}),
    "GET /v1/indicateurs": Demande(question=PERIODE),
    "GET /v1/indicateurs/invariants": Demande(question=PERIODE),
    "GET /v1/indicateurs/registre": Demande(),
    "GET /v1/indicateurs/comparaison": Demande(question={**PERIODE, "avec": "precedente", "code": "STOCK"}),
    "GET /v1/projection": Demande(question={"caf": CAF, "au": "2024-03-31"}),
    "GET /v1/indicateurs/{code}/serie": Demande({"code": "COG-08-29"}, {**PERIODE, "pas": "semaine"}),
    "GET /v1/indicateurs/{code}/coupe": Demande({"code": "STOCK"}, {**PERIODE, "par": "nature"}),
    "POST /v1/valeurs": Demande(corps={**SAISIE, "annee": 2023, "valeur": 0.9, "auteur": "pilotage"}),
    "GET /v1/valeurs": Demande(question=SAISIE),
    "POST /v1/cibles": Demande(question={"auteur": "pilotage"}, corps=CIBLES, media="text/csv"),
    "GET /v1/cibles": Demande(question={"caf": "521", "annee": 2023, "historique": "true"}),
    "GET /v1/cibles/imports": Demande(),
    "GET /v1/indicateurs/{code}/explication": Demande(
        {"code": "COG-08-29"}, {**PERIODE, "caf": TRAITANTE, "par": "canal", "role": "traitante"}
    ),
    "GET /v1/indicateurs/{code}/elements": Demande({"code": "STOCK"}, {**PERIODE, "terme": "numerateur", "limite": 1}),
    "GET /v1/indicateurs/export": Demande(question={**PERIODE, "format": "csv"}),
    "POST /v1/arretes": Demande(
        corps={"caf": CAF, "periode": MOIS, "auteur": "poste-1", "motif": "un essai", "provisoire": False}
    ),
    "GET /v1/arretes": Demande(question={"caf": CAF, "limite": 5}),
    "GET /v1/arretes/verification": Demande(),
    "GET /v1/arretes/derniers/{periode}": Demande({"periode": MOIS}, {"caf": CAF}),
    "GET /v1/arretes/{id_}": Demande({"id_": ARRETE}),
    "GET /v1/arretes/{id_}/ecarts": Demande({"id_": ARRETE}),
    "GET /v1/arretes/{id_}/ecarts/{code}": Demande({"id_": ARRETE, "code": "STOCK"}, {"limite": 5}),
    "GET /v1/pieces/{caf}/{objet}": objet("P-000001"),
    "GET /v1/courriers/{caf}/{objet}": objet("C-000001"),
    "GET /v1/verifications/{caf}/{objet}": objet("V-000001"),
    "GET /v1/controles/{caf}/{objet}": objet("T-000001"),
    "GET /v1/contacts/{caf}/{objet}": objet("Q-000001"),
    "GET /v1/rendez-vous/{caf}/{objet}": objet("R-000001"),
    "GET /v1/creances/{caf}/{objet}": objet("K-000001"),
    "GET /v1/droits/{caf}/{objet}": objet("D-7f3a91"),
    "GET /v1/production/en-attente-d-arrivee": Demande(question={"limite": 5}),
    "GET /v1/recovery/en-attente-d-arrivee": Demande(),
    "GET /v1/contacts/en-attente-d-arrivee": Demande(),
    "GET /v1/corbeilles": Demande(question={"caf": CAF}),
    "GET /v1/corbeilles/{corbeille}": Demande({"corbeille": "a_notifier"}),
    "GET /v1/corbeilles/{corbeille}/attente": Demande({"corbeille": "a_notifier"}, {"secondes": 0}),
    "GET /healthz": Demande(),
    "GET /readyz": Demande(),
    "GET /metrics": Demande(),
}
PRENDRE: Final = "POST /v1/corbeilles/{corbeille}/prochain"
SUITES: Final[dict[str, dict[str, Any]]] = {
    "POST /v1/travaux/{caf}/{objet}/prolonge": {"bail_secondes": 60},
    "POST /v1/travaux/{caf}/{objet}/report": {"motif": "attente_piece"},
    "POST /v1/travaux/{caf}/{objet}/rendu": {},
    "POST /v1/travaux/{caf}/{objet}/termine": {},
}
PORTE: Final = "POST /v1/evenements"
# It never ends: nobody can wait for its whole answer.
FLUX: Final = "GET /v1/indicateurs/flux"


def event(type_: str, **data: Any) -> dict[str, Any]:
    """An event of these last days."""
    maintenant = datetime.now(UTC).isoformat()
    return {
        "specversion": "1.0",
        "id": f"{type_}-{data.get('creance', data.get('piece'))}",
        "source": "/essai",
        "type": f"fr.caf.{type_}.v1",
        "subject": "D-essai",
        "time": maintenant,
        "caf": CAF,
        "data": data,
    }


def feed(client: httpx.Client) -> None:
    """One object of each kind, from the published examples; créances to notify; a dead letter; a fact that waits; the
    figures of a month, frozen."""
    exemples = RACINE / "docs" / "contrat" / "exemples"
    lot = [json.loads((exemples / f"{type_}.json").read_bytes()) for type_ in TYPES]
    il_y_a_peu = (datetime.now(UTC) - timedelta(days=10)).isoformat()
    constat = {"prestation": "al", "cause": "erreur_declaration", "debiteur": "allocataire", "montant_centimes": 28_686}
    lot += [
        event("indu.constate", creance=f"K-{rang}", constate_le=il_y_a_peu, **constat) for rang in range(len(SUITES))
    ]
    lot.append(event("piece.traitee", piece="P-000001", traitee_le="2020-01-01T08:00:00Z", issue="liquidee"))
    lot.append(event("piece.traitee", piece="P-inconnue", traitee_le=il_y_a_peu, issue="liquidee"))
    reponse = client.post("/v1/evenements", json=lot, headers={"Content-Type": UN_LOT})
    assert reponse.json() == {"acceptes": len(lot), "doublons": 0, "rejets": []}, reponse.text
    eventually(lambda: client.get("/v1/etat").json()["a_jour"])
    arrete = {"caf": CAF, "periode": MOIS, "auteur": "poste-1"}
    eventually(lambda: client.post("/v1/arretes", json=arrete).status_code == 201)
