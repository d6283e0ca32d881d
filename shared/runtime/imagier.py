"""What a service has last published of its objects, read back: the images that the indicators count.

The indicators keep sums and no object. To show what is behind a figure they ask the service that owns the objects; it
narrows by day where a column allows it, and hands over images: which of them count is for the indicators to say.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, NamedTuple, Protocol

import msgspec
from msgspec import Raw, Struct
from sqlalchemy import Column, ColumnElement, Connection, Select, Table, func, literal, or_, select, tuple_, union_all

from shared.runtime.journal import JOURNAL, PUBLIEUR
from shared.runtime.service import ServiceDeFaits
from shared.temps import PARIS, from_datetime

# Beyond, the movements since a position are not told: whoever is so far behind waits until it has caught up.
SUITE_MAX: Final = 5_000
_PAQUET: Final = 1_000
Membre = Literal["caf", "caf_traitante"]


class Borne(Struct, frozen=True):
    """A day of the image lies from ``du`` to ``au`` (both included, None: no bound), or is none when ``ou_rien``."""

    jour: str
    du: int | None = None
    au: int | None = None
    ou_rien: bool = False


class Depart(Struct, frozen=True, array_like=True):
    """Where a reading goes on: the place of a row by day (0 without one), its key."""

    rang: int
    cle: str


class Demande(Struct, frozen=True):
    """The images of a family that a Caf answers for: it is their ``membre``, the owner or the one that does the work.

    ``bornes`` narrow where a column allows it, so that more may come; rows come by the day ``tri``, then by key, or
    by key alone; ``apres``: from this row on, itself included; ``depuis``: the movements after this position are told.
    """

    caf: str
    famille: str
    bornes: tuple[Borne, ...] = ()
    tri: str | None = None
    apres: Depart | None = None
    depuis: int = 0
    membre: Membre = "caf"


class Entete(Struct, frozen=True):
    """What the rows are a state of: the ``position`` of the log, and events ``en_attente`` of one.

    ``suite``: ``data`` of each movement of the family and the Caf since ``Demande.depuis`` (for the acting Caf, of each
    that names it before or after); None when there are too many.
    """

    position: int
    en_attente: int
    suite: list[Raw] | None


class Rangee(Struct, frozen=True, array_like=True):
    """An object: its place, its dossier, ``[family, identifier, image]`` for each thing counted of it."""

    rang: int
    cle: str
    dossier: str
    images: Raw


class Flot(NamedTuple):
    """An answer, of one moment."""

    entete: Entete
    rangees: Iterator[Rangee]


class Imagier(Protocol):
    """Whoever answers for the images of a service."""

    def read(self, demande: Demande) -> AbstractContextManager[Flot]:
        """The rows, read as they are asked for. Raises ``Indisponible`` when the service does not answer."""
        ...


class Rayon(NamedTuple):
    """Where the images of a family are: its table, the type of its movements, and the days that have a column.

    ``instants``: columns that hold an instant (ns) of that day.
    """

    table: Table
    mouvement: str
    jours: Mapping[str, str] = {}
    instants: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ImagierLocal:
    """The images of the service that runs in this process."""

    service: ServiceDeFaits
    rayons: Mapping[str, Rayon]

    @contextmanager
    def read(self, demande: Demande) -> Iterator[Flot]:
        """See ``Imagier``. One transaction: head of the log, movements and rows are of one moment."""
        rayon = self.rayons[demande.famille]
        with self.service.lecture.connect() as connexion:
            entete = _read_head(connexion, self.service.nom, rayon, demande)
            lignes = connexion.execution_options(yield_per=_PAQUET).execute(select_rows(rayon, demande))
            yield Flot(entete, (Rangee(r, c, d, Raw(i)) for r, c, d, i in lignes))


def _read_head(connexion: Connection, nom: str, rayon: Rayon, demande: Demande) -> Entete:
    c = JOURNAL.c
    position = connexion.execute(select(PUBLIEUR.c.assigne).where(PUBLIEUR.c.service == nom)).scalar() or 0
    attente = connexion.execute(select(func.count()).select_from(JOURNAL).where(c.position.is_(None))).scalar_one()
    # What the publisher has not numbered yet is in the rows already.
    apres = or_(c.position > demande.depuis, c.position.is_(None))
    suite = select(c.cle, c.octets).where(apres, c.type == rayon.mouvement).limit(SUITE_MAX + 1)
    lignes = connexion.execute(suite).all()
    if len(lignes) > SUITE_MAX:
        return Entete(position, attente, None)
    if demande.membre == "caf":
        lignes = [ligne for ligne in lignes if ligne.cle.partition("|")[0] == demande.caf]
    donnees = [_DONNEES.decode(ligne.octets).data for ligne in lignes]
    if demande.membre == "caf_traitante":
        donnees = [data for data in donnees if _NOMMEES.decode(data).names(demande.caf)]
    return Entete(position, attente, donnees)


class _Mouvement(Struct):
    data: Raw


class _Nommee(Struct):
    caf_traitante: str | None = None


class _Nommees(Struct):
    """The acting Caf of both images of a movement: an older creating fact may change it."""

    avant: _Nommee | None = None
    apres: _Nommee | None = None

    def names(self, caf: str) -> bool:
        return any(image is not None and image.caf_traitante == caf for image in (self.avant, self.apres))


_DONNEES: Final = msgspec.json.Decoder(_Mouvement)
_NOMMEES: Final = msgspec.json.Decoder(_Nommees)


def select_rows(rayon: Rayon, demande: Demande) -> Select[Any] | Any:
    """The statement: an index is used by each of its selects, where an OR of their conditions would read the table."""
    c = rayon.table.c
    tri = rayon.jours.get(demande.tri or "")
    rang: ColumnElement[Any] = c[tri] if tri else literal(0)
    commun: list[ColumnElement[bool]] = [c.dossier.is_not(None)]
    if demande.apres is not None:
        # The first of the two is what an index can follow.
        commun += [rang >= demande.apres.rang] if tri else []
        commun.append(
            tuple_(rang, c.cle) >= tuple_(demande.apres.rang, demande.apres.cle) if tri else c.cle >= demande.apres.cle
        )
    seuls = [b for b in demande.bornes if not b.ou_rien]
    commun += [condition for borne in seuls for condition in _within(rayon, borne)]
    branches = [[*siennes, *commun] for siennes in _whose(rayon, demande)]
    for borne in demande.bornes:
        if borne.ou_rien and borne.jour in rayon.jours:
            colonne = c[rayon.jours[borne.jour]]
            branches = [[*b, *cote] for b in branches for cote in ([colonne.is_(None)], _within(rayon, borne))]
    colonnes = (rang.label("rang"), c.cle, c.dossier, c.images)
    choix = [select(*colonnes).where(*conditions) for conditions in branches]
    if len(choix) == 1:
        return choix[0].order_by(*([c[tri]] if tri else []), c.cle)
    ensemble = union_all(*choix).subquery()
    return select(ensemble).order_by(ensemble.c.rang, ensemble.c.cle)


def _whose(rayon: Rayon, demande: Demande) -> list[list[ColumnElement[bool]]]:
    """The rows of a Caf. Those whose work it does: its own, by their index, and the few of others, by one that holds
    nothing else."""
    c, caf = rayon.table.c, demande.caf
    if demande.membre == "caf":
        return [[c.caf == caf]]
    return [[c.caf == caf, c.caf_traitante == caf], [c.caf_traitante == caf, c.caf_traitante != c.caf]]


def _within(rayon: Rayon, borne: Borne) -> list[ColumnElement[bool]]:
    nom = rayon.jours.get(borne.jour)
    if nom is None:
        return []
    colonne: Column[Any] = rayon.table.c[nom]
    if nom in rayon.instants:
        conditions = [] if borne.du is None else [colonne >= _midnight(borne.du)]
        return conditions if borne.au is None else [*conditions, colonne < _midnight(borne.au + 1)]
    conditions = [] if borne.du is None else [colonne >= borne.du]
    return conditions if borne.au is None else [*conditions, colonne <= borne.au]


def _midnight(jour: int) -> int:
    """The instant at which a day begins in Paris."""
    d = date.fromordinal(jour)
    return from_datetime(datetime(d.year, d.month, d.day, tzinfo=PARIS))


class ImageGardee(Struct, frozen=True, array_like=True):
    """One counted thing of a row."""

    famille: str
    objet: str
    image: Raw


_IMAGES: Final = msgspec.json.Decoder(list[ImageGardee])


def images_of(rangee: Rangee, famille: str) -> Sequence[ImageGardee]:
    """The counted things of a family in a row, by identifier."""
    return sorted((i for i in _IMAGES.decode(rangee.images) if i.famille == famille), key=lambda i: i.objet)
