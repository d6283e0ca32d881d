"""The durable spool: what it took is on disk when it says so, and stays until the destination has answered for it.

One SQLite file in one folder, which one process owns. Events leave in the order in which they came.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

from ecluse.dossier import Dossier, DossierInutilisable, own
from ecluse.emission.etat import Etat, Refuse, count, list_refused
from ecluse.emission.fichier import NOM_BASE, open_file, translated
from shared.events.porte import Recu, judge
from shared.pannes import crash_point, declare_point

AVANT_AJOUT: Final = declare_point("relais.ajout.avant_commit", "les événements sont écrits, pas encore durables")
APRES_AJOUT: Final = declare_point("relais.ajout.apres_commit", "les événements sont durables, l'appelant l'ignore")
AVANT_REGLEMENT: Final = declare_point("relais.reglement.avant_commit", "la réponse est notée, pas encore durable")
APRES_REGLEMENT: Final = declare_point("relais.reglement.apres_commit", "la réponse est notée et durable")


class Depot(NamedTuple):
    """A judged event and the bytes that its sender wrote: those are forwarded, the destination compares them."""

    recu: Recu
    octets: bytes


class Rendu(NamedTuple):
    """What the spool answers for one event: ``accepte``, ``doublon`` or ``refuse`` with the reason."""

    sort: str
    detail: str = ""
    id: str | None = None
    type: str | None = None


class EnAttente(NamedTuple):
    """A waiting event."""

    rang: int
    octets: bytes


class Spool:
    """The spool of an owned folder. Its methods may be called from several threads.

    Every method raises ``SpoolIndisponible`` when the file can not be used.
    """

    def __init__(self, dossier: Dossier, connexion: sqlite3.Connection) -> None:
        self.dossier = dossier
        self._connexion = connexion
        self._verrou = Lock()

    def append(self, depots: Sequence[Depot], maintenant: int) -> list[Rendu]:
        """Keep the events: they are on disk when this returns. Either all are kept or none.

        An event that waits already with the same content is a ``doublon``; with another content it is refused.
        """
        with self._transaction() as connexion:
            rendus = [_append_one(connexion, depot, maintenant) for depot in depots]
            crash_point(AVANT_AJOUT)
        crash_point(APRES_AJOUT)
        return rendus

    def read_next(self, nombre: int, octets: int) -> list[EnAttente]:
        """The first waiting events: at most ``nombre``, and ``octets`` bytes as a JSON array, but always one."""
        lot: list[EnAttente] = []
        taille = 1
        with self._reading() as connexion:
            for rang, evenement in connexion.execute(
                "SELECT rang, octets FROM attente ORDER BY rang LIMIT ?", (nombre,)
            ):
                taille += len(evenement) + 1
                if lot and taille > octets:
                    break
                lot.append(EnAttente(rang, evenement))
        return lot

    def settle(self, rangs: Sequence[int], refuses: Mapping[int, str], maintenant: int) -> None:
        """Let go of the events that the destination answered for; keep those of ``refuses`` (rank: reason) apart."""
        with self._transaction() as connexion:
            # Refused again, because its sender repeated it: told once.
            connexion.executemany(
                "DELETE FROM refuses WHERE (cle, octets) = (SELECT cle, octets FROM attente WHERE rang = ?)",
                [(rang,) for rang in refuses],
            )
            connexion.executemany(
                "INSERT INTO refuses SELECT rang, cle, id, type, octets, recu_le, ?, ? FROM attente WHERE rang = ?",
                [(detail, maintenant, rang) for rang, detail in refuses.items()],
            )
            connexion.executemany("DELETE FROM attente WHERE rang = ?", [(rang,) for rang in rangs])
            connexion.execute("UPDATE suivi SET erreur = NULL, erreur_le = NULL, repondu_le = ?", (maintenant,))
            crash_point(AVANT_REGLEMENT)
        crash_point(APRES_REGLEMENT)

    def note_error(self, detail: str, maintenant: int) -> None:
        """Remember why the destination does not answer for what waits."""
        with self._transaction() as connexion:
            connexion.execute("UPDATE suivi SET erreur = ?, erreur_le = ?", (detail, maintenant))

    def is_empty(self) -> bool:
        """Whether nothing waits."""
        with self._reading() as connexion:
            return connexion.execute("SELECT 1 FROM attente LIMIT 1").fetchone() is None

    def read_state(self) -> Etat:
        """Where the spool stands."""
        with self._reading() as connexion:
            return count(connexion)

    def read_refused(self, limite: int) -> list[Refuse]:
        """The first refused events, oldest first."""
        with self._reading() as connexion:
            return list_refused(connexion, limite)

    def resume_refused(self, rangs: Iterable[int] | None) -> int:
        """Put refused events (None: all) back at the end of the spool; how many. One whose id waits already stays."""
        with self._transaction() as connexion:
            choisis = _choose(connexion, rangs)
            repris = [r for r in choisis if _resume_one(connexion, r)]
        return len(repris)

    def forget_refused(self, rangs: Iterable[int] | None) -> int:
        """Erase refused events (None: all) for good; how many."""
        with self._transaction() as connexion:
            choisis = _choose(connexion, rangs)
            connexion.executemany("DELETE FROM refuses WHERE rang = ?", [(r,) for r in choisis])
        return len(choisis)

    def close(self) -> None:
        """Close the file and give the folder back. What waits leaves at the next opening."""
        with self._verrou:
            self._connexion.close()
        self.dossier.release()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._verrou, translated():
            yield self._connexion

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._verrou, translated():
            self._connexion.execute("BEGIN IMMEDIATE")
            try:
                yield self._connexion
                self._connexion.execute("COMMIT")
            except BaseException:
                if self._connexion.in_transaction:
                    self._connexion.execute("ROLLBACK")
                raise


def open_spool(chemin: Path, *, pages_max: int = 0) -> Spool:
    """Take the folder, created if absent, and open its spool; ``pages_max`` caps the file (pages of 4 096 bytes).

    Raises ``DossierOccupe`` or ``DossierInutilisable``.
    """
    dossier = own(chemin)
    try:
        return Spool(dossier, open_file(chemin, pages_max))
    except (sqlite3.DatabaseError, OSError) as erreur:
        dossier.release()
        raise DossierInutilisable(f"le spool {chemin / NOM_BASE} ne s'ouvre pas ({erreur})") from erreur
    except DossierInutilisable:
        dossier.release()
        raise


def _append_one(connexion: sqlite3.Connection, depot: Depot, maintenant: int) -> Rendu:
    recu = depot.recu
    # A pair (source, id) is unique within the service that owns the type.
    cle = f"{recu.type.service}|{recu.cle}"
    nouveau = connexion.execute(
        "INSERT OR IGNORE INTO attente (cle, id, type, octets, recu_le) VALUES (?, ?, ?, ?, ?)",
        (cle, recu.id, recu.type.type, depot.octets, maintenant),
    ).rowcount
    if nouveau:
        return Rendu("accepte")
    (octets,) = connexion.execute("SELECT octets FROM attente WHERE cle = ?", (cle,)).fetchone()
    # Judged again rather than remembered: what fingerprints are made of may change while an event waits.
    premier = judge(octets, maintenant)
    if isinstance(premier, Recu) and premier.empreinte == recu.empreinte:
        return Rendu("doublon")
    return Rendu(
        "refuse",
        "un événement de même source et de même id attend déjà d'être transmis, avec un autre contenu : "
        "donner un nouvel id à la correction",
        recu.id,
        recu.type.type,
    )


def _choose(connexion: sqlite3.Connection, rangs: Iterable[int] | None) -> list[int]:
    tous = [rang for (rang,) in connexion.execute("SELECT rang FROM refuses ORDER BY rang")]
    if rangs is None:
        return tous
    voulus = set(rangs)
    return [rang for rang in tous if rang in voulus]


def _resume_one(connexion: sqlite3.Connection, rang: int) -> bool:
    repris = connexion.execute(
        "INSERT OR IGNORE INTO attente (cle, id, type, octets, recu_le) "
        "SELECT cle, id, type, octets, recu_le FROM refuses WHERE rang = ?",
        (rang,),
    ).rowcount
    if repris:
        connexion.execute("DELETE FROM refuses WHERE rang = ?", (rang,))
    return bool(repris)
