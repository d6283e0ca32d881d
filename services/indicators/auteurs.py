"""Who gives a value or a target, or freezes figures: an opaque identifier that is kept for good, never a name."""

from typing import Final

import msgspec

from shared.events.base import Identifiant
from shared.runtime.ecrivain import Refuse

# What an address of the API publishes; ``check_author`` refuses more (what looks like a social security number).
AUTEUR: Final = r"^[A-Za-z0-9._-]{1,64}$"


class AuteurRefuse(Refuse):
    """The author is not given as an opaque identifier."""

    probleme, statut = "auteur-refuse", 422


def check_author(auteur: str) -> None:
    """Raises ``AuteurRefuse`` for what is no opaque identifier."""
    try:
        msgspec.convert(auteur, Identifiant)
    except msgspec.ValidationError:
        raise AuteurRefuse(
            "« auteur » attend un identifiant opaque : 1 à 64 lettres sans accent, chiffres, points, tirets ou "
            "soulignés, sans nom de personne ni numéro de sécurité sociale"
        ) from None
