"""The deciders of recovery: what each kind of object says to the indicators and to the work queues."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import UNSET

from services.recovery.models import LigneCreance, LigneDroits
from services.recovery.rules import CONSTAT, ETAPES_DE_REMISE, Creance, find_stays, fold_creance
from services.recovery.store import creances_of
from shared.corbeille.tables import Travail
from shared.events.mouvements import ImageCreance, ImageEncaissement, ImageRemise
from shared.events.porte import inbox_key
from shared.events.recovery import EncaissementConstate, FraudeQualifiee, InduConstate
from shared.runtime.faits import Fait, creating_fact
from shared.runtime.objets import Comptee, Etat, Genre, Lecture, Objet
from shared.temps import to_iso

_CONSTAT_INCONNU: Final[Mapping[str, Any]] = dict.fromkeys(
    (
        "constat",
        "notifiee",
        "qualifiee",
        "montant",
        "du",
        "encaisse",
        "solde_du",
        "trop_rembourse",
        "prestation",
        "cause",
        "debiteur",
        "caf_traitante",
    )
)


class GenreCreance(Genre):
    """Créances. ``voisinage``: the day from which the dossier draws nothing any more, None while it does."""

    nom = "creance"
    modele = LigneCreance

    def reduce(self, objet: Objet) -> Etat:
        """See ``Genre.reduce``."""
        creance = fold_creance(objet.faits)
        if creance is None:
            return Etat(None, _CONSTAT_INCONNU)
        image = _image(creance, objet.caf)
        solde_du = creance.compte.solde_du
        return Etat(
            creance.constat.dossier,
            _colonnes(creance, image),
            [Comptee("creance", objet.id, image), *_payments(objet.id, creance, image)],
            (),
            [
                Travail(s.corbeille, s.du, s.au, s.priorite, s.echeance, creance.constat.jour, solde_du)
                for s in find_stays(creance, objet.voisinage)
            ],
        )

    def widen(self, touches: list[Objet], lecture: Lecture) -> list[Objet]:
        """A créance looks up the rights of the dossier that its constat names."""
        cles = {o.cle: f"{o.caf}|{f.dossier}" for o in touches if (f := creating_fact(o.faits, CONSTAT))}
        droits = {d.cle: _end_of_rights(d) for d in lecture.load(DROITS, cles.values())}
        for objet in touches:
            objet.voisinage = droits[cles[objet.cle]] if objet.cle in cles else None
        return touches


def _image(creance: Creance, caf: str) -> ImageCreance:
    data: InduConstate = creance.constat.data
    qualification = creance.qualification
    fraude: FraudeQualifiee | None = None if qualification is None else qualification.data
    return ImageCreance(
        caf_traitante=caf if data.caf_traitante is UNSET else data.caf_traitante,
        prestation=data.prestation,
        cause=data.cause,
        debiteur=data.debiteur,
        constat=to_iso(creance.constat.jour),
        montant_centimes=data.montant_centimes,
        du_initial_centimes=creance.compte.du_initial,
        recouvre_24_centimes=creance.recovered_within(24),
        recouvre_48_centimes=creance.recovered_within(48),
        qualifiee=None if qualification is None else to_iso(qualification.jour),
        prejudice_centimes=0 if fraude is None else fraude.prejudice_centimes,
    )


def _payments(objet: str, creance: Creance, image: ImageCreance) -> Iterator[Comptee]:
    """Encaissements that stand, and each step of a remise, which has no identity but that of its event."""
    for fait in creance.encaissements:
        data: EncaissementConstate = fait.data
        yield Comptee(
            "encaissement",
            f"{objet}|{data.encaissement}",
            ImageEncaissement(
                jour=to_iso(fait.jour),
                mode=data.mode,
                montant_centimes=data.montant_centimes,
                caf_traitante=image.caf_traitante,
                prestation=image.prestation,
            ),
        )
    for fait in creance.remises:
        yield _remise(objet, fait, image)


def _remise(objet: str, fait: Fait, image: ImageCreance) -> Comptee:
    etape = ETAPES_DE_REMISE[fait.type]
    return Comptee(
        "remise",
        f"{objet}|{etape}|{inbox_key(fait.source, fait.id)}",
        ImageRemise(
            jour=to_iso(fait.jour),
            etape=etape,
            montant_centimes=0 if etape == "refusee" else fait.data.montant_centimes,
            caf_traitante=image.caf_traitante,
            prestation=image.prestation,
        ),
    )


def _colonnes(creance: Creance, image: ImageCreance) -> Mapping[str, Any]:
    compte = creance.compte
    return {
        "constat": creance.constat.jour,
        "notifiee": creance.notifiee,
        "qualifiee": None if creance.qualification is None else creance.qualification.jour,
        "montant": compte.montant,
        "du": compte.du,
        "encaisse": compte.encaisse,
        "solde_du": compte.solde_du,
        "trop_rembourse": compte.trop_rembourse,
        "prestation": image.prestation,
        "cause": image.cause,
        "debiteur": image.debiteur,
        "caf_traitante": image.caf_traitante,
    }


class GenreDroits(Genre):
    """The rights of a dossier: nothing tells that they open again, so that the first closing holds."""

    nom = "droits"
    modele = LigneDroits

    def reduce(self, objet: Objet) -> Etat:
        """See ``Genre.reduce``."""
        return Etat(objet.id, {"clos": objet.faits[0].jour})

    def widen(self, touches: list[Objet], lecture: Lecture) -> list[Objet]:
        """The end of rights changes the corbeille of the dossier's créances."""
        return [*touches, *lecture.load(CREANCE, creances_of(lecture, ((o.caf, o.id) for o in touches)))]


def _end_of_rights(droits: Objet) -> int | None:
    return min((f.jour for f in droits.faits), default=None)


CREANCE: Final = GenreCreance()
DROITS: Final = GenreDroits()

DECIDEURS: Final[Mapping[str, Genre]] = {
    "fr.caf.indu.constate.v1": CREANCE,
    "fr.caf.creance.notifiee.v1": CREANCE,
    "fr.caf.encaissement.constate.v1": CREANCE,
    "fr.caf.encaissement.annule.v1": CREANCE,
    "fr.caf.indu.annule.v1": CREANCE,
    "fr.caf.remise.demandee.v1": CREANCE,
    "fr.caf.remise.accordee.v1": CREANCE,
    "fr.caf.remise.refusee.v1": CREANCE,
    "fr.caf.fraude.qualifiee.v1": CREANCE,
    "fr.caf.droits.clos.v1": DROITS,
}
