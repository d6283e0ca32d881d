"""The data set: ``ecluse jeu-de-donnees``."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecluse.commandes.commun import fail, refusals
from ecluse.jeu.description import Question
from ecluse.jeu.dossier import JeuRefuse
from ecluse.jeu.epingles import STANDARD, read_pins, tell
from ecluse.simulateur.marques import ProfilRefuse
from ecluse.simulateur.profil import load_profil

if TYPE_CHECKING:
    from ecluse.jeu.description import Jeu

_STANDARD = read_pins()[STANDARD]


def make_dataset(
    dossier: Annotated[Path, typer.Argument(help="dossier à écrire ; neuf ou vide", show_default=False)],
    caf: Annotated[str, typer.Option("--caf", help="numéro de la Caf, dont un profil existe")] = _STANDARD.caf,
    year: Annotated[int, typer.Option("--year", min=2000, max=2090, help="année simulée")] = _STANDARD.annee,
    seed: Annotated[int, typer.Option("--seed", help="graine : la même donne les mêmes octets")] = _STANDARD.graine,
    scale: Annotated[float, typer.Option("--scale", help="part du volume, au plus 1")] = _STANDARD.echelle,
    verify: Annotated[bool, typer.Option("--verify", help="relit un dossier et dit quel jeu c'est")] = False,
) -> None:
    """Écrit une année simulée d'une Caf en fichiers Parquet, avec ses chiffres : le même jeu pour qui le refait.

    Sans option, le jeu de référence. Le dossier n'est là qu'entier ; son LISEZMOI.md dit comment le lire. Code de
    sortie : 0 fait ou entier, 1 ce n'est pas ce que la référence ou le dossier annonce, 2 le jeu n'a pas pu se faire.
    """
    with _making():
        if verify:
            from ecluse.jeu.verification import verify_jeu

            try:
                jeu = verify_jeu(dossier)
            except JeuRefuse as refus:
                raise fail(str(refus), 1 if dossier.is_dir() else 2) from None
        else:
            jeu = _make(dossier, Question(caf, year, seed, scale))
    _print(jeu)


def _make(dossier: Path, question: Question) -> "Jeu":
    from ecluse.jeu.fabrique import make_jeu

    if not 0 < question.echelle <= 1:
        raise fail(f"--scale {question.echelle:g} : une part entre 0 et 1 est attendue, par exemple 0.05")
    profil = load_profil(question.caf)
    texte = (files("ecluse.simulateur") / "profils" / f"{question.caf}.toml").read_bytes()
    return make_jeu(dossier.absolute(), profil, texte, question, lambda ligne: typer.echo(ligne, err=True))


def _print(jeu: "Jeu") -> None:
    evenements = jeu.evenements
    typer.echo(
        f"{evenements.nombre} événements ({evenements.acceptes} acceptés, {evenements.doublons} doublons, "
        f"{evenements.refuses} refusés), {jeu.chiffres.nombre} chiffres"
    )
    typer.echo(f"empreinte {jeu.empreinte}")
    phrase, contredit = tell(jeu, read_pins())
    typer.echo(phrase)
    if contredit:
        raise typer.Exit(1)


@contextmanager
def _making() -> Iterator[None]:
    """What prevents it is one clear line and exit 2."""
    with refusals():
        try:
            yield
        except (JeuRefuse, ProfilRefuse) as refus:
            raise fail(str(refus)) from None
        except ModuleNotFoundError as absent:
            raise fail(
                f"le jeu de données demande un module de plus ({absent.name} manque) : pip install 'ecluse[exports]'"
            ) from None
