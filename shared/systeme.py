"""What the operating system refuses, in the language of the person who reads it."""

import errno
from typing import Final

_RAISONS: Final = {
    errno.EACCES: "droits insuffisants",
    errno.EPERM: "droits insuffisants",
    errno.EROFS: "disque en lecture seule",
    errno.ENOSPC: "disque plein",
    errno.EDQUOT: "quota de disque atteint",
    errno.EIO: "erreur du disque",
    errno.ENOENT: "introuvable",
    errno.EEXIST: "un fichier porte déjà ce nom",
    errno.ENOTDIR: "ce chemin passe par un fichier",
    errno.EISDIR: "c'est un dossier",
    errno.EMFILE: "trop de fichiers ouverts",
    errno.EADDRINUSE: "adresse déjà utilisée",
    errno.EADDRNOTAVAIL: "cette machine n'a pas cette adresse",
}


def explain_os(erreur: OSError) -> str:
    """The reason of a refusal of the system, in French where it is a usual one."""
    return _RAISONS.get(erreur.errno or 0) or erreur.strerror or str(erreur)
