"""Créances: amounts, encaissements and the qualification that holds, from the set of facts of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tests.oracle.calendar import mois_apres
from tests.oracle.door import Evenement


@dataclass(frozen=True, slots=True)
class Encaissement:
    """Money received and not cancelled, in cents."""

    jour: date
    mode: str
    montant: int


@dataclass(frozen=True, slots=True)
class Creance:
    """An indu. Amounts in cents; `qualifiee` is the day of the fraud qualification that holds."""

    caf: str
    id: str
    caf_traitante: str
    prestation: str
    cause: str
    constat: date
    montant: int
    annule: int
    encaissements: tuple[Encaissement, ...]
    qualifiee: date | None
    prejudice: int
    remises: tuple[tuple[date, int], ...]
    demandes_de_remise: tuple[date, ...]
    refus_de_remise: tuple[date, ...]

    @property
    def base(self) -> int:
        """What the cohorts hold it against: the amount less its cancellations of any date."""
        return max(0, self.montant - self.annule)

    @property
    def du(self) -> int:
        return max(0, self.base - sum(somme for _, somme in self.remises))

    @property
    def trop_rembourse(self) -> int:
        return max(0, sum(encaissement.montant for encaissement in self.encaissements) - self.du)

    def frauduleuse(self, au: date) -> bool:
        """By its cause, or qualified by the end of `au`."""
        return self.cause == "fraude" or (self.qualifiee is not None and self.qualifiee <= au)

    def recouvre_en(self, mois: int) -> int:
        """What came in up to `mois` months after the constat, at most the base."""
        limite = mois_apres(self.constat, mois)
        return min(self.base, sum(e.montant for e in self.encaissements if e.jour <= limite))


def replie_creance(faits: Sequence[Evenement]) -> Creance | None:
    """The créance that its facts make; None while its constat is unknown."""
    ranges = sorted(faits, key=lambda fait: fait.ordre)
    par_type: dict[str, list[Evenement]] = {}
    for fait in ranges:
        par_type.setdefault(fait.type, []).append(fait)
    if "indu.constate" not in par_type:
        return None
    constat = par_type["indu.constate"][0]
    qualifications = par_type.get("fraude.qualifiee", [])
    return Creance(
        caf=constat.caf,
        id=constat.data["creance"],
        caf_traitante=constat.data.get("caf_traitante", constat.caf),
        prestation=constat.data["prestation"],
        cause=constat.data["cause"],
        constat=constat.jour,
        montant=constat.data["montant_centimes"],
        annule=sum(fait.data["montant_centimes"] for fait in par_type.get("indu.annule", [])),
        encaissements=_encaissements(ranges),
        qualifiee=qualifications[-1].jour if qualifications else None,
        prejudice=qualifications[-1].data["prejudice_centimes"] if qualifications else 0,
        remises=tuple((fait.jour, fait.data["montant_centimes"]) for fait in par_type.get("remise.accordee", [])),
        demandes_de_remise=tuple(fait.jour for fait in par_type.get("remise.demandee", [])),
        refus_de_remise=tuple(fait.jour for fait in par_type.get("remise.refusee", [])),
    )


def _encaissements(ranges: Sequence[Evenement]) -> tuple[Encaissement, ...]:
    """Of several with one identifier the first holds; one that any fact cancels is out."""
    annules = {fait.data["encaissement"] for fait in ranges if fait.type == "encaissement.annule"}
    premiers: dict[str, Evenement] = {}
    for fait in ranges:
        if fait.type == "encaissement.constate":
            premiers.setdefault(fait.data["encaissement"], fait)
    return tuple(
        Encaissement(fait.jour, fait.data["mode"], fait.data["montant_centimes"])
        for numero, fait in premiers.items()
        if numero not in annules
    )
