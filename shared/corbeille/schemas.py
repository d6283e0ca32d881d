"""What the work queue says and takes over HTTP: the shapes that the OpenAPI document publishes."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt
from pydantic_core import PydanticCustomError

from shared.corbeille.lecture import Compte, EtatTravail
from shared.corbeille.regles import Definition, Issue, Item, MotifReport
from shared.corbeille.service import BAIL_PAR_DEFAUT, Corbeilles, Pris, Prolongation, Rangee, Suite
from shared.temps import to_datetime

CAF = r"^[0-9]{3}$"
IDENTIFIANT = r"^[A-Za-z0-9._-]{1,64}$"
# From the time to read an item to a working day: a longer lease hides it from everybody after its holder has left.
BAIL_MIN, BAIL_MAX = 5, 8 * 3600


def _only_iso(valeur: Any) -> Any:
    """A date is written ``AAAA-MM-JJ``: a number would be read as seconds since 1970, an instant as its day in UTC."""
    if not isinstance(valeur, str) or len(valeur) != 10:
        raise PydanticCustomError("date_parsing", "une date AAAA-MM-JJ est attendue")
    return valeur


def _whole(valeur: Any) -> Any:
    """``60.0`` is an integer of JSON Schema; ``true`` and ``"60"`` are none."""
    return int(valeur) if isinstance(valeur, float) and valeur.is_integer() else valeur


def _day(jour: int | None) -> date | None:
    return None if jour is None else date.fromordinal(jour)


Caf = Annotated[str, Field(pattern=CAF, description="Caf créancière, trois chiffres", examples=["091"])]
Identifiant = Annotated[str, Field(pattern=IDENTIFIANT, max_length=64)]
Jour = Annotated[date, BeforeValidator(_only_iso)]
Bail = Annotated[
    StrictInt,
    Field(ge=BAIL_MIN, le=BAIL_MAX, description="Durée du bail en secondes : passée sans réponse, l'élément revient"),
    BeforeValidator(_whole),
]
Jeton = Annotated[
    StrictInt,
    Field(ge=1, le=2**53, description="Jeton de la prise, à redonner avec chaque suite"),
    BeforeValidator(_whole),
]


class Demande(BaseModel):
    """Bodies take no member that they do not name."""

    model_config = ConfigDict(extra="forbid")


class Prochain(Demande):
    """Qui demande du travail, pour quelles Caf et pour combien de temps."""

    titulaire: Identifiant = Field(description="Identifiant opaque de la personne ou du poste, jamais un nom")
    caf: list[Caf] = Field(default=[], max_length=200, description="Caf créancières ; vide : toutes")
    bail_secondes: Bail = BAIL_PAR_DEFAUT


class Tenu(Demande):
    """Ce que le titulaire redonne : la corbeille où il a pris l'élément, et son jeton."""

    corbeille: Identifiant
    jeton: Jeton


class Terminer(Tenu):
    """L'issue du travail, et s'il y en a une la date convenue."""

    issue: Identifiant = Field(description="Code d'une issue de la corbeille, voir GET /v1/corbeilles")
    date: Jour | None = Field(
        default=None, description="Jour promis (promesse), ou jour où reprendre ; sans date, le défaut de l'issue"
    )


class Reporter(Tenu):
    """Jusqu'à quand mettre l'élément de côté, et pourquoi."""

    jusqu_a: Jour = Field(description="Premier jour où l'élément est de nouveau à prendre")
    motif: MotifReport = MotifReport.autre


class Prolonger(Tenu):
    """Pour combien de temps encore, à partir de maintenant."""

    bail_secondes: Bail = BAIL_PAR_DEFAUT


class Element(BaseModel):
    """Un élément d'une corbeille. Il est urgent dans l'ordre du rang ; la raison le dit en clair."""

    caf: str
    objet: str
    dossier: str
    corbeille: str
    rang: int = Field(description="Le plus petit passe le premier")
    raison: str = Field(description="Raison du rang, en français")
    echeance: date
    depuis: date = Field(description="Jour depuis lequel l'élément attend")
    montant_centimes: int


class ElementPris(Element):
    """Un élément pris : le jeton est à redonner avec la suite, avant la fin du bail."""

    titulaire: str
    jeton: int
    prise_le: datetime
    bail_jusqu_a: datetime

    @classmethod
    def of(cls, pris: Pris) -> Self:
        """The answer for a claim."""
        return cls(
            **_describe(pris.item, pris.rang, pris.raison),
            titulaire=pris.titulaire,
            jeton=pris.jeton,
            prise_le=to_datetime(pris.prise_le),
            bail_jusqu_a=to_datetime(pris.bail),
        )


