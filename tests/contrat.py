"""The published documents of the events, as a reader in another language reads them."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
CONTRAT: Final = DOCS / "contrat"


def _ecma_pattern(_: object, motif: str, instance: object, __: object) -> Iterator[ValidationError]:
    # ECMA-262 reads `$` as the end of the text alone; Python's also matches before a last line feed.
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", motif), instance):
        yield ValidationError(f"{instance!r} does not match {motif!r}")


_Validateur = extend(Draft202012Validator, {"pattern": _ecma_pattern})  # type: ignore[no-untyped-call]  # its stub has no types


def read(chemin: str) -> Any:
    """A committed document of the contract."""
    return json.loads((CONTRAT / chemin).read_bytes())


@cache
def validator(type_: str) -> Any:
    """What checks an event against the committed schema of its type."""
    return _Validateur(read(f"schemas/{type_}.json"))
