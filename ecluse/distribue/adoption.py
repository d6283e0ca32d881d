"""``ecluse topics adopter``: a service goes on with the topics as they are now, once a person has judged.

Nothing is changed before the caller says so, while a process of the service runs, or after its seat was lost.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Final, cast
from uuid import uuid4

from sqlalchemy import Connection, Engine, delete, text, update
from sqlalchemy.exc import DBAPIError

from ecluse.distribue import variables as v
from ecluse.distribue.courtier import courtier_of
from ecluse.distribue.reglages import ReglageFaux, missing, read_one
from services.indicators import store
from shared.base import open_postgres
from shared.bus.adoption import Surplus, adopt, examine, read_bases, save_surplus
from shared.bus.courtier import Courtier
from shared.bus.siege import Siege
from shared.bus.sujets import way_back
from shared.events.base import Service
from shared.events.catalogue import SERVICES
from shared.migrations import prepare_base
from shared.runtime.journal import Evince
from shared.runtime.presence import VALABLE, count_present
from shared.runtime.reperes import POINT, REPERE

INDICATEURS: Final = "indicators"
# How long the person may take to answer (seconds).
_REFLEXION: Final = 600
_REGARD: Final = 0.5


class AdoptionRefusee(Exception):
    """Nothing was changed; the message says why and what to do."""


@dataclass(frozen=True)
class Proposition:
    """What would be done, in French lines; none: nothing has to change. ``suite``: what the person does afterwards.

    ``accept`` does it, all or nothing. Raises ``AdoptionRefusee``.
    """

    dit: Sequence[str]
    suite: str
    accept: Callable[[], None]


@contextmanager
def open_adoption(environ: Mapping[str, str], service: str, *, refaire: bool = False) -> Iterator[Proposition]:
    """What the adoption of a service means; the context keeps its workers from working until it ends.

    ``refaire`` (indicators): the figures start again from nothing. Raises ``AdoptionRefusee``, ``Arret`` for what may
    not be adopted, ``ReglageFaux``, ``BaseInutilisable``, ``CourtierInjoignable``, ``SujetRefuse``.
    """
    with _open_base(environ, service) as moteur, _reached():
        if service == INDICATEURS:
            yield _propose_for_indicators(moteur, refaire=refaire)
            return
        nom = cast("Service", service)
        courtier = courtier_of(environ)
        with _seat(moteur, nom) as siege:
            yield _propose(siege, courtier, nom)


def keep_surplus(environ: Mapping[str, str], service: Service, write: Callable[[bytes], object]) -> Surplus:
    """See ``save_surplus``; nothing is changed, whoever runs. Raises as ``open_adoption``."""
    courtier = courtier_of(environ)
    with _open_base(environ, service) as moteur, _reached(), moteur.connect() as connexion:
        bases = read_bases(connexion, service)
    return save_surplus(courtier, service, bases.connu, write)


@contextmanager
def _open_base(environ: Mapping[str, str], service: str) -> Iterator[Engine]:
    adresse = read_one(environ, v.BASE)
    if adresse is None:
        raise ReglageFaux(missing(v.BASE))
    moteur = open_postgres(adresse.reveal(), ecriture=True)
    try:
        prepare_base(moteur, service, ())
        yield moteur
    finally:
        moteur.dispose()


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, Evince) as erreur:
        raise AdoptionRefusee(
            f"la base ne répond plus ({type(erreur).__name__}) : rien n'a changé, relancer la commande"
        ) from erreur


@contextmanager
def _seat(moteur: Engine, service: Service) -> Iterator[Siege]:
    """The seat of the publisher, with no worker at work. Raises ``AdoptionRefusee``."""
    fin = monotonic() + VALABLE + _REGARD
    siege = Siege(moteur, service, _REFLEXION)
    try:
        # One that has just ended is still told of for a moment.
        while not (siege.take() and _is_quiet(siege)):
            siege.leave()
            if monotonic() > fin:
                raise AdoptionRefusee(_working(service))
            sleep(_REGARD)
        yield siege
    finally:
        siege.leave()


def _is_quiet(siege: Siege) -> bool:
    with siege.transaction() as connexion:
        return count_present(connexion) == 0


def _working(service: str) -> str:
    return (
        f"un worker de {service} tourne : refusé, rien n'a changé. Arrêter tous les workers de {service} (ses API "
        f"peuvent rester), puis relancer {way_back(service)}"
    )


def _propose(siege: Siege, courtier: Courtier, service: Service) -> Proposition:
    with siege.transaction() as connexion:
        bases = read_bases(connexion, service)
    adoption = examine(courtier, service, bases)

    def accept() -> None:
        with _reached(), siege.transaction() as connexion:
            if count_present(connexion):
                raise AdoptionRefusee(_working(service))
            adopt(connexion, service, adoption)

    suite = f"Relancer les workers de {service}."
    if adoption.journal:
        suite += f" Si les indicateurs se sont arrêtés sur ce journal : les arrêter, {way_back(INDICATEURS)}, relancer."
    return Proposition(adoption.dit, suite, accept)


def _propose_for_indicators(moteur: Engine, *, refaire: bool) -> Proposition:
    geste = _start_over if refaire else _read_again

    def accept() -> None:
        with _reached(), moteur.begin() as connexion:
            _refuse_others(connexion)
            geste(connexion)

    with moteur.begin() as connexion:
        _refuse_others(connexion)
    dit = (
        "les chiffres et leurs repères seront effacés, puis refaits des journaux tels qu'ils sont dans Kafka. Ce que "
        "ces journaux n'ont plus disparaît des chiffres. Jusqu'à la fin de la relecture, ils sont incomplets et "
        "montrés « pas à jour »."
        if refaire
        else "les journaux seront relus depuis leur début dans Kafka. Rien n'est perdu ni compté deux fois : ce qui "
        "est déjà dans les chiffres est reconnu, ils restent servis pendant la relecture."
    )
    return Proposition([dit], "Relancer les processus des indicateurs.", accept)


def _refuse_others(connexion: Connection) -> None:
    """Every process of the indicators keeps watermarks in memory. Raises ``AdoptionRefusee``."""
    autres = connexion.execute(
        text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
    ).scalar_one()
    if autres:
        raise AdoptionRefusee(
            f"la base des indicateurs a {autres} autres connexions : refusé, rien n'a changé. Arrêter tous les "
            f"processus des indicateurs (API et workers), puis relancer {way_back(INDICATEURS)}"
        )


def _read_again(connexion: Connection) -> None:
    repere = REPERE.c.consommateur == INDICATEURS
    connexion.execute(update(REPERE).where(repere, REPERE.c.source.in_(SERVICES)).values(offset=0))
    # Whoever still keeps the checkpoint of before in memory is told that it is not the last one.
    connexion.execute(update(REPERE).where(repere, REPERE.c.source == POINT).values(marque=uuid4().hex))


def _start_over(connexion: Connection) -> None:
    store.erase(connexion)
    connexion.execute(delete(REPERE))
