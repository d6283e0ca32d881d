"""One valid event of each type, invented: no dossier, person or office stands behind it."""

from typing import Any, Final

import msgspec

from shared.events.base import TypeEvenement, members_of
from shared.events.mouvements import (
    Image,
    ImageCampagne,
    ImageContact,
    ImageControle,
    ImageCourrier,
    ImageCreance,
    ImageEncaissement,
    ImagePiece,
    ImageRemise,
    ImageRendezVous,
    ImageVerification,
    TypeMouvement,
)

Evenement = dict[str, Any]
_INSTANT: Final = "2024-03-05T09:10:00+01:00"
_EMIS: Final = "2024-03-05T09:12:13+01:00"
_OBJETS: Final = {
    "piece": "P-000001",
    "courrier": "C-000001",
    "verification": "V-000001",
    "controle": "T-000001",
    "contact": "Q-000001",
    "rdv": "R-000001",
    "campagne": "reprise-2024",
    "creance": "K-000001",
    "encaissement": "E-000001",
}
_VALEURS: Final[dict[str, object]] = {
    **_OBJETS,
    "pole": "Logement",
    "site": "Foix",
    "theme": "Déclaration trimestrielle",
    "origine": "Contrôle sur pièces",
    "motif": "Nouvelle demande",
    "caf_traitante": "661",
    "debut": "2024-03-12T14:00:00+01:00",
}
_SOURCES: Final = {
    "piece": "/front-office/ged",
    "courrier": "/front-office/ged",
    "verification": "/front-office/qualite",
    "controle": "/front-office/controle",
    "contact": "/front-office/accueil",
    "rdv": "/front-office/rendez-vous",
    "campagne": "/front-office/campagnes",
    "creance": "/front-office/creances",
    "droits": "/front-office/droits",
}
_IMAGES: Final[dict[str, tuple[str, Image | None, Image]]] = {
    "piece": (
        "P-000001",
        ImagePiece("091", "demande_rsa", "web", True, "2024-03-05", teleservice="rsa"),
        ImagePiece(
            "091",
            "demande_rsa",
            "web",
            True,
            "2024-03-05",
            teleservice="rsa",
            fin="2024-03-14",
            fin_genre="traitee",
            attentes=(("2024-03-07", "2024-03-11"),),
            jours_attente=4,
        ),
    ),
    "courrier": ("C-000001", None, ImageCourrier("2024-03-05")),
    "verification": ("V-000001", None, ImageVerification("2024-03-05", "iql0", True)),
    "controle": ("T-000001", None, ImageControle("2024-03-05", "pieces", 41_250, 0)),
    "contact": (
        "Q-000001",
        ImageContact("courriel", "dossier", 1, "2024-03-05"),
        ImageContact(
            "courriel",
            "dossier",
            1,
            "2024-03-05",
            clos="2024-03-06",
            issue="repondu",
            par="agent",
            clos_sous_48h=True,
            pris_en_charge=True,
            pris_en_charge_avant_48h=True,
        ),
    ),
    "rendez_vous": (
        "R-000001",
        ImageRendezVous("site", "2024-03-05"),
        ImageRendezVous("site", "2024-03-05", propose="2024-03-05", propose_sous_7j=True),
    ),
    "campagne": ("5f0c1d7ab8e24693f1d0c2b4a6978e35", None, ImageCampagne("2024-03-05", "Rentrée", "sms")),
    "creance": (
        "K-000001",
        ImageCreance("091", "al", "erreur_declaration", "allocataire", "2024-03-05", 64_979, 64_979),
        ImageCreance(
            "091",
            "al",
            "erreur_declaration",
            "allocataire",
            "2024-03-05",
            64_979,
            64_979,
            recouvre_24_centimes=5_000,
            recouvre_48_centimes=5_000,
        ),
    ),
    "encaissement": ("K-000001.E-000001", None, ImageEncaissement("2024-03-05", "retenue", 5_000, "091", "al")),
    "remise": ("K-000001.1", None, ImageRemise("2024-03-05", "accordee", 10_000, "091", "al")),
}


def front_office_example(type_: TypeEvenement) -> Evenement:
    """An event of the type with all its members."""
    data: Evenement = {}
    for membre in members_of(type_.donnees):
        if membre.genre == "liste":
            data[membre.nom] = membre.valeurs[0].value
        elif membre.genre == "booléen":
            data[membre.nom] = True
        elif membre.nom in _VALEURS:
            data[membre.nom] = _VALEURS[membre.nom]
        else:
            data[membre.nom] = {"instant": _INSTANT, "niveau": 1}.get(membre.genre, 64_979)
    return {
        "specversion": "1.0",
        "id": f"ex-{type_.type.removeprefix('fr.caf.').removesuffix('.v1').replace('.', '-')}-0001",
        "source": _SOURCES[type_.genre],
        "type": type_.type,
        "subject": "D-7f3a91",
        "time": _EMIS,
        "caf": "091",
        "data": data,
    }


def movement_example(type_: TypeMouvement) -> Evenement:
    """A movement as a service publishes it."""
    objet, avant, apres = _IMAGES[type_.famille]
    return {
        "specversion": "1.0",
        "id": f"{type_.famille}-091-{objet}-1",
        "source": f"/ecluse/{type_.service}",
        "type": type_.type,
        "subject": "D-7f3a91",
        "time": "2024-03-14T15:40:12.000481Z",
        "caf": "091",
        "datacontenttype": "application/json",
        "data": {"objet": objet, "avant": _plain(avant), "apres": _plain(apres)},
    }


def _plain(image: Image | None) -> object:
    return msgspec.json.decode(msgspec.json.encode(image))
