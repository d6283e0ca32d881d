"""The deciders of production: what each kind of object says to the indicators and to the work queue."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET

from services.production.models import LigneControle, LigneCourrier, LignePiece, LigneVerification
from services.production.rules import Corbeille, Piece, explain_impossible, fold_piece, target_delai
from shared.corbeille.tables import Travail
from shared.events.mouvements import ImageControle, ImageCourrier, ImagePiece, ImageVerification
from shared.events.production import ControleRealise, PieceArrivee, VerificationRealisee
from shared.runtime.objets import Comptee, Etat, Genre, Impossible, Objet
from shared.temps import to_iso

_ARRIVEE_INCONNUE: Final[Mapping[str, Any]] = dict.fromkeys(
    ("arrivee", "fin", "fin_genre", "nature", "canal", "minima_sociaux", "urgence", "caf_traitante", "pole", "site")
) | {"suspendue": False}


class GenrePiece(Genre):
    """Pieces. Facts of an unknown piece wait: no image, no work, no dead letter."""

    nom = "piece"
    modele = LignePiece

    def reduce(self, objet: Objet) -> Etat:
        """See ``Genre.reduce``."""
        piece = fold_piece(objet.faits)
        if piece is None:
            return Etat(None, _ARRIVEE_INCONNUE)
        image = _image(piece, objet.caf)
        return Etat(
            piece.creation.dossier,
            _colonnes(piece, image),
            (Comptee("piece", objet.id, image),),
            [Impossible(f, explain_impossible(f, piece.creation.jour)) for f in piece.impossibles],
            _travaux(piece),
        )


def _image(piece: Piece, caf: str) -> ImagePiece:
    data: PieceArrivee = piece.creation.data
    return ImagePiece(
        caf_traitante=caf if data.caf_traitante is UNSET else data.caf_traitante,
        nature=data.nature,
        canal=data.canal,
        minima_sociaux=data.minima_sociaux,
        arrivee=to_iso(piece.creation.jour),
        teleservice=None if data.teleservice is UNSET else data.teleservice,
        pole=None if data.pole is UNSET else data.pole,
        site=None if data.site is UNSET else data.site,
        fin=None if piece.fin is None else to_iso(piece.fin),
        fin_genre=piece.fin_genre,
        attentes=tuple((to_iso(du), None if au is None else to_iso(au)) for du, au in piece.attentes),
        jours_attente=piece.jours_attente,
    )


def _colonnes(piece: Piece, image: ImagePiece) -> Mapping[str, Any]:
    data: PieceArrivee = piece.creation.data
    return {
        "arrivee": piece.creation.jour,
        "fin": piece.fin,
        "fin_genre": image.fin_genre,
        "suspendue": piece.suspendue,
        "nature": image.nature,
        "canal": image.canal,
        "minima_sociaux": image.minima_sociaux,
        "urgence": None if data.urgence is UNSET else data.urgence,
        "caf_traitante": image.caf_traitante,
        "pole": image.pole,
        "site": image.site,
    }


def _travaux(piece: Piece) -> tuple[Travail, ...]:
    """The stay in the corbeille: an open piece that waits on nobody is worked, from its arrival."""
    if piece.fin is not None or piece.suspendue:
        return ()
    data: PieceArrivee = piece.creation.data
    jour = piece.creation.jour
    return (
        Travail(
            Corbeille.pieces,
            du=jour,
            au=None,
            priorite=1 if data.urgence is UNSET else 0,
            echeance=jour + target_delai(data.minima_sociaux),
            depuis=jour,
        ),
    )


class GenreCourrier(Genre):
    """Courriers, counted apart from pieces."""

    nom = "courrier"
    modele = LigneCourrier

    def reduce(self, objet: Objet) -> Etat:
        """See ``Genre.reduce``; of several creating facts the first holds."""
        fait = objet.faits[0]
        image = ImageCourrier(jour=to_iso(fait.jour))
        return Etat(fait.dossier, {"jour": fait.jour}, (Comptee("courrier", objet.id, image),))


class GenreVerification(Genre):
    """Verifications of the quality of liquidation."""

    nom = "verification"
    modele = LigneVerification

    def reduce(self, objet: Objet) -> Etat:
        """See ``Genre.reduce``; of several creating facts the first holds."""
        fait = objet.faits[0]
        data: VerificationRealisee = fait.data
        image = ImageVerification(jour=to_iso(fait.jour), moment=data.moment, conforme=data.conforme)
        colonnes = {"jour": fait.jour, "moment": data.moment, "conforme": data.conforme}
        return Etat(fait.dossier, colonnes, (Comptee("verification", objet.id, image),))


class GenreControle(Genre):
    """Controls, with their two effects."""

    nom = "controle"
    modele = LigneControle

    def reduce(self, objet: Objet) -> Etat:
        """See ``Genre.reduce``; of several creating facts the first holds."""
        fait = objet.faits[0]
        data: ControleRealise = fait.data
        image = ImageControle(
            jour=to_iso(fait.jour),
            type_controle=data.type_controle,
            indu_centimes=data.indu_centimes,
            rappel_centimes=data.rappel_centimes,
        )
        colonnes = {"jour": fait.jour, "type_controle": data.type_controle}
        return Etat(fait.dossier, colonnes, (Comptee("controle", objet.id, image),))


PIECE: Final = GenrePiece()

DECIDEURS: Final[Mapping[str, Genre]] = {
    "fr.caf.piece.arrivee.v1": PIECE,
    "fr.caf.piece.suspendue.v1": PIECE,
    "fr.caf.piece.reprise.v1": PIECE,
    "fr.caf.piece.traitee.v1": PIECE,
    "fr.caf.piece.rouverte.v1": PIECE,
    "fr.caf.piece.annulee.v1": PIECE,
    "fr.caf.courrier.arrive.v1": GenreCourrier(),
    "fr.caf.verification.realisee.v1": GenreVerification(),
    "fr.caf.controle.realise.v1": GenreControle(),
}
