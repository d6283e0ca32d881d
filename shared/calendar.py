"""The calendar: working days of a Caf. A day is the ordinal of a date, as in ``shared.temps``.

Source: Code du travail, L3133-1 (the eleven legal holidays) and L3134-13 (Alsace-Moselle).
"""

from bisect import bisect_left, bisect_right
from datetime import date
from functools import lru_cache
from itertools import chain

from shared.temps import PARIS, to_datetime, to_jour

# Opening hours of the offices: from, until (excluded), on working days in Paris. Ours: no source prints them.
OUVERTURE = (8, 18)
ALSACE_MOSELLE = ("57", "67", "68")
_FIXES = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
_APRES_PAQUES = (1, 39, 50)


def is_working_day(jour: int, caf: str) -> bool:
    """Monday to Friday, public holidays of the Caf's department out (the first two digits of ``caf``)."""
    ouvres = _working_days_of(date.fromordinal(jour).year, caf.startswith(ALSACE_MOSELLE))
    rang = bisect_left(ouvres, jour)
    return rang < len(ouvres) and ouvres[rang] == jour


def working_days(du: int, au: int, caf: str) -> list[int]:
    """The working days of the inclusive period, in order; none when it is inverted."""
    if du > au:
        return []
    alsace = caf.startswith(ALSACE_MOSELLE)
    annees = range(date.fromordinal(du).year, date.fromordinal(au).year + 1)
    ouvres = list(chain.from_iterable(_working_days_of(annee, alsace) for annee in annees))
    return ouvres[bisect_left(ouvres, du) : bisect_right(ouvres, au)]


def nth_last_working_day(au: int, n: int, caf: str) -> int:
    """The ``n``-th last working day (1 for the last) that is not after ``au``."""
    if n < 1:
        raise ValueError("le rang d'un jour ouvré commence à 1")
    # Every run of seven calendar days has at least three working days.
    return working_days(au - 7 * (n // 2 + 1), au, caf)[-n]


def is_open(instant: int, caf: str) -> bool:
    """Whether the offices of the Caf are open at an instant (ns): a working day, between the hours of ``OUVERTURE``."""
    debut, fin = OUVERTURE
    return is_working_day(to_jour(instant), caf) and debut <= to_datetime(instant).astimezone(PARIS).hour < fin


@lru_cache(maxsize=512)
def _working_days_of(annee: int, alsace: bool) -> tuple[int, ...]:
    feries = _holidays(annee, alsace)
    debut, suivant = date(annee, 1, 1).toordinal(), date(annee + 1, 1, 1).toordinal()
    # Ordinal 1 is a Monday.
    return tuple(jour for jour in range(debut, suivant) if (jour - 1) % 7 < 5 and jour not in feries)


def _holidays(annee: int, alsace: bool) -> set[int]:
    paques = _easter(annee)
    feries = {date(annee, mois, jour).toordinal() for mois, jour in _FIXES} | {paques + n for n in _APRES_PAQUES}
    return feries | {paques - 2, date(annee, 12, 26).toordinal()} if alsace else feries


def _easter(annee: int) -> int:
    """Easter Sunday of the Gregorian calendar: the Sunday after the ecclesiastical full moon of 21 March or later.

    Age of the moon by the Clavius epact, with the two exceptions (epact 24, and 25 in the second half of the cycle)
    that keep the lunations 29 or 30 days long.
    """
    siecle, or_ = annee // 100 + 1, annee % 19 + 1
    epacte = (11 * or_ + 20 + (8 * siecle + 5) // 25 - 5 - (3 * siecle // 4 - 12)) % 30
    if epacte == 24 or (epacte == 25 and or_ > 11):
        epacte += 1
    pleine_lune = date(annee, 3, 21).toordinal() + (23 - epacte) % 30
    return pleine_lune + 7 - pleine_lune % 7
