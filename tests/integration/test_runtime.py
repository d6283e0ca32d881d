"""The recipe of a batch: decided on what is there, committed whole, answered afterwards (architecture §3)."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing
from itertools import count, repeat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from ecluse.lettres import list_all, replay_one
from ecluse.maison import Maison, open_house
from services.production.handlers import DECIDEURS, PIECE, GenrePiece
from services.production.models import MODELES
from shared.base import open_sqlite
from shared.reglages import Reglages, read_clock
from shared.runtime.ecrivain import Ecrivain, Indisponible
from shared.runtime.journal import take_lead
from shared.runtime.lot import ACCEPTE, Lot, Verdict
from shared.runtime.objets import Etat, Genre, Objet
from shared.runtime.rejeu import ToujoursRefusee, replay
from tests.fabrique import Brut, open_base, receive
from tests.maisons import arrivee, deposit, execute, fait, query, traitee, value

REFUSE_P7 = (
    "CREATE TRIGGER refuse BEFORE INSERT ON piece WHEN NEW.objet = 'P-7' BEGIN SELECT RAISE(ABORT, 'refuse'); END"
)


class LotEnRetard(Lot):
    """A batch that may see objects as they were a moment ago, as a database that locks less would show them."""

    def __init__(self, connexion: Connection, maintenant: int, passe: Iterator[Objet]) -> None:
        super().__init__("production", DECIDEURS, connexion, maintenant)
        self._passe = passe

    def load(self, genre: Genre, cles: Iterable[str]) -> list[Objet]:
        """See ``Lecture.load``."""
        perime = next(self._passe, None)
        if perime is not None:
            self._objets[genre.nom][perime.cle] = replace(perime, faits=list(perime.faits))
        return super().load(genre, cles)


class Production:
    """The writer of production on a database of its own. ``passe``: what the next batches see of the past."""

    def __init__(self, dossier: Path) -> None:
        self.base = dossier / "production.db"
        self.moteur = open_base(self.base, MODELES)
        self.passe: Iterator[Objet] = iter(())
        self.lots = 0
        with self.moteur.begin() as connexion:
            plume = take_lead(connexion, "production", "essai")
        # Each batch has its own instant, so that rows tell which batch wrote them.
        horloge = count(read_clock())
        self.ecrivain = Ecrivain(
            "production", self.moteur, plume, self._open, lambda: next(horloge), lot_max=100
        )  # fmt: skip

    def _open(self, connexion: Connection, maintenant: int) -> Lot:
        self.lots += 1
        return LotEnRetard(connexion, maintenant, self.passe)

    def submit(self, *bruts: Brut) -> "Future[list[Verdict]]":
        """Hand events to the writer."""
        return self.ecrivain.submit([receive(b) for b in bruts])

    def take(self, *bruts: Brut) -> list[Verdict]:
        """Give events their effect."""
        return self.submit(*bruts).result()

    def look(self, piece: str) -> Objet:
        """A piece as it is kept now."""
        with self.moteur.begin() as connexion:
            return Lot("production", DECIDEURS, connexion, 0).load(PIECE, [f"091|{piece}"])[0]

    def movements(self) -> list[tuple[Any, Any]]:
        """``avant`` and ``apres`` of each movement of the log, in order."""
        lignes = query(self.base, "SELECT octets FROM journal WHERE type LIKE '%mouvement%' ORDER BY position")
        datas = [msgspec.json.decode(octets)["data"] for (octets,) in lignes]
        return [(d["avant"], d["apres"]) for d in datas]


@pytest.fixture
def production(tmp_path: Path) -> Iterator[Production]:
    ouverte = Production(tmp_path)
    yield ouverte
    ouverte.ecrivain.stop()
    ouverte.moteur.dispose()


@pytest.fixture
def maison(tmp_path: Path) -> Iterator[Maison]:
    with open_house(Reglages(tmp_path)) as ouverte:
        yield ouverte


def test_a_batch_that_started_from_an_old_state_is_decided_again_on_the_new_one(production: Production) -> None:
    production.ecrivain.start()
    production.take(arrivee("P-1", "2023-01-02T10:00:00Z"))
    perime = production.look("P-1")
    production.take(fait("piece.suspendue", "2023-01-04T10:00:00Z", piece="P-1", dossier="D-P-1"))
    production.lots, production.passe = 0, iter([perime])
    assert production.take(traitee("P-1", "2023-01-12T10:00:00Z")) == [ACCEPTE]
    assert production.lots == 2
    piece = production.look("P-1")
    assert (piece.version, len(piece.faits)) == (3, 3)
    mouvements = production.movements()
    assert [avant for avant, _ in mouvements] == [None, *(apres for _, apres in mouvements[:-1])]
    assert mouvements[-1][1]["jours_attente"] == 8


def test_rows_that_change_under_every_attempt_give_up_without_a_trace(production: Production) -> None:
    production.ecrivain.start()
    production.take(arrivee("P-1"))
    perime = production.look("P-1")
    production.take(fait("piece.suspendue", "2023-01-04T10:00:00Z", piece="P-1", dossier="D-P-1"))
    production.passe = repeat(perime)
    with pytest.raises(Indisponible, match="réessayer"):
        production.take(traitee("P-1"))
    assert production.look("P-1").version == 2
    assert query(production.base, "SELECT count(*) FROM boite") == [(2,)]
    production.passe = iter(())
    assert production.take(traitee("P-1")) == [ACCEPTE]


def test_whoever_is_answered_can_read_the_effect(production: Production) -> None:
    lu: Future[Any] = Future()
    futur = production.submit(arrivee("P-1"))
    futur.add_done_callback(lambda _: lu.set_result(query(production.base, "SELECT count(*) FROM piece")))
    production.ecrivain.start()
    assert futur.result() == [ACCEPTE]
    assert lu.result() == [(1,)]


def test_what_waits_together_is_committed_together(production: Production) -> None:
    futurs = [production.submit(arrivee(f"P-{n}")) for n in range(20)]
    production.ecrivain.start()
    assert [f.result() for f in futurs] == [[ACCEPTE]] * 20
    assert query(production.base, "SELECT count(DISTINCT enregistre_le), count(*) FROM journal") == [(1, 40)]


def test_a_fact_that_comes_late_takes_its_place_in_time(maison: Maison) -> None:
    deposit(maison, traitee("P-1", "2023-01-12T10:00:00Z"), arrivee("P-1", "2023-01-02T10:00:00Z"))
    deposit(maison, fait("piece.rouverte", "2023-01-11T10:00:00Z", piece="P-1", dossier="D-P-1"))
    assert value(maison, "PIECES-TRAITEES") == 1


def test_what_is_committed_survives_a_power_cut(maison: Maison) -> None:
    moteurs = [maison.indicateurs.moteur, *(s.ecriture for s in maison.services.values())]
    for moteur in moteurs:
        with moteur.connect() as connexion:
            reglages = [connexion.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("synchronous", "journal_mode")]
        assert reglages == [2, "wal"], moteur.url


def test_the_first_content_of_an_id_stands(maison: Maison) -> None:
    premier, autre = arrivee("P-1", id="E-1"), arrivee("P-2", id="E-1")
    assert deposit(maison, premier, premier, autre) == ["accepte", "doublon", "refuse"]
    assert deposit(maison, autre, premier) == ["refuse", "doublon"]
    assert value(maison, "PIECES-ARRIVEES") == 1
    # An id is taken within the service that owns the type.
    contact = fait("contact.recu", "2023-01-02T10:00:00Z", id="E-1", contact="C", canal="chat", nature="dossier")
    assert deposit(maison, contact) == ["accepte"]


def test_an_event_that_the_database_refuses_is_parked_alone(maison: Maison) -> None:
    base = maison.reglages.base("production")
    execute(base, REFUSE_P7)
    assert deposit(maison, *(arrivee(f"P-{n}") for n in range(16)), traitee("P-7")) == ["accepte"] * 17
    assert value(maison, "PIECES-ARRIVEES") == 15
    lettres = list_all(maison.services)
    assert [(lettre.objet, lettre.motif) for lettre in lettres] == [("P-7", "refuse_a_l_enregistrement")] * 2
    json = {"datacontenttype": "application/json"}
    assert [msgspec.json.decode(lettre.evenement) for lettre in lettres] == [
        arrivee("P-7") | json, traitee("P-7") | json,
    ]  # fmt: skip
    assert deposit(maison, arrivee("P-7")) == ["doublon"]
    assert len(list_all(maison.services)) == 2


def test_a_parked_event_is_replayed_once_what_refused_it_is_gone(maison: Maison) -> None:
    base, production = maison.reglages.base("production"), maison.services["production"]
    execute(base, REFUSE_P7)
    deposit(maison, arrivee("P-6"), arrivee("P-7"))
    numero = list_all(maison.services)[0].numero
    with pytest.raises(ToujoursRefusee, match="reste ouverte"):
        replay_one(production, numero, essai=False)
    assert value(maison, "PIECES-ARRIVEES") == 1
    execute(base, "DROP TRIGGER refuse")
    assert replay_one(production, numero, essai=True).effet == "possible"
    assert len(list_all(maison.services)) == 1
    assert replay_one(production, numero, essai=False).effet == "applique"
    assert list_all(maison.services) == []
    assert value(maison, "PIECES-ARRIVEES") == 2
    assert maison.indicateurs.rebuild().egal


def test_a_replay_and_an_event_of_the_same_object_share_a_commit(maison: Maison) -> None:
    base, production = maison.reglages.base("production"), maison.services["production"]
    execute(base, REFUSE_P7)
    deposit(maison, arrivee("P-7"))
    execute(base, "DROP TRIGGER refuse")
    numero = list_all(maison.services)[0].numero
    verrou = open_sqlite(base, ecriture=True)
    with verrou.begin():
        # While another holds the database the writer is busy with the first batch, and the two others wait together.
        futurs = [production.submit([receive(arrivee("P-1"))])]
        futurs.append(production.submit([receive(traitee("P-7"))]))
        rejeu = production.ecrivain.order(lambda lot: replay(lot, numero, essai=False).effet)
    verrou.dispose()
    assert [f.result() for f in futurs] == [[ACCEPTE], [ACCEPTE]]
    assert rejeu.result() == "applique"
    assert value(maison, "PIECES-TRAITEES") == 1


def test_a_database_that_somebody_else_holds_is_busy_for_now(maison: Maison) -> None:
    production = maison.services["production"]
    # The writer would wait ten seconds for the lock: on the one connection that it has, it gives up at once.
    with closing(production.ecriture.raw_connection()) as connexion:
        connexion.cursor().execute("PRAGMA busy_timeout=1")
    verrou = open_sqlite(maison.reglages.base("production"), ecriture=True)
    with verrou.begin(), pytest.raises(Indisponible, match="occupée : réessayer"):
        deposit(maison, arrivee("P-1"))
    verrou.dispose()
    assert deposit(maison, arrivee("P-1")) == ["accepte"]
    assert value(maison, "PIECES-ARRIVEES") == 1


def test_a_failure_of_the_program_reaches_its_caller_alone(maison: Maison, monkeypatch: pytest.MonkeyPatch) -> None:
    reduce = GenrePiece.reduce

    def fail_on_p7(genre: GenrePiece, objet: Objet) -> Etat:
        if objet.id == "P-7":
            raise KeyError("un cas que personne n'avait prévu")
        return reduce(genre, objet)

    monkeypatch.setattr(GenrePiece, "reduce", fail_on_p7)
    production = maison.services["production"]
    futurs = [production.submit([receive(arrivee(f"P-{n}"))]) for n in range(6, 9)]
    assert futurs[0].result() == futurs[2].result() == [ACCEPTE]
    with pytest.raises(KeyError):
        futurs[1].result()
    monkeypatch.undo()
    assert deposit(maison, arrivee("P-6"), arrivee("P-7")) == ["doublon", "accepte"]
    assert value(maison, "PIECES-ARRIVEES") == 3
