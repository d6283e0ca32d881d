"""A work queue on a real service: stays in corbeilles are stated by facts, and the clock is set by hand."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from fastapi import FastAPI, Request, Response
from sqlalchemy import event, select

from shared.base import create_tables, open_postgres
from shared.corbeille.endpoints import router
from shared.corbeille.lecture import EtatTravail
from shared.corbeille.regles import ISSUES_APPEL, ISSUES_NOTIFICATION, Definition, Item
from shared.corbeille.service import Corbeilles, Pris, Talon
from shared.corbeille.tables import Travail
from shared.corbeille.veille import Veille
from shared.events.porte import Recu, judge
from shared.events.travail import PUBLIES
from shared.migrations import upgrade
from shared.reglages import Reglages
from shared.runtime.ecrivain import Refuse
from shared.runtime.journal import JOURNAL
from shared.runtime.objets import Etat, Genre, LigneObjet, Objet
from shared.runtime.service import open_service
from shared.temps import HEURE, SECONDE, from_datetime, parse_instant, to_jour, write_instant
from shared.web import problemes

T = TypeVar("T")
DEBUT: Final = parse_instant("2024-03-05T08:00:00Z")
"""Nine in the morning of a Tuesday, in Paris."""
JOUR: Final = to_jour(DEBUT)
CORBEILLES: Final = (
    Definition("a_notifier", "À notifier", ISSUES_NOTIFICATION),
    Definition("retard_1_mois", "Retard d'un mois", ISSUES_APPEL),
    Definition("retard_2_mois", "Retard de deux mois", ISSUES_APPEL),
)


class Horloge:
    """A clock that moves when told, and by ``pas`` ns each time it is read."""

    def __init__(self, pas: int = 0) -> None:
        self._verrou = Lock()
        self._instant = DEBUT
        self._pas = pas

    def __call__(self) -> int:
        with self._verrou:
            self._instant += self._pas
            return self._instant

    def advance(self, secondes: float) -> None:
        """Time passes."""
        with self._verrou:
            self._instant += int(secondes * SECONDE)

    def set(self, texte: str) -> None:
        """It is this instant (ISO 8601)."""
        with self._verrou:
            self._instant = from_datetime(datetime.fromisoformat(texte))


class LigneAtelier(LigneObjet, table=True):
    """The objects of the workshop."""

    __tablename__ = "objet_atelier"


class GenreAtelier(Genre):
    """An object whose last fact says, in its free text, in which corbeilles it is."""

    nom = "atelier"
    modele = LigneAtelier

    def reduce(self, objet: Objet) -> Etat:
        """See ``Genre.reduce``."""
        fait = objet.faits[-1]
        return Etat(fait.dossier, {}, travaux=_read_stays(fait.data.origine))


def stay(
    corbeille: str = "retard_1_mois",
    *,
    du: int = 0,
    au: int | None = None,
    priorite: int = 1,
    echeance: int = 30,
    depuis: int = 0,
    montant: int = 10_000,
) -> Travail:
    """A stay in a corbeille; days are counted from the first day of the workshop."""
    return Travail(
        corbeille, JOUR + du, None if au is None else JOUR + au, priorite, JOUR + echeance, JOUR + depuis, montant
    )


def _write_stays(sejours: Sequence[Travail]) -> str:
    return msgspec.json.encode(list(sejours)).decode()


def _read_stays(texte: str) -> list[Travail]:
    return msgspec.json.decode(texte, type=list[Travail])


def rank(item: Item, today: int) -> tuple[int, str]:
    """Rank by days left, as a service would give it."""
    return item.echeance - today, f"{item.echeance - today} jours avant l'échéance"


class Trace(NamedTuple):
    """An event of the queue in the log."""

    type: str
    id: str
    subject: str
    caf: str
    time: str
    data: Any


class Atelier:
    """A work queue and what tests do with it. ``base``: address of an empty PostgreSQL database, or of that of another
    workshop, which it then shares."""

    def __init__(
        self,
        dossier: Path,
        horloge: Horloge | None = None,
        notify: Callable[[], None] = lambda: None,
        base: str | None = None,
    ) -> None:
        self.horloge = horloge or Horloge()
        self.veille = Veille()
        self._notify = notify
        self.faits = 0
        if base:
            _create_base(base)
        self.service = open_service(
            "recovery",
            Reglages(dossier, clock=self.horloge, bases={"recovery": base} if base else {}),
            {"fr.caf.indu.constate.v1": GenreAtelier()},
            (LigneAtelier,),
            self._ring,
        )
        self.corbeilles = Corbeilles(self.service, CORBEILLES, rank, self.veille)

    def _ring(self) -> None:
        self.veille.ring()
        self._notify()

    def close(self) -> None:
        """Stop the service."""
        self.veille.close()
        self.service.close()

    @contextmanager
    def looks(self) -> Iterator[asyncio.Event]:
        """An event of the running loop, set when somebody has read the database of the service."""
        lu, boucle = asyncio.Event(), asyncio.get_running_loop()

        def tell(*_: object) -> None:
            boucle.call_soon_threadsafe(lu.set)

        event.listen(self.service.lecture, "checkin", tell)
        try:
            yield lu
        finally:
            event.remove(self.service.lecture, "checkin", tell)

    def put(self, objet: str, *sejours: Travail, caf: str = "091") -> None:
        """A fact says that the object is in these corbeilles, and in no other."""
        self.put_all([(objet, sejours)], caf=caf)

    def put_all(self, objets: Sequence[tuple[str, Sequence[Travail]]], caf: str = "091") -> None:
        """Facts say where these objects are."""
        verdicts = self.service.submit([self._fact(objet, sejours, caf) for objet, sejours in objets]).result()
        assert {v.sort for v in verdicts} == {"accepte"}

    def _fact(self, objet: str, sejours: Sequence[Travail], caf: str) -> Recu:
        self.faits += 1
        recu = judge(
            msgspec.json.encode(
                {
                    "specversion": "1.0",
                    "id": f"fait-{self.faits}",
                    "source": "/atelier",
                    "type": "fr.caf.indu.constate.v1",
                    "subject": f"D-{objet}",
                    "time": write_instant(DEBUT),
                    "caf": caf,
                    "data": {
                        "creance": objet,
                        "prestation": "rsa",
                        "montant_centimes": 1,
                        "cause": "fraude",
                        "constate_le": write_instant(DEBUT - HEURE + self.faits * 1_000_000),
                        "debiteur": "allocataire",
                        "origine": _write_stays(sejours),
                    },
                }
            ),
            DEBUT,
        )
        assert isinstance(recu, Recu), recu
        return recu

    def claim(self, titulaire: str = "poste-1", corbeille: str = "retard_1_mois", **options: Any) -> Pris | None:
        """Take the best item."""
        return self.corbeilles.claim(corbeille, titulaire, **options).result()

    def must_claim(self, titulaire: str = "poste-1", corbeille: str = "retard_1_mois", **options: Any) -> Pris:
        """Take the best item: there is one."""
        pris = self.claim(titulaire, corbeille, **options)
        assert pris is not None
        return pris

    def states(self, corbeille: str = "retard_1_mois", **filtre: Any) -> dict[str, EtatTravail]:
        """The objects of a corbeille in their order, and what each does."""
        rangees, suivant = self.corbeilles.page(corbeille, limite=200, **filtre)
        assert suivant is None
        return {r.ligne.item.objet: r.ligne.etat for r in rangees}

    def traces(self) -> list[Trace]:
        """What the queue has written in the log, in order."""
        requete = select(JOURNAL.c.octets).where(JOURNAL.c.type.in_(list(PUBLIES))).order_by(JOURNAL.c.id)
        with self.service.lecture.connect() as connexion:
            bruts = [msgspec.json.decode(o) for o in connexion.execute(requete).scalars()]
        return [Trace(b["type"], b["id"], b["subject"], b["caf"], b["time"], b["data"]) for b in bruts]

    def gestures(self) -> list[tuple[str, str]]:
        """(gesture, object) of each event of the queue, in order."""
        return [(t.type.split(".")[3], t.data["objet"]) for t in self.traces()]


def _create_base(url: str) -> None:
    upgrade("recovery", url)
    moteur = open_postgres(url, ecriture=True)
    create_tables(moteur, [LigneAtelier])
    moteur.dispose()


def create_app(atelier: Atelier) -> FastAPI:
    """The addresses of the work queue, and problems as the house tells them."""
    app = FastAPI()
    problemes.install_problems(app)
    app.add_exception_handler(Refuse, _tell_refusal)
    app.include_router(router({"recovery": atelier.corbeilles}))
    return app


async def _tell_refusal(_: Request, erreur: Exception) -> Response:
    assert isinstance(erreur, Refuse)
    return problemes.write_refusal(erreur.probleme, erreur.statut, str(erreur))


def talon(pris: Pris, **autres: Any) -> Talon:
    """What the holder of an item shows."""
    item = pris.item
    return Talon(**{"corbeille": item.corbeille, "caf": item.caf, "objet": item.objet, "jeton": pris.jeton, **autres})


def refusal(futur: "Future[Any]") -> str:
    """The problem of a command that is refused."""
    erreur = futur.exception()
    assert erreur is not None, "la commande est passée"
    return str(getattr(erreur, "probleme", erreur))
