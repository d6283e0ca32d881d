"""Which service answers at which address of the one origin, as data: the porte relays by it, a proxy may as well."""

from collections.abc import Mapping
from typing import Final

from services.contacts.endpoints import CHEMINS as FICHES_DES_CONTACTS
from services.production.corbeilles import DEFINITIONS as CORBEILLES_DE_PRODUCTION
from services.production.endpoints import CHEMINS as FICHES_DE_PRODUCTION
from services.recovery.corbeilles import DEFINITIONS as CORBEILLES_DE_RECOUVREMENT
from services.recovery.endpoints import CHEMINS as FICHES_DE_RECOUVREMENT

# A prefix stands for its address and all that are below.
PREFIXES: Final[Mapping[str, str]] = {
    "/v1/pieces": "production",
    "/v1/courriers": "production",
    "/v1/verifications": "production",
    "/v1/controles": "production",
    "/v1/production": "production",
    "/v1/contacts": "contacts",
    "/v1/rendez-vous": "contacts",
    "/v1/creances": "recovery",
    "/v1/droits": "recovery",
    "/v1/recovery": "recovery",
    **{f"/fiches/{chemin}": "production" for chemin in FICHES_DE_PRODUCTION},
    **{f"/fiches/{chemin}": "contacts" for chemin in FICHES_DES_CONTACTS},
    **{f"/fiches/{chemin}": "recovery" for chemin in FICHES_DE_RECOUVREMENT},
    "/v1/indicateurs": "indicators",
    "/v1/projection": "indicators",
    "/v1/arretes": "indicators",
    "/v1/reconstruction": "indicators",
    "/v1/valeurs": "indicators",
    "/v1/cibles": "indicators",
    "/indicateurs": "indicators",
    "/arretes": "indicators",
    "/exports": "indicators",
    "/flux": "indicators",
    "/v1/lettres-mortes/contacts": "contacts",
    "/v1/lettres-mortes/production": "production",
    "/v1/lettres-mortes/recovery": "recovery",
}
CORBEILLES: Final[Mapping[str, str]] = {
    **{d.code: "production" for d in CORBEILLES_DE_PRODUCTION},
    **{d.code: "recovery" for d in CORBEILLES_DE_RECOUVREMENT},
}
_TOUS: Final = {
    **PREFIXES,
    **{f"/v1/corbeilles/{code}": service for code, service in CORBEILLES.items()},
    **{f"/corbeilles/{code}": service for code, service in CORBEILLES.items()},
}
ACCUEIL: Final = "/"
LETTRES: Final = "/v1/lettres-mortes"
TRAVAUX: Final = "/v1/travaux"


def owner_of(chemin: str) -> str | None:
    """The service that answers at a path; None where the path alone does not say."""
    if chemin == ACCUEIL:
        return "indicators"
    for prefixe, service in _TOUS.items():
        if chemin == prefixe or chemin.startswith(f"{prefixe}/"):
            return service
    return None
