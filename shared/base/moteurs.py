"""Engines: a SQLite file or a PostgreSQL database, for one writer or for readers."""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError

from shared.base.refus import BaseInutilisable
from shared.reglages import Reglages

# Of a statement, of a wait for a lock, of a transaction that nobody carries on (ms).
_REQUETE_MAX: Final = 45_000
_VERROU_MAX: Final = 5_000
_INACTIVE_MAX: Final = 60_000
# One that writes holds locks: if its process is suspended, those that wait for them must go on well before their
# watchdogs take them for stuck.
_ECRITURE_INACTIVE_MAX: Final = 15_000
# How long a client waits for a word of the server (seconds): more than a statement takes, less than the watchdog waits.
SILENCE_MAX: Final = 50.0
_LECTEURS: Final = 10


def open_engine(reglages: Reglages, service: str, *, ecriture: bool = False) -> Engine:
    """An engine on the database of a service: PostgreSQL where the settings give its address, else its file."""
    url = reglages.bases.get(service)
    if url is not None:
        return open_postgres(url, ecriture=ecriture)
    return open_sqlite(reglages.base(service), pages_max=reglages.pages_max if ecriture else 0, ecriture=ecriture)


def open_sqlite(chemin: Path, *, pages_max: int = 0, ecriture: bool = False) -> Engine:
    """An engine on a SQLite file: WAL and ``synchronous=FULL``, so that what is committed survives a power cut."""
    if not chemin.exists():
        # Rows hold pseudonyms: nobody else reads them. The files that SQLite adds beside take the same mode.
        chemin.touch(0o600)
    moteur = create_engine(
        f"sqlite:///{chemin}",
        connect_args={"check_same_thread": False, "timeout": 10.0},
        # The text of an error goes to logs: it never holds what the rows hold.
        hide_parameters=True,
    )

    @event.listens_for(moteur, "connect")
    def _connect(connexion: Any, _: object) -> None:
        # Transactions are opened by hand (see _begin): the driver's own rule opens them too late.
        connexion.isolation_level = None
        # Rows are near a kilobyte, and most of a commit is the pages that it touches.
        connexion.execute("PRAGMA page_size=8192")
        # The writer touches pages everywhere; a reader asks few of them, and there are several readers.
        cache = "cache_size=-32768" if ecriture else "cache_size=-4096"
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", cache):
            connexion.execute(f"PRAGMA {pragma}")
        connexion.execute("PRAGMA wal_autocheckpoint=4000")
        if pages_max:
            connexion.execute(f"PRAGMA max_page_count={pages_max}")

    @event.listens_for(moteur, "begin")
    def _begin(connexion: Connection) -> None:
        connexion.exec_driver_sql("BEGIN IMMEDIATE" if ecriture else "BEGIN")

    return moteur


def open_postgres(url: str, *, ecriture: bool = False, silence: float | None = SILENCE_MAX) -> Engine:
    """An engine on a PostgreSQL database (``postgresql://…``). Raises ``BaseInutilisable`` for another address.

    A writer reads what others have committed (READ COMMITTED: the recipe locks and compares versions); a reader sees
    one moment for as long as its transaction lasts, and writes nothing. ``silence``: seconds without a word of the
    server after which a connection is given up; None where statements take as long as they need.
    """
    adresse = _read_address(url)
    options = {
        "statement_timeout": _REQUETE_MAX,
        "lock_timeout": _VERROU_MAX,
        "idle_in_transaction_session_timeout": _ECRITURE_INACTIVE_MAX if ecriture else _INACTIVE_MAX,
        "synchronous_commit": "on",
        # A plan that was kept would read a young table from end to end, longer each second, until it is analysed.
        "plan_cache_mode": "force_custom_plan",
        # Keys are looked up in pages that are in memory, or on a disk that does not turn.
        "random_page_cost": "1.1",
    }
    moteur = _create(
        adresse,
        connect_args={
            "connect_timeout": 5,
            "client_encoding": "utf8",
            "options": " ".join(f"-c {nom}={valeur}" for nom, valeur in options.items()),
            # A server that vanished without a word is noticed in seconds.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        },
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=2 if ecriture else _LECTEURS,
        isolation_level="READ COMMITTED" if ecriture else "REPEATABLE READ",
        execution_options={} if ecriture else {"postgresql_readonly": True},
    )
    # Here: the embedded mode does without this driver.
    from shared.base.attente import opener

    event.listen(moteur, "do_connect", opener(silence))
    event.listen(moteur, "handle_error", _hide_values)
    return moteur


def _create(adresse: URL, **options: Any) -> Engine:
    try:
        return create_engine(adresse, **options)
    except ModuleNotFoundError as absent:
        raise BaseInutilisable(
            f"le mode réparti n'est pas installé (module {absent.name}) : pip install 'ecluse[distribue]'"
        ) from None


def _read_address(url: str) -> URL:
    try:
        adresse = make_url(url)
    except ArgumentError:
        adresse = None
    if adresse is None or adresse.get_backend_name() != "postgresql" or not adresse.database:
        # The address may hold a password: it is not repeated.
        raise BaseInutilisable(
            "l'adresse de la base n'est pas celle d'une base PostgreSQL : forme attendue "
            "« postgresql://utilisateur@machine:5432/base »"
        )
    return adresse.set(drivername="postgresql+psycopg")


def _hide_values(contexte: ExceptionContext) -> None:
    """The server adds to its message the values of the row at fault: the text of an error never holds them."""
    origine: Any = contexte.original_exception
    principal = getattr(getattr(origine, "diag", None), "message_primary", None)
    if principal is not None and contexte.sqlalchemy_exception is not None:
        origine.args = (principal,)
        contexte.sqlalchemy_exception.args = (f"({type(origine).__name__}) {principal}",)
