"""The French reference page of the indicators, written from the registry: ``python -m services.indicators.docs``."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from services.indicators.cibles import Nature
from services.indicators.registre import REGISTRE
from services.indicators.registre.base import Indicateur, Unite
from services.indicators.registre.contacts import CONTACTS
from services.indicators.registre.cpog import PARTIES, LigneCpog
from services.indicators.registre.pieces import PIECES
from services.indicators.registre.projections import PROJECTIONS
from services.indicators.registre.qualite import QUALITE
from services.indicators.registre.recouvrement import RECOUVREMENT
from services.indicators.registre.saisis import SAISIS
from services.indicators.rules import PREMIER_JOUR
from services.indicators.seuils import Seuil
from shared.temps import to_iso

PAGE: Final = "indicateurs.md"
_ENTETE: Final = """# Les indicateurs

Cette page est tirée du registre des indicateurs ; elle se refait par `make docs`. Comment lire ces chiffres :
[guide](guide/indicateurs.md).

Une période `[du, au]` comprend ses deux bornes, en jours de Paris. Un délai est le nombre de jours calendaires de
l'arrivée de la pièce à la fin de son dernier traitement. Un taux est une fraction dans l'API, un pourcentage à
l'écran ; un montant est en centimes. Sans dénominateur, la valeur est `null`, affichée « ND », jamais 0.

Un chiffre est **provisoire** pendant sa maturité, le nombre de jours qui suivent la fin de sa période et où ce qui
reste à venir peut encore le changer ; il est **définitif** ensuite, et toujours provisoire tant que tout ce qui est
accepté n'est pas compté. Les durées sont celles d'Écluse. Un fait plus tardif encore refait le jour qu'il concerne.

« Formule d'Écluse » : les sources citent ce chiffre, ou le besoin, sans en imprimer la formule. « Saisi » : aucun
événement ne le donne, quelqu'un le saisit. Un seuil vaut entre ses dates : s'il change, le chiffre change à partir de
ce jour, et pas avant.
"""
_CPOG: Final = """
## Les 41 indicateurs des contrats

Les annexes des deux contrats (Cpog 2023-2027) listent les mêmes 41 indicateurs : 31 de la Cog, 10 hors Cog ; 31 de
résultat, 10 de suivi. « Événements » : calculé ici ; « saisi » : donné par `ecluse valeurs saisir` ou
`POST /v1/valeurs`. 003 : Caf de la Haute-Marne ; 004 : Caf de l'Indre.
"""
_NATURES: Final = """
## Les natures de cible

| nature | sens |
|---|---|
"""
_SENS_DES_NATURES: Final = {
    Nature.individualisee: "propre à la Caf, transmise chaque année ; c'est elle qui juge",
    Nature.cog: "fixée chaque année par la convention nationale, la même pour toutes",
    Nature.nationale: "nationale, pour ce que la convention ne fixe pas ; ne remplace jamais une individualisée",
    Nature.locale: "que la Caf se donne",
    Nature.suivi: "suivi, sans cible à atteindre : ni valeur, ni rouge ni vert",
}
_PROJECTIONS: Final = """
## Projections

Au rythme des 20 derniers jours ouvrés qui finissent un jour donné, par défaut hier : de l'arithmétique, dont toutes les
formules sont d'Écluse, et non une prévision. Les arrivées nettes sont les pièces arrivées moins les annulées ; le mois
est celui du lendemain du jour donné. Ce qui n'a pas de sens n'a pas de valeur et dit pourquoi : un stock dont les
traitements ne dépassent pas les arrivées ne s'écoule pas.

