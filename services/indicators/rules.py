"""Periods and what is refused of a question: pure functions of days."""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from shared.temps import from_iso, to_iso

PREMIER_JOUR: Final = date(1970, 1, 1).toordinal()
DERNIER_JOUR: Final = date(2100, 12, 31).toordinal()
POINTS_MAX: Final = 4_000


class QuestionRefusee(Exception):
    """A question that has no answer; the message says why, in French.

    ``probleme``: stable name of the refusal; ``statut``: its status over HTTP.
    """

    probleme = "question-refusee"
    statut = 422


class PeriodeInvalide(QuestionRefusee):
    """The period is not one."""

    probleme = "periode-invalide"


class CafInvalide(QuestionRefusee):
    """Not the number of a Caf."""

    probleme = "caf-invalide"


class CafInconnue(QuestionRefusee):
    """Nothing is known of this Caf, while something is of others."""

    probleme = "caf-inconnue"
    statut = 404


class PeriodeSansDonnees(QuestionRefusee):
    """The period ends before anything is counted of this Caf: a 0 would pass for a measure."""

    probleme = "periode-sans-donnees"
    statut = 404


class RoleInvalide(QuestionRefusee):
    """Not one of the roles of a Caf."""

    probleme = "role-invalide"


class RoleImpossible(QuestionRefusee):
    """The events behind this indicator do not say who did the work."""

    probleme = "role-impossible"


class CodeInconnu(QuestionRefusee):
    """No indicator has this code."""

    probleme = "code-inconnu"
    statut = 404


class CoupeImpossible(QuestionRefusee):
    """This indicator is not cut that way."""

    probleme = "coupe-impossible"


class SerieImpossible(QuestionRefusee):
    """This indicator has no history, or the series asked for is too long."""

    probleme = "serie-impossible"


class TermeInconnu(QuestionRefusee):
    """This indicator has no such term."""

    probleme = "terme-inconnu"


class ExplicationImpossible(QuestionRefusee):
    """This indicator has no elements: it is made of days, or of what waits now."""

    probleme = "explication-impossible"


class CurseurIllisible(QuestionRefusee):
    """A cursor that was not given here, or that goes on with another question."""

    probleme = "curseur-illisible"


class Periode(NamedTuple):
    """An inclusive period of days."""

    du: int
    au: int


class Role(StrEnum):
    """What makes a Caf answer for an object: it owns the dossier, or it does the work."""

    proprietaire = "proprietaire"
    traitante = "traitante"


class Pas(StrEnum):
    """The step of a series."""

    jour = "jour"
    semaine = "semaine"
    mois = "mois"
    an = "an"


def parse_period(du: str, au: str) -> Periode:
    """The period that two days ``AAAA-MM-JJ`` write. Raises ``PeriodeInvalide``."""
    periode = Periode(_parse_day(du, "du"), _parse_day(au, "au"))
    if periode.du > periode.au:
        raise PeriodeInvalide(f"la période finit le {au}, avant son début le {du} : inverser du et au")
    return periode


def parse_caf(caf: str) -> str:
    """The same, if it is three ASCII digits. Raises ``CafInvalide``."""
    if len(caf) != 3 or not (caf.isascii() and caf.isdigit()):
        raise CafInvalide(f"« {caf} » n'est pas un numéro de Caf : trois chiffres sont attendus, comme 091")
    return caf


def parse_role(role: str) -> Role:
    """The role that a text names. Raises ``RoleInvalide``."""
    try:
        return Role(role)
    except ValueError:
        raise RoleInvalide(
            f"rôle « {role} » inconnu : proprietaire (la Caf possède le dossier) ou traitante (elle fait le travail)"
        ) from None


def parse_step(pas: str) -> Pas:
    """The step that a text names. Raises ``SerieImpossible``."""
    try:
        return Pas(pas)
    except ValueError:
        raise SerieImpossible(f"pas « {pas} » inconnu : choisir jour, semaine, mois ou an") from None


def split(periode: Periode, pas: Pas) -> list[Periode]:
    """The period cut into days, weeks (from Monday), months or years; the first and the last may be shorter.

    Raises ``SerieImpossible`` beyond ``POINTS_MAX`` points.
    """
    morceaux: list[Periode] = []
    for morceau in _steps(periode, pas):
        if len(morceaux) == POINTS_MAX:
            raise SerieImpossible(
                f"plus de {POINTS_MAX} points entre le {to_iso(periode.du)} et le {to_iso(periode.au)} : "
                f"choisir un pas plus long ou une période plus courte"
            )
        morceaux.append(morceau)
    return morceaux


def _steps(periode: Periode, pas: Pas) -> Iterator[Periode]:
    du = periode.du
    while du <= periode.au:
        au = min(_end_of_step(du, pas), periode.au)
        yield Periode(du, au)
        du = au + 1


def _end_of_step(jour: int, pas: Pas) -> int:
    if pas is Pas.jour:
        return jour
    if pas is Pas.semaine:
        # Ordinal 7 is a Sunday.
        return jour + -jour % 7
    d = date.fromordinal(jour)
    if pas is Pas.an:
        return date(d.year, 12, 31).toordinal()
    return date(d.year + (d.month == 12), d.month % 12 + 1, 1).toordinal() - 1


def _parse_day(texte: str, borne: str) -> int:
    try:
        jour = from_iso(texte)
    except ValueError:
        jour = 0
    # Other ways to write a date (2023-W05-2) are read too: only one is ours.
    if jour == 0 or to_iso(jour) != texte:
        raise PeriodeInvalide(f"{borne} « {texte} » n'est pas un jour : l'écrire AAAA-MM-JJ, comme 2023-01-31")
    if not PREMIER_JOUR <= jour <= DERNIER_JOUR:
        raise PeriodeInvalide(f"{borne} « {texte} » est hors des années 1970 à 2100")
    return jour
