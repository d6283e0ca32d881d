"""The rules of Prometheus as tests read them: expressions, what they name, what they look like with nobody silenced."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from tests.donnees import RACINE

REGLES: Final = RACINE / "deploy" / "prometheus" / "regles"
FICHIERS: Final = sorted(REGLES.glob("*.yml"))
_MOTS: Final = re.compile(r"\b(?:ecluse[a-z0-9_:]+|up)\b")
_TEXTES: Final = re.compile(r'"[^"]*"')


def read_rules() -> list[dict[str, Any]]:
    """Every rule, those that record and those that alert, with the name of its ``groupe``."""
    groupes = [groupe for fichier in FICHIERS for groupe in yaml.safe_load(fichier.read_text())["groups"]]
    return [regle | {"groupe": groupe["name"]} for groupe in groupes for regle in groupe["rules"]]


def alerts() -> list[dict[str, Any]]:
    """The rules that alert."""
    return [regle for regle in read_rules() if "alert" in regle]


def records() -> list[dict[str, Any]]:
    """The rules that record."""
    return [regle for regle in read_rules() if "record" in regle]


def names_in(expression: str) -> set[str]:
    """The measures and recorded series that an expression reads."""
    return set(_MOTS.findall(_TEXTES.sub('""', expression)))


def unthreshold(expression: str) -> str:
    """An alert as it reads its series whatever their values: comparisons tell 0 or 1 instead of leaving out.

    What silences it is left out: it ends the expression, after ``unless``.
    """
    condition, _, silence = expression.rstrip().rpartition("\nunless ")
    assert "ecluse:office:open == 0" in silence or "ecluse:office:open) == 0" in silence, expression
    return re.sub(r"(==|!=|<=|>=|<|>)(?= )", r"\1 bool", condition)
