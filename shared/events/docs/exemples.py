"""One valid event of each type, invented: no dossier, person or office stands behind it."""

from typing import Any, Final

import msgspec
from msgspec import Struct

from shared.events.base import TypeEvenement, members_of
from shared.events.docs.publications import Publication
from shared.events.journal import (
    EPOQUE,
    TIC,
    Annonce,
    AnnonceEpoque,
    AnnonceTic,
    EpoqueOuverte,
    Maillon,
    TicPublie,
)
from shared.events.mouvements import (
    MOUVEMENTS,
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
)
from shared.events.travail import (
    BAIL_TERMINE,
    PRIS,
    RENDU,
    REPORTE,
    TERMINE,
    Geste,
    TravailBailTermine,
    TravailPris,
    TravailRendu,
    TravailReporte,
    TravailTermine,
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
    "campagne": ("kQ0fGd1mT7yXw2sZbN4uRA", None, ImageCampagne("2024-03-05", "Rentrée", "sms")),
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
    "encaissement": ("K-000001|E-000001", None, ImageEncaissement("2024-03-05", "retenue", 5_000, "091", "al")),
    "remise": (
        "K-000001|accordee|kQ0fGd1mT7yXw2sZbN4uRA",
        None,
        ImageRemise("2024-03-05", "accordee", 10_000, "091", "al"),
    ),
}

_PRISE: Final[dict[str, Any]] = {
    "objet": "K-000001",
    "corbeille": "retard_1_mois",
    "titulaire": "poste-12",
    "jeton": 41,
}
_GESTES: Final[dict[str, Geste]] = {
    PRIS: TravailPris(**_PRISE, bail_jusqu_a="2024-03-14T15:55:12Z"),
    TERMINE: TravailTermine(**_PRISE, issue="promesse", date="2024-03-29", reprise_le="2024-03-30"),
    REPORTE: TravailReporte(**_PRISE, motif="attente_piece", jusqu_a="2024-03-21"),
    RENDU: TravailRendu(**_PRISE),
    BAIL_TERMINE: TravailBailTermine(**_PRISE, bail_termine_le="2024-03-14T15:55:12Z"),
}

_LIGNEE: Final = (
    Maillon(1, "6f1d0c5e9a2b4c7d8e3f1a2b3c4d5e6f", 0, 0),
    Maillon(2, "0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e", 41_218, 41_207),
)
_ANNONCES: Final[dict[str, Annonce]] = {
    EPOQUE: AnnonceEpoque(
        id="epoque-2-0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e",
        source="/ecluse/recovery",
        time="2024-03-14T15:40:12.000481Z",
        data=EpoqueOuverte(2, _LIGNEE[1].marque, _LIGNEE),
    ),
    TIC: AnnonceTic(
        id="tic-2-1710430812000481000",
        source="/ecluse/recovery",
        time="2024-03-14T15:40:12.000481Z",
        data=TicPublie(
            2,
            _LIGNEE[1].marque,
            1_710_430_812_000_481_000,
            41_230,
            (41_230, 41_229, 41_228, 41_211, 41_226, 41_225, 41_224, 41_223, 41_222, 41_221, 41_220, 41_219),
            0,
            tuple(Maillon(m.numero, m.marque, m.depuis) for m in _LIGNEE),
        ),
    ),
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


def published_example(publication: Publication) -> Evenement:
    """An event of the type as a service publishes it."""
    service = publication.services[-1]
    if publication.type in _ANNONCES:
        annonce: Evenement = _plain(_ANNONCES[publication.type])
        return annonce
    if publication.type in _GESTES:
        geste = _GESTES[publication.type]
        identifiant, data = f"travail-{geste.jeton}-{publication.type.split('.')[-2]}", _plain(geste)
    else:
        famille = MOUVEMENTS[publication.type].famille
        objet, avant, apres = _IMAGES[famille]
        identifiant = f"{famille}-091-{objet}-1"
        data = {"objet": objet, "avant": _plain(avant), "apres": _plain(apres)}
    return {
        "specversion": "1.0",
        "id": identifiant,
        "source": f"/ecluse/{service}",
        "type": publication.type,
        "subject": "D-7f3a91",
        "time": "2024-03-14T15:40:12.000481Z",
        "caf": "091",
        "datacontenttype": "application/json",
        "data": data,
    }


def _plain(valeur: Struct | None) -> Any:
    return msgspec.json.decode(msgspec.json.encode(valeur))
