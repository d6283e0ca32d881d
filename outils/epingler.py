"""Refait les jeux de données de référence et écrit leurs empreintes dans ecluse/jeu/epingles.toml.

python -m outils.epingler petit              après tout changement voulu du simulateur ou des indicateurs
python -m outils.epingler petit standard     avant une version : le jeu entier prend plusieurs minutes
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from ecluse.jeu.epingles import NOM, differences, parse_pins, write_pins
from ecluse.jeu.fabrique import make_jeu
from ecluse.simulateur.profil import load_profil

RACINE = Path(__file__).resolve().parent.parent


def main() -> None:
    """Chaque jeu nommé est fait dans un dossier qui ne reste pas."""
    epingles = RACINE / "ecluse" / "jeu" / NOM
    lecteur = argparse.ArgumentParser(prog="python -m outils.epingler", description=__doc__)
    lecteur.add_argument("noms", nargs="+", choices=sorted(parse_pins(epingles.read_text())), metavar="NOM")
    for nom in lecteur.parse_args().noms:
        epingle = parse_pins(epingles.read_text())[nom]
        with tempfile.TemporaryDirectory() as dossier:
            profil = load_profil(epingle.caf)
            jeu = make_jeu(
                Path(dossier) / nom, profil, b"", epingle.question, lambda ligne: print(ligne, file=sys.stderr)
            )
        ecarts = differences(jeu, epingle)
        epingles.write_text(write_pins(epingles.read_text(), nom, jeu))
        print(f"{nom} : {' et '.join(ecarts)} ont changé, {jeu.empreinte}" if ecarts else f"{nom} : inchangé")


def _tell(ligne: str) -> None:
    print(ligne, file=sys.stderr)


if __name__ == "__main__":
    main()
