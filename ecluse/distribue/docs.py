"""The French table of the settings, written from their registry: ``python -m ecluse.distribue.docs``."""

import sys
from pathlib import Path
from typing import Final

from ecluse.distribue.variables import VARIABLES, Processus, Variable

PAGE: Final = Path("docs/reglages.md")
_ENTETE: Final = """# Les réglages du mode réparti

Cette page est tirée du registre des réglages (`ecluse/distribue/variables.py`) ; elle se refait par `make docs`. Chaque
processus lance `ecluse serve SERVICE --role ROLE` et n'est réglé que par son environnement. Une variable vide compte
comme absente. Un réglage faux ou manquant est dit en une ligne, et le processus sort avec le code 2.

Une variable secrète peut être donnée par un fichier : le même nom suivi de `_FILE`. Elle n'est jamais écrite dans un
journal ni dans un message.

| variable | forme | par défaut | requise par | sens |
|---|---|---|---|---|
"""


def document() -> str:
    """The page, in Markdown."""
    return _ENTETE + "".join(_row(variable) for variable in VARIABLES)


def _row(variable: Variable) -> str:
    nom = f"`{variable.nom}`" + (f" ou `{variable.fichier}`" if variable.secrete else "")
    defaut = f"`{variable.defaut}`" if variable.defaut else "aucun"
    requise = "tous" if variable.requise == frozenset(Processus) else ", ".join(
        p for p in Processus if p in variable.requise
    )  # fmt: skip
    return f"| {nom} | {variable.forme.attendu} | {defaut} | {requise or 'personne'} | {variable.sens} |\n"


if __name__ == "__main__":
    PAGE.write_text(document(), encoding="utf-8")
    sys.stdout.write(f"{PAGE} écrit\n")
