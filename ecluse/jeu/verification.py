"""A data set held against itself: its files are whole, and its content has the hash that it gives."""

from hashlib import sha256
from pathlib import Path

import msgspec
import pyarrow as pa

from ecluse.jeu.description import JEU, VERSION, EmpreinteDesLignes, Jeu, parse_jeu, write_figure
from ecluse.jeu.dossier import JeuRefuse, check_sums
from ecluse.jeu.fabrique import EMPREINTE
from ecluse.jeu.fichiers import CHIFFRES, EVENEMENTS, read_events, read_figures
from ecluse.jeu.lignes import to_bytes


def verify_jeu(dossier: Path) -> Jeu:
    """What a folder holds, once every event was written again and every figure read.

    Raises ``JeuRefuse``, ``OSError``.
    """
    if not dossier.is_dir():
        raise JeuRefuse(f"le dossier {dossier} n'existe pas")
    check_sums(dossier)
    try:
        octets = (dossier / JEU).read_bytes()
        jeu = parse_jeu(octets)
        if jeu.version != VERSION:
            raise JeuRefuse(f"{dossier} : jeu de la version {jeu.version}, cette version d'Écluse lit la {VERSION}")
        evenements, chiffres = EmpreinteDesLignes(), EmpreinteDesLignes()
        evenements.take(map(to_bytes, read_events(dossier / EVENEMENTS)))
        chiffres.take(map(write_figure, read_figures(dossier / CHIFFRES)))
        dite = (dossier / EMPREINTE).read_text(encoding="utf-8").strip()
    except (msgspec.DecodeError, UnicodeDecodeError, FileNotFoundError, pa.ArrowException) as erreur:
        raise JeuRefuse(f"{dossier} n'est pas un jeu de données lisible : {erreur}") from None
    trouvees = (evenements.nombre, evenements.hexdigest(), chiffres.nombre, chiffres.hexdigest())
    if trouvees != (jeu.evenements.nombre, jeu.evenements.sha256, jeu.chiffres.nombre, jeu.chiffres.sha256):
        quoi = "événements" if trouvees[:2] != (jeu.evenements.nombre, jeu.evenements.sha256) else "chiffres"
        raise JeuRefuse(f"{dossier} : les {quoi} ne sont pas ceux que {JEU} annonce")
    if dite != sha256(octets).hexdigest() or dite != jeu.empreinte:
        raise JeuRefuse(f"{dossier} : l'empreinte écrite n'est pas celle de {JEU}")
    return jeu
