"""The data folder: one process owns it, and leaves in it what local tools need to find that process."""

import fcntl
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from shared.systeme import explain_os

# What closes a folder for good, and says why.
FERME: Final = "ferme"


class DossierInutilisable(Exception):
    """The folder can not be used: the message says why, in one line."""


class DossierOccupe(DossierInutilisable):
    """Another process owns the folder. ``url``: where it answers, when it serves."""

    def __init__(self, dossier: Path, pid: int | None, url: str | None) -> None:
        qui = f" (processus {pid})" if pid else ""
        super().__init__(
            f"le dossier {dossier} est déjà utilisé par un autre Écluse{qui} : l'arrêter, ou en choisir un autre"
        )
        self.url = url


@dataclass
class Dossier:
    """An owned data folder; leaving the context gives it back."""

    chemin: Path
    _verrou: IO[str]

    def announce(self, url: str) -> None:
        """Say where this process answers."""
        _write_owner(self._verrou, url)

    @property
    def jeton(self) -> str:
        """The local token, created on first use, readable by the owner of the folder only."""
        fichier = self.chemin / "local-token"
        if not fichier.exists() or not fichier.read_text().strip():
            # Written aside and moved: whoever reads it finds a whole token, or none.
            brouillon = self.chemin / "local-token.nouveau"
            brouillon.unlink(missing_ok=True)
            descripteur = os.open(brouillon, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descripteur, "w") as sortie:
                sortie.write(secrets.token_urlsafe(32) + "\n")
            brouillon.replace(fichier)
        return fichier.read_text().strip()

    def close_for_good(self, raison: str) -> None:
        """Nobody opens this folder any more: what it holds goes on elsewhere."""
        (self.chemin / FERME).write_text(f"{raison}\n")

    def release(self) -> None:
        """Give the folder back."""
        self._verrou.truncate(0)
        self._verrou.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.release()


def own(chemin: Path) -> Dossier:
    """Take the folder, created if absent. Raises ``DossierOccupe`` or ``DossierInutilisable``."""
    try:
        # Rows hold pseudonyms: a folder of ours is for its owner alone; one that was there keeps its mode.
        chemin.mkdir(0o700, parents=True, exist_ok=True)
        verrou = (chemin / "verrou").open("a+")
    except OSError as erreur:
        raise DossierInutilisable(
            f"impossible d'écrire dans le dossier {chemin} ({explain_os(erreur)}) : "
            "corriger les droits ou choisir un autre dossier"
        ) from erreur
    try:
        fcntl.flock(verrou, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid, url = read_owner(verrou)
        verrou.close()
        raise DossierOccupe(chemin, pid, url) from None
    except OSError as erreur:
        verrou.close()
        raise DossierInutilisable(
            f"le dossier {chemin} ne peut pas être verrouillé ({explain_os(erreur)}) : choisir un disque local"
        ) from erreur
    _refuse_closed(chemin, verrou)
    _write_owner(verrou, None)
    return Dossier(chemin, verrou)


def _refuse_closed(chemin: Path, verrou: IO[str]) -> None:
    ferme = chemin / FERME
    if ferme.exists():
        verrou.close()
        raise DossierInutilisable(
            f"le dossier {chemin} est fermé : {ferme.read_text().strip()}. Deux Écluse ne peuvent pas tenir les mêmes "
            f"dossiers ; pour revenir à cette copie en perdant la suite, effacer {ferme}"
        )


def read_owner(verrou: IO[str]) -> tuple[int | None, str | None]:
    """(pid, url) that the owner left in the lock file."""
    verrou.seek(0)
    try:
        contenu = json.loads(verrou.read())
        return contenu["pid"], contenu["url"]
    except (ValueError, KeyError, TypeError):
        return None, None


def _write_owner(verrou: IO[str], url: str | None) -> None:
    verrou.seek(0)
    verrou.truncate(0)
    verrou.write(json.dumps({"pid": os.getpid(), "url": url}))
    verrou.flush()
