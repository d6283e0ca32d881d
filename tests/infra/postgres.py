"""A real PostgreSQL."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from tests.infra.processus import Serveur, ServeurAbsent, unprivileged_user

PROGRAMMES = Path("/usr/lib/postgresql")
ROLE = "ecluse"
REGLAGES = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    # A crash of the server must lose nothing that it acknowledged.
    "fsync": "on",
    "synchronous_commit": "on",
    "log_min_messages": "warning",
    "log_timezone": "UTC",
}


class Postgres(Serveur):
    """A cluster of its own: text sorts as in French, which no code may take for the order of bytes."""

    nom = "postgres"
    # "Fast": clients are sent away. SIGTERM would wait for them.
    arret = signal.SIGINT
    # "Immediate": it takes its processes and its shared memory with it.
    orphelin = signal.SIGQUIT

    def __init__(self) -> None:
        self.programmes = programs()
        self._utilisateur = unprivileged_user()
        self._rangs = itertools.count(1)
        super().__init__()

    @property
    def url(self) -> str:
        """The maintenance database."""
        return self.url_of("postgres")

    def url_of(self, nom: str) -> str:
        """The address of a database of this server."""
        return f"postgresql://{ROLE}@127.0.0.1:{self.port}/{nom}"

    def create_database(self, nom: str = "base", modele: str | None = None) -> str:
        """The address of a new database, empty or copied from the one at the address ``modele``.

        ``nom``: what its name begins with; a number follows. Nothing may be connected to ``modele``.
        """
        base = f"{nom}_{next(self._rangs)}"
        origine = modele.rpartition("/")[2] if modele else "template0"
        self._execute("CREATE DATABASE {} TEMPLATE {}", base, origine)
        return self.url_of(base)

    def drop_database(self, url: str) -> None:
        """Delete a database and cut those connected to it."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", url.rpartition("/")[2])

    def terminate_backends(self, url: str) -> int:
        """Cut every connection to a database (``pg_terminate_backend``); how many there were."""
        with psycopg.connect(self.url, autocommit=True) as lien:
            coupes = lien.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [url.rpartition("/")[2]]
            )
            return len(coupes.fetchall())

    def prepare(self) -> None:
        if self._utilisateur:
            shutil.chown(self.dossier, self._utilisateur)
        fin = subprocess.run(
            [
                *self._guard(),
                self.programmes / "initdb",
                *("--pgdata", self.dossier / "base", "--username", ROLE, "--auth", "trust", "--encoding", "UTF8"),
                *("--locale", "C", "--locale-provider", "icu", "--icu-locale", "fr-FR"),
                *("--no-sync", "--no-instructions"),
            ],
            cwd=self.dossier,
            env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
            capture_output=True,
            text=True,
            check=False,
        )
        if fin.returncode:
            raise ServeurAbsent(f"initdb a échoué : {fin.stderr.strip()}")

    def command(self) -> Sequence[str | Path]:
        reglages = (mot for nom, valeur in REGLAGES.items() for mot in ("-c", f"{nom}={valeur}"))
        return [self.programmes / "postgres", "-D", self.dossier / "base", "-p", str(self.port), *reglages]

    def ask(self) -> None:
        with psycopg.connect(self.url, connect_timeout=5) as lien:
            lien.execute("SELECT 1")

    def _guard(self) -> list[str]:
        garde = super()._guard()
        if self._utilisateur:
            groupe = str(pwd.getpwnam(self._utilisateur).pw_gid)
            garde += ["--reuid", self._utilisateur, "--regid", groupe, "--clear-groups"]
        return garde

    def _execute(self, ordre: LiteralString, *noms: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as lien:
            lien.execute(sql.SQL(ordre).format(*map(sql.Identifier, noms)))


def programs() -> Path:
    """The folder of ``postgres`` and ``initdb``: Debian keeps them out of the path.

    Raises:
        ServeurAbsent: there are none.
    """
    dans_le_chemin = shutil.which("postgres")
    if dans_le_chemin:
        return Path(dans_le_chemin).resolve().parent
    versions = sorted(PROGRAMMES.glob("*/bin/postgres"), key=lambda chemin: int(chemin.parts[-3]))
    if not versions:
        raise ServeurAbsent("PostgreSQL absent : apt-get install postgresql")
    return versions[-1].parent
