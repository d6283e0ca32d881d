"""What a work queue refuses to do: nothing has changed, and the message says what to do (French)."""

from shared.runtime.ecrivain import Refuse


class BailPerime(Refuse):
    """The token given is not, or no longer, that of the person who holds the item."""

    probleme, statut = "bail-perime", 409


class TravailInconnu(Refuse):
    """The item is in no corbeille and nobody holds it."""

    probleme, statut = "travail-inconnu", 404


class CorbeilleInconnue(Refuse):
    """No corbeille has this name."""

    probleme, statut = "corbeille-inconnue", 404


class IssueInconnue(Refuse):
    """The outcome is not one of this corbeille."""

    probleme, statut = "issue-inconnue", 422


class DateRefusee(Refuse):
    """The day given with an outcome or a hold is missing, past or too far."""

    probleme, statut = "date-refusee", 422


class TitulaireRefuse(Refuse):
    """The holder is not given as an opaque identifier."""

    probleme, statut = "titulaire-refuse", 422


class CurseurIllisible(Refuse):
    """The cursor of a page is not one that was given here."""

    probleme, statut = "curseur-illisible", 422


class CleReutilisee(Refuse):
    """An idempotency key came back with another command."""

    probleme, statut = "cle-reutilisee", 422
