"""Events written as tools write them, and the two readings of them: our objects, and the oracle's events."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from hypothesis import strategies as st
from sqlalchemy import Connection, Engine
from sqlmodel import SQLModel

from shared.base import create_tables, open_sqlite
from shared.corbeille.tables import TABLES_CORBEILLE
from shared.events.catalogue import ENCODER, TYPES
from shared.events.mouvements import DECODEURS, Image
from shared.events.porte import Recu, judge
from shared.runtime.faits import ORDRE, fact_of
from shared.runtime.lot import Lot
from shared.runtime.objets import Etat, Genre, Objet
from shared.runtime.tables import TABLES_COMMUNES
from shared.temps import from_datetime, from_iso
from tests.oracle.door import Evenement, juge_evenement

Brut = dict[str, Any]
RECEPTION = datetime(2099, 12, 31, tzinfo=UTC)
# Both clock changes, both ends of February in a leap year, a month that has no 31st, midnights of Paris.
BORDS = [
    datetime.fromisoformat(f"{texte}+00:00")
    for texte in (
        "2023-03-25T22:59:59",
        "2023-03-25T23:00:00",
        "2023-03-26T01:00:00",
        "2023-03-26T21:59:59",
        "2023-03-26T22:00:00",
        "2023-10-28T22:00:00",
        "2023-10-29T01:00:00",
        "2023-10-29T22:59:59",
        "2023-10-29T23:00:00",
        "2024-01-31T12:00:00",
        "2024-02-28T23:00:00",
        "2024-02-29T22:59:59",
        "2024-02-29T23:00:00",
    )
]


def evenement(
    type_: str, quand: str, *, caf: str = "091", dossier: str = "D-1", source: str = "/ged", id: str = "", **data: Any
) -> Brut:
    """``evenement("piece.arrivee", "2023-01-05T10:00:00Z", piece="P", …)``; by default its content gives the id."""
    contenu = repr((caf, dossier, sorted(data.items())))
    nom = f"fr.caf.{type_}.v1"
    return {
        "specversion": "1.0",
        "id": id or f"{type_}@{quand}#{crc32(contenu.encode())}",
        "source": source,
        "type": nom,
        "subject": dossier,
        "time": RECEPTION.isoformat(),
        "caf": caf,
        "data": {TYPES[nom].instant: quand, **data},
    }


def receive(brut: Mapping[str, Any]) -> Recu:
    """The event as our door accepts it."""
    recu = judge(ENCODER.encode(brut), from_datetime(RECEPTION))
    assert isinstance(recu, Recu), recu
    return recu


def objet_de(genre: Genre, bruts: Iterable[Mapping[str, Any]], voisinage: object = None) -> Objet:
    """The object that these events, all of one object, make: its facts in their order."""
    recus = [receive(b) for b in bruts]
    faits = sorted((fact_of(r) for r in recus), key=ORDRE)
    caf, identifiant = recus[0].caf, recus[0].objet
    return Objet(genre, f"{caf}|{identifiant}", caf, identifiant, faits, voisinage=voisinage)


def reduce(genre: Genre, bruts: Iterable[Mapping[str, Any]], voisinage: object = None) -> Etat:
    """The state that these events, all of one object, give."""
    return genre.reduce(objet_de(genre, bruts, voisinage))


def for_oracle(bruts: Iterable[Mapping[str, Any]]) -> list[Evenement]:
    """The same events as the oracle's door accepts them."""
    return [juge_evenement(b, RECEPTION) for b in bruts]


def jour(texte: str) -> int:
    """A day, short to write."""
    return from_iso(texte)


class Variante(NamedTuple):
    """A type to draw, with what its ``data`` may hold."""

    type: str
    data: st.SearchStrategy[dict[str, Any]]


def instants(debut: datetime, jours: int) -> st.SearchStrategy[str]:
    """Instants of so many days from ``debut``, on few hours so that ties are common, and the edges of the calendar."""
    heures = st.integers(0, jours * 4).map(lambda n: debut + timedelta(hours=6 * n))
    fuseaux = st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(-timedelta(hours=4))])
    return st.builds(lambda m, f: m.astimezone(f).isoformat(), heures | st.sampled_from(BORDS), fuseaux)


def histories(
    variantes: Sequence[Variante],
    quand: st.SearchStrategy[str],
    *,
    dossiers: Sequence[str] = ("D-1", "D-2"),
    max_size: int = 9,
) -> st.SearchStrategy[list[Brut]]:
    """Sets of facts, in any order: types, instants, sources and ids that tie and cross."""

    @st.composite
    def build(draw: st.DrawFn) -> list[Brut]:
        cles = st.tuples(st.sampled_from(["/ged", "/reprise"]), st.sampled_from("abcdefghijklm"))
        bruts = []
        for source, id_ in draw(st.lists(cles, min_size=1, max_size=max_size, unique=True)):
            variante = draw(st.sampled_from(variantes))
            bruts.append(
                evenement(
                    variante.type,
                    draw(quand),
                    dossier=draw(st.sampled_from(dossiers)),
                    source=source,
                    id=id_,
                    **draw(variante.data),
                )
            )
        return bruts

    return build()


def open_base(chemin: Path, modeles: Sequence[type[SQLModel]]) -> Engine:
    """A database of a service, empty."""
    moteur = open_sqlite(chemin, ecriture=True)
    create_tables(moteur, [*TABLES_COMMUNES, *TABLES_CORBEILLE, *modeles])
    return moteur


@contextmanager
def undone(moteur: Engine) -> Iterator[Connection]:
    """A transaction that is rolled back at the end, so that examples follow one another on an empty database."""
    with moteur.connect() as connexion, connexion.begin() as transaction:
        yield connexion
        transaction.rollback()


def take(
    connexion: Connection, service: str, deciders: Mapping[str, Genre], *lots: Sequence[Mapping[str, Any]]
) -> list[Lot]:
    """Give the events to the runtime in batches of one transaction; each batch holds what it published."""
    faits = []
    for bruts in lots:
        lot = Lot(service, deciders, connexion, from_datetime(RECEPTION))
        assert all(verdict.sort != "refuse" for verdict in lot.take([receive(b) for b in bruts]))
        faits.append(lot)
    return faits


def final_images(lots: Iterable[Lot]) -> dict[tuple[str, str, str], Image]:
    """What the movements of these batches leave counted, by (type, caf, thing).

    Each movement must take back exactly what the one before it gave.
    """
    return counted_images((a.type, a.octets) for lot in lots for a in lot.journal)


def counted_images(journal: Iterable[tuple[str, bytes]]) -> dict[tuple[str, str, str], Image]:
    """What the movements among these (type, bytes) leave counted; see ``final_images``."""
    comptees: dict[tuple[str, str, str], Image] = {}
    for type_, octets in journal:
        if type_ not in DECODEURS:
            continue
        mouvement = DECODEURS[type_].decode(octets)
        cle = (type_, mouvement.caf, mouvement.data.objet)
        assert comptees.pop(cle, None) == mouvement.data.avant
        if mouvement.data.apres is not None:
            comptees[cle] = mouvement.data.apres
    return comptees
