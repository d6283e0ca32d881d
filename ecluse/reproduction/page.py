"""A reproduction as a Markdown page, and the index of the pages of a folder."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from ecluse.reproduction.document import Reproduction
from ecluse.reproduction.mots import (
    GENRES,
    Piege,
    tell_traps,
    word,
    word_gap,
    word_mean,
    word_pass,
    word_range,
    word_reading,
    word_rule,
    word_run,
    word_verdict,
)
from ecluse.reproduction.rapprochement import Ligne
from ecluse.simulateur.mesures import Hypothese

_COLONNES: Final = ("Mesure", "Publié", "Obtenu", "De … à", "Écart", "Genre", "Source", "Ce qui la déplace")
_ALIGNEMENT: Final = ("---", "---:", "---:", "---", "---:", "---", "---", "---")
_PAGE: Final = re.compile(r"[0-9]{3}-[0-9]{4}\.md")
DEBUT, FIN = "<!-- tableaux -->", "<!-- fin des tableaux -->"


def write_page(document: Reproduction, dossier: Path) -> Path:
    """Write the page of a reproduction and, where there is a ``README.md``, its line in the index."""
    dossier.mkdir(parents=True, exist_ok=True)
    page = dossier / f"{document.caf}-{document.annee}.md"
    page.write_text(render_page(document), encoding="utf-8")
    accueil = dossier / "README.md"
    if accueil.exists():
        accueil.write_text(renew_index(accueil.read_text(encoding="utf-8"), dossier), encoding="utf-8")
    return page


def render_page(document: Reproduction) -> str:
    """The page: the same document gives the same bytes."""
    return "\n".join(_lines(document)) + "\n"


def renew_index(accueil: str, dossier: Path) -> str:
    """The text with the list of the folder's pages between its two marks; unchanged without marks."""
    if DEBUT not in accueil or FIN not in accueil:
        return accueil
    pages = sorted(page for page in dossier.iterdir() if _PAGE.fullmatch(page.name))
    liste = [_index_line(page) for page in pages]
    avant, apres = accueil.split(DEBUT)[0], accueil.split(FIN)[1]
    return "\n".join([avant + DEBUT, *liste, FIN + apres])


def _index_line(page: Path) -> str:
    titre, _, verdict, *_ = page.read_text(encoding="utf-8").splitlines()
    return f"- [{titre.removeprefix('# ')}]({page.name}) : {verdict}"


def _lines(document: Reproduction) -> Iterator[str]:
    yield f"# {document.titre}, {document.annee}"
    yield from ("", word_verdict(document), "")
    yield from (word_run(document), "", word_rule(document), "")
    yield from _table(_COLONNES, _ALIGNEMENT, (_row(ligne) for ligne in document.lignes))
    for piege in tell_traps(document):
        yield from _trap(piege)
    yield from ("", "## Les années simulées", "")
    yield from (f"- {word_pass(passage)}" for passage in document.passages)


def _row(ligne: Ligne) -> list[str]:
    note = f"<br>{_escape(ligne.note)}" if ligne.note else ""
    return [
        f"{_escape(ligne.libelle)} ({word_reading(ligne).replace(ligne.code, f'`{ligne.code}`')})",
        word(ligne.publie, ligne.unite),
        word_mean(ligne.obtenu, ligne.unite),
        word_range(ligne.obtenu, ligne.unite),
        word_gap(ligne),
        GENRES[ligne.genre],
        f"{ligne.source}{note}",
        "<br>".join(_hypothesis(h) for h in ligne.hypotheses),
    ]


def _hypothesis(hypothese: Hypothese) -> str:
    return f"{', '.join(f'`{nom}`' for nom in hypothese.parametres)} : {_escape(hypothese.effet)}"


def _trap(piege: Piege) -> Iterator[str]:
    yield from ("", f"## {piege.titre}", "")
    for texte in piege.texte:
        yield from (texte, "")
    yield from _table(
        ("Indicateur", "Population", "Objets", "Obtenu", "De … à"),
        ("---", "---", "---:", "---:", "---"),
        (
            [
                f"`{c.code}`",
                _escape(c.population),
                "" if c.nombre is None else word(c.nombre, "nombre"),
                word_mean(c.obtenu, c.unite),
                word_range(c.obtenu, c.unite),
            ]
            for c in piege.chiffres
        ),
    )


def _table(colonnes: Iterable[str], alignement: Iterable[str], lignes: Iterable[list[str]]) -> Iterator[str]:
    for cellules in (colonnes, alignement, *lignes):
        yield f"| {' | '.join(cellules)} |"


def _escape(texte: str) -> str:
    return texte.replace("|", "\\|").replace("_", "\\_")