class ElementListe(Element):
    """Un élément dans la liste : à prendre, pris par quelqu'un, ou en attente d'un jour."""

    etat: EtatTravail
    titulaire: str | None
    prise_le: datetime | None
    bail_jusqu_a: datetime | None
    reprise_le: date | None
    motif: str | None = Field(description="Issue ou motif de report qui l'a mis en attente")

    @classmethod
    def of(cls, rangee: Rangee) -> Self:
        """A line of a page."""
        ligne = rangee.ligne
        return cls(
            **_describe(ligne.item, rangee.rang, rangee.raison),
            etat=ligne.etat,
            titulaire=ligne.titulaire,
            prise_le=None if ligne.prise_le is None else to_datetime(ligne.prise_le),
            bail_jusqu_a=None if ligne.bail is None else to_datetime(ligne.bail),
            reprise_le=_day(ligne.reprise),
            motif=ligne.motif,
        )


class PageElements(BaseModel):
    """Une page d'une corbeille, dans l'ordre où les éléments sont donnés."""

    elements: list[ElementListe]
    suivant: str | None = Field(description="Curseur de la page suivante (paramètre « apres ») ; null : c'est tout")


class Comptes(BaseModel):
    """Ce que contient une corbeille aujourd'hui."""

    corbeille: str
    prets: int = Field(description="Éléments à prendre")
    pris: int = Field(description="Éléments pris, dont le bail court")
    dormants: int = Field(description="Éléments en attente d'un jour")
    plus_ancien_jour: date | None = Field(
        description="Jour depuis lequel attend le plus ancien à prendre ; null : aucun"
    )

    @classmethod
    def of(cls, corbeille: str, compte: Compte) -> Self:
        """The counts of a corbeille."""
        return cls(
            corbeille=corbeille,
            prets=compte.prets,
            pris=compte.pris,
            dormants=compte.dormants,
            plus_ancien_jour=_day(compte.plus_ancien),
        )


class IssuePossible(BaseModel):
    """Une issue de la liste fermée d'une corbeille."""

    code: str
    libelle: str
    date: Literal["obligatoire", "facultative"]

    @classmethod
    def of(cls, issue: Issue) -> Self:
        """An outcome."""
        return cls(code=issue.code, libelle=issue.libelle, date="obligatoire" if issue.promesse else "facultative")


class Corbeille(Comptes):
    """Une corbeille : son contenu en nombres et ses issues."""

    libelle: str
    service: str
    issues: list[IssuePossible]

    @classmethod
    def all_of(cls, corbeilles: Corbeilles, comptes: dict[str, Compte]) -> list[Self]:
        """The corbeilles of a service."""
        return [cls._build(corbeilles.service.nom, d, comptes[code]) for code, d in corbeilles.definitions.items()]

    @classmethod
    def _build(cls, service: str, definition: Definition, compte: Compte) -> Self:
        return cls(
            **Comptes.of(definition.code, compte).model_dump(),
            libelle=definition.libelle,
            service=service,
            issues=[IssuePossible.of(i) for i in definition.issues],
        )


class ListeCorbeilles(BaseModel):
    """Toutes les corbeilles de la maison."""

    corbeilles: list[Corbeille]


class SuiteDonnee(BaseModel):
    """Ce que devient l'élément."""

    caf: str
    objet: str
    reprise_le: date | None = Field(
        description="Jour où il est de nouveau à prendre ; null : il a quitté les corbeilles"
    )

    @classmethod
    def of(cls, suite: Suite) -> Self:
        """The answer for an outcome, a hold or a release."""
        return cls(caf=suite.caf, objet=suite.objet, reprise_le=_day(suite.reprise))


class BailProlonge(BaseModel):
    """Le bail continue."""

    caf: str
    objet: str
    bail_jusqu_a: datetime

    @classmethod
    def of(cls, prolongation: Prolongation) -> Self:
        """The answer for an extension."""
        return cls(caf=prolongation.caf, objet=prolongation.objet, bail_jusqu_a=to_datetime(prolongation.bail))


def _describe(item: Item, rang: int, raison: str) -> dict[str, Any]:
    return {
        "caf": item.caf,
        "objet": item.objet,
        "dossier": item.dossier,
        "corbeille": item.corbeille,
        "rang": rang,
        "raison": raison,
        "echeance": _day(item.echeance),
        "depuis": _day(item.depuis),
        "montant_centimes": item.montant,
    }