"""
_THEMES: Final[dict[str, tuple[Indicateur, ...]]] = {
    "Pièces : délais, stock, flux": PIECES,
    "Courriers, qualité de liquidation, contrôles": QUALITE,
    "Contacts et rendez-vous": CONTACTS,
    "Recouvrement": RECOUVREMENT,
    "Contrats : valeurs saisies": SAISIS,
}
_UNITES: Final[dict[Unite, str]] = {
    "jours": "en jours",
    "taux": "taux",
    "nombre": "nombre",
    "centimes": "en centimes",
    "heures": "en heures",
    "ratio": "ratio",
    "m2": "en m²",
}
_OPERATEURS: Final = {"<": "moins de ", "<=": "au plus ", "=": "", ">": "plus de "}
_SENS: Final = {"bas": "plus bas est mieux", "haut": "plus haut est mieux", None: "volume"}


def document() -> str:
    """The page, in Markdown."""
    parties = [_ENTETE]
    for theme, indicateurs in _THEMES.items():
        parties.append(f"\n## {theme}\n")
        parties.extend(_describe(i) for i in indicateurs)
    parties.append(_NATURES)
    parties.extend(f"| `{nature.value}` | {_SENS_DES_NATURES[nature]} |\n" for nature in Nature)
    parties.append(_CPOG)
    for partie in PARTIES:
        parties.append(f"\n**{partie.titre}**\n\n| code | intitulé du contrat | suivi | donné par | source |\n")
        parties.append("|---|---|---|---|---|\n")
        parties.extend(_describe_row(ligne) for ligne in partie.lignes)
    parties.append(_PROJECTIONS)
    parties.extend(
        f"- **{p.libelle}** (`{code}`, version {p.version}) : {p.formule}.\n" for code, p in PROJECTIONS.items()
    )
    return "".join(parties)


def check_docs(folder: Path) -> list[str]:
    """What differs between ``folder`` and the registry, one French line; empty when all is equal."""
    page = folder / PAGE
    if not page.exists():
        return [f"{page} : absent"]
    return [] if page.read_text(encoding="utf-8") == document() else [f"{page} : ne dit plus ce que dit le registre"]


def write_docs(folder: Path) -> Path:
    """Write the page in ``folder``; its path."""
    page = folder / PAGE
    page.write_text(document(), encoding="utf-8")
    return page


def _describe(indicateur: Indicateur) -> str:
    return f"\n### {indicateur.code}\n\n**{indicateur.libelle}** : {', '.join(_traits(indicateur))}.\n\n" + "".join(
        f"- {nom} : {texte}\n"
        for nom, texte in (
            ("population", indicateur.population),
            (f"formule (version {indicateur.version})", indicateur.formule),
            *(("seuil", word_threshold(seuil)) for seuil in indicateur.seuils),
            ("coupes", ", ".join(f"`{c}`" for c in indicateur.coupes) or "aucune"),
            ("maturité", _maturity(indicateur)),
            ("source", indicateur.source),
        )
    )


def word_threshold(seuil: Seuil) -> str:
    """``moins de 15 jours, depuis toujours``."""
    depuis = "depuis toujours" if seuil.du == PREMIER_JOUR else f"à partir du {to_iso(seuil.du)}"
    fin = "" if seuil.au is None else f", jusqu'au {to_iso(seuil.au)}"
    return f"{_OPERATEURS[seuil.operateur]}{seuil.valeur} {seuil.unite}, {depuis}{fin}"


def _describe_row(ligne: LigneCpog) -> str:
    nature = "hors Cog" if ligne.hors_cog else "Cog"
    genre = "suivi" if ligne.suivi else "résultat"
    origine = "saisi" if REGISTRE[ligne.code].genre == "saisi" else "événements"
    pivots = " (Caf pivots)" if ligne.pivots else ""
    sources = f"003 L{ligne.ligne_003} ; 004 L{ligne.ligne_004}"
    return f"| `{ligne.code}` | {ligne.intitule}{pivots} | {nature}, {genre} | {origine} | {sources} |\n"


def _maturity(indicateur: Indicateur) -> str:
    if indicateur.maturite is None:
        return "lu au présent, jamais définitif"
    jours, attend = indicateur.maturite
    return f"{jours} jours après la fin de la période, pour {attend}"


def _traits(indicateur: Indicateur) -> Iterable[str]:
    yield _UNITES[indicateur.unite]
    yield "suivi" if indicateur.genre == "saisi" and indicateur.sens is None else _SENS[indicateur.sens]
    if indicateur.maison:
        yield "formule d'Écluse"
    if indicateur.genre == "saisi":
        yield "saisi, sans série ni coupe"
    elif indicateur.calcul is None:
        yield "lu au présent, sans série ni coupe"


def main() -> int:
    """Write the page, or with ``--check`` tell whether it is the registry's; the exit status."""
    analyseur = argparse.ArgumentParser(description="Écrit la page de référence des indicateurs.")
    analyseur.add_argument("--dossier", type=Path, default=Path("docs"), help="dossier de la documentation")
    analyseur.add_argument("--check", action="store_true", help="n'écrit rien, dit ce qui diffère")
    choix = analyseur.parse_args()
    if not choix.check:
        sys.stdout.write(f"{write_docs(choix.dossier)} écrit\n")
        return 0
    ecarts = check_docs(choix.dossier)
    sys.stdout.writelines(f"{ecart}\n" for ecart in ecarts)
    return 1 if ecarts else 0


if __name__ == "__main__":
    sys.exit(main())
