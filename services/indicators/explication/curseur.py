"""The cursor of a page of elements: opaque, good for the question that it was given for, whoever is restarted."""

import base64
from hashlib import sha256
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from services.indicators.rules import CurseurIllisible

_Texte = Annotated[str, Meta(max_length=400, pattern="^[^\x00]*$")]


class Curseur(Struct, frozen=True, array_like=True):
    """The last element given: ``question`` is the fingerprint of what was asked, then its row and its identifier."""

    question: _Texte
    rang: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    cle: _Texte
    objet: _Texte


_DECODEUR: Final = msgspec.json.Decoder(Curseur)


def fingerprint(*question: str) -> str:
    """What tells one question from another."""
    return sha256("\x1f".join(question).encode()).hexdigest()[:16]


def write_cursor(curseur: Curseur) -> str:
    """The text of a cursor."""
    return base64.urlsafe_b64encode(msgspec.json.encode(curseur)).decode().rstrip("=")


def read_cursor(texte: str, question: str) -> Curseur:
    """The cursor that a text writes for this question. Raises ``CurseurIllisible``."""
    try:
        curseur = _DECODEUR.decode(base64.b64decode(texte + "=" * (-len(texte) % 4), b"-_", validate=True))
    except (ValueError, msgspec.DecodeError, RecursionError):
        raise CurseurIllisible("« apres » n'est pas un curseur donné ici : repartir de la première page") from None
    if curseur.question != question:
        raise CurseurIllisible(
            "« apres » continue une autre question (code, Caf, rôle, période ou terme) : repartir de la première page"
        )
    return curseur
