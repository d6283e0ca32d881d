"""The page that goes with a data set: what it is, its columns, how to read it and to make it again."""

from importlib.resources import files
from typing import Final

from ecluse import __version__
from ecluse.jeu.description import Jeu

LISEZMOI: Final = "LISEZMOI.md"


def write_readme(jeu: Jeu, titre: str) -> str:
    """The page, filled from what the set holds. ``titre``: of the profile."""
    question = jeu.question
    mots = {
        "titre": titre,
        "caf": question.caf,
        "annee": question.annee,
        "graine": question.graine,
        "echelle": f"{question.echelle:g}",
        "evenements": jeu.evenements.nombre,
        "acceptes": jeu.evenements.acceptes,
        "doublons": jeu.evenements.doublons,
        "refuses": jeu.evenements.refuses,
        "chiffres": jeu.chiffres.nombre,
        "empreinte": jeu.empreinte,
        "version": __version__,
    }
    texte = (files("ecluse.jeu") / "lisezmoi.md").read_text(encoding="utf-8")
    for nom, valeur in mots.items():
        texte = texte.replace(f"«{nom}»", str(valeur))
    return texte
