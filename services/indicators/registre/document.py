"""The registry as a document: what API, pages and files say of an indicator, in one place."""

from typing import Final

from msgspec import Struct

from services.indicators.registre import REGISTRE
from services.indicators.registre.base import Indicateur
from services.indicators.registre.cpog import PARTIES, LigneCpog
from services.indicators.registre.projections import PROJECTIONS
from services.indicators.rules import PREMIER_JOUR
from shared.temps import to_iso


class SeuilDit(Struct, frozen=True):
    """A constant of a formula. ``du``, ``au``: days between which it holds (None: since ever, until further notice)."""

    operateur: str
    valeur: int
    unite: str
    du: str | None
    au: str | None


class MaturiteDite(Struct, frozen=True):
    """How many days after its period a figure stays provisional, and what is waited for (French)."""

    jours: int
    attend: str


class LigneDeContrat(Struct, frozen=True):
    """The row of the contracts (Cpog) that an indicator answers. ``suivi``: followed, without a target to reach."""

    partie: str
    intitule: str
    hors_cog: bool
    suivi: bool
    pivots: bool


class FicheIndicateur(Struct, frozen=True):
    """What the registry says of an indicator. ``genre``: ``calcule``, ``present`` or ``saisi``; ``sens``: which way is
    better, None for a volume; ``maison``: a formula of ours, that no source prints; ``plancher``: the least value."""

    code: str
    libelle: str
    unite: str
    population: str
    formule: str
    version: int
    genre: str
    sens: str | None
    maison: bool
    source: str
    coupes: list[str]
    seuils: list[SeuilDit]
    plancher: float
    maturite: MaturiteDite | None
    contrat: LigneDeContrat | None


class FicheProjection(Struct, frozen=True):
    """What the registry says of a projected quantity; ``maison``: a formula of ours, that no source prints."""

    code: str
    libelle: str
    unite: str
    formule: str
    version: int
    maison: bool


class Registre(Struct, frozen=True):
    """Every indicator and every projected quantity, in the order of the registry."""

    indicateurs: list[FicheIndicateur]
    projections: list[FicheProjection]


_CONTRAT: Final = {ligne.code: (partie.titre, ligne) for partie in PARTIES for ligne in partie.lignes}


def write_registry() -> Registre:
    """The whole registry."""
    projections = [
        FicheProjection(code, p.libelle, p.unite, p.formule, p.version, p.maison) for code, p in PROJECTIONS.items()
    ]
    return Registre([describe(indicateur) for indicateur in REGISTRE.values()], projections)


def describe(i: Indicateur) -> FicheIndicateur:
    """What the registry says of one indicator."""
    return FicheIndicateur(
        code=i.code,
        libelle=i.libelle,
        unite=i.unite,
        population=i.population,
        formule=i.formule,
        version=i.version,
        genre=i.genre,
        sens=i.sens,
        maison=i.maison,
        source=i.source,
        coupes=list(i.coupes),
        seuils=[
            SeuilDit(
                s.operateur,
                s.valeur,
                s.unite,
                None if s.du == PREMIER_JOUR else to_iso(s.du),
                None if s.au is None else to_iso(s.au),
            )
            for s in i.seuils
        ],
        plancher=i.plancher,
        maturite=None if i.maturite is None else MaturiteDite(i.maturite.jours, i.maturite.attend),
        contrat=_contract_row(*_CONTRAT[i.code]) if i.code in _CONTRAT else None,
    )


def _contract_row(partie: str, ligne: LigneCpog) -> LigneDeContrat:
    return LigneDeContrat(partie, ligne.intitule, ligne.hors_cog, ligne.suivi, ligne.pivots)
