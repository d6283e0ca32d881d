"""What the services should publish of the oracle's objects: images as movements, and a fold of them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from msgspec.json import Encoder

from services.indicators.answer import EtatFile, Fraicheur
from services.indicators.cibles import Cibles
from services.indicators.fold.pli import Pli
from services.indicators.tableau import Tableau
from shared.events.mouvements import (
    MOUVEMENTS,
    Image,
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
from shared.runtime.journal import Enregistrement
from tests.oracle import Etat
from tests.oracle.contacts import DEUX_JOURS, Contact, RendezVous
from tests.oracle.creances import Creance
from tests.oracle.pieces import Piece

FRAIS = Fraicheur("2023-02-01T08:00:00Z", 0.2, True)
VIDE = Etat((), (), (), (), (), (), (), (), ())
_TYPES = {mouvement.image: mouvement.type for mouvement in MOUVEMENTS.values()}
_ENCODER = Encoder()


class Comptee(NamedTuple):
    """A counted thing: its Caf and its image."""

    caf: str
    image: Image


def movement(caf: str, avant: Image | None, apres: Image | None, position: int = 0) -> Enregistrement:
    """The record of one movement; one of the images at least is given."""
    image = avant or apres
    assert image is not None
    donnees = {"specversion": "1.0", "caf": caf, "data": {"objet": "x", "avant": avant, "apres": apres}}
    return Enregistrement("test", 0, position, position - 1, _TYPES[type(image)], _ENCODER.encode(donnees), 0)


def fold(comptees: Iterable[Comptee]) -> Pli:
    """The fold of images that were never anything else."""
    pli = Pli()
    pli.apply([movement(caf, None, image) for caf, image in comptees])
    return pli


class StockCompte:
    """Production's port, answered by counting pieces one by one."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = pieces

    def closing_stocks(self, caf: str, jours: Sequence[int]) -> Sequence[int] | None:
        siennes = [piece for piece in self.pieces if piece.caf == caf]
        return [sum(piece.en_stock(date.fromordinal(jour)) for piece in siennes) for jour in jours]


class SansFile:
    """Recovery's port when recovery does not answer."""

    def queues(self, caf: str) -> Sequence[EtatFile] | None:
        del caf
        return None


def board(etat: Etat, cibles: Cibles | None = None) -> Tableau:
    """The façade over the fold of everything that the oracle knows."""
    return Tableau(fold(images_of(etat)), cibles or Cibles(), StockCompte(etat.pieces), SansFile())


def images_of(etat: Etat) -> Iterator[Comptee]:
    """Every counted thing of the oracle's state, as the contract of movements writes it."""
    for piece in etat.pieces:
        yield Comptee(piece.caf, _piece(piece))
    for contact in etat.contacts:
        yield Comptee(contact.caf, _contact(contact))
    for rdv in etat.rendez_vous:
        yield Comptee(rdv.caf, _rendez_vous(rdv))
    for creance in etat.creances:
        yield from _creance(creance)
    for fait in etat.courriers:
        yield Comptee(fait.caf, ImageCourrier(fait.jour.isoformat()))
    for fait in etat.verifications:
        image = ImageVerification(fait.jour.isoformat(), fait.data["moment"], fait.data["conforme"])
        yield Comptee(fait.caf, image)
    for fait in etat.controles:
        sommes = (fait.data["indu_centimes"], fait.data["rappel_centimes"])
        yield Comptee(fait.caf, ImageControle(fait.jour.isoformat(), fait.data["type_controle"], *sommes))


def _iso(jour: date | None) -> str | None:
    return None if jour is None else jour.isoformat()


def _piece(piece: Piece) -> ImagePiece:
    return ImagePiece(
        caf_traitante=piece.caf_traitante,
        nature=piece.nature,
        canal=piece.canal,
        minima_sociaux=piece.minima_sociaux,
        arrivee=piece.arrivee.isoformat(),
        teleservice=piece.teleservice or None,
        pole=piece.pole or None,
        site=piece.site or None,
        fin=_iso(piece.fin),
        fin_genre="annulee" if piece.annulee else "traitee" if piece.traitee else None,
        attentes=tuple(_pauses(piece)),
        jours_attente=piece.jours_en_pause if piece.traitee else 0,
    )


def _pauses(piece: Piece) -> Iterator[tuple[str, str | None]]:
    for pause in piece.pauses:
        bornes = [fin for fin in (pause.fin, piece.fin) if fin is not None]
        fin = min(bornes, default=None)
        if fin is None or pause.debut < fin:
            yield pause.debut.isoformat(), _iso(fin)


def _contact(contact: Contact) -> ImageContact:
    geste, clos = contact.premier_geste, contact.clos
    return ImageContact(
        canal=contact.canal,
        nature=contact.nature,
        niveau=1,
        recu=contact.recu.jour.isoformat(),
        site=contact.site or None,
        clos=_iso(clos.jour) if clos else None,
        issue=clos.data["issue"] if clos else None,
        par=clos.data.get("par", "agent") if clos else None,
        clos_sous_48h=bool(clos) and contact.duree_de_reponse <= DEUX_JOURS,
        pris_en_charge=geste is not None,
        pris_en_charge_avant_48h=geste is not None and geste.instant - contact.recu.instant < DEUX_JOURS,
        repete=contact.repete,
    )


def _rendez_vous(rdv: RendezVous) -> ImageRendezVous:
    return ImageRendezVous(
        modalite=rdv.modalite,
        demande=rdv.demande.isoformat(),
        site=rdv.site or None,
        propose=_iso(rdv.premiere_proposition),
        propose_sous_7j=rdv.premiere_proposition is not None and rdv.jours_avant_le_premier_debut <= 7,
        issue=rdv.issue or None,
        issue_le=_iso(rdv.jour_issue),
    )


def _creance(creance: Creance) -> Iterator[Comptee]:
    commun = {"caf_traitante": creance.caf_traitante, "prestation": creance.prestation}
    image = ImageCreance(
        **commun,
        cause=creance.cause,
        debiteur="allocataire",
        constat=creance.constat.isoformat(),
        montant_centimes=creance.montant,
        du_initial_centimes=creance.base,
        recouvre_24_centimes=creance.recouvre_en(24),
        recouvre_48_centimes=creance.recouvre_en(48),
        qualifiee=_iso(creance.qualifiee),
        prejudice_centimes=creance.prejudice,
    )
    yield Comptee(creance.caf, image)
    for e in creance.encaissements:
        yield Comptee(creance.caf, ImageEncaissement(e.jour.isoformat(), e.mode, e.montant, **commun))
    for jour, somme in creance.remises:
        yield Comptee(creance.caf, ImageRemise(jour.isoformat(), "accordee", somme, **commun))
    for etape, jours in (("demandee", creance.demandes_de_remise), ("refusee", creance.refus_de_remise)):
        for jour in jours:
            yield Comptee(creance.caf, ImageRemise(jour.isoformat(), etape, 0, **commun))
