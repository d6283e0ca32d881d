"""Days as a Caf counts them: Europe/Paris dates, French public holidays, working days, months."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
UN_JOUR = timedelta(days=1)
ALSACE_MOSELLE = ("57", "67", "68")


def jour(instant: datetime) -> date:
    """The Europe/Paris date of an aware instant."""
    return instant.astimezone(PARIS).date()


def jours(du: date, au: date) -> Iterator[date]:
    """Every day of the inclusive period."""
    while du <= au:
        yield du
        du += UN_JOUR


def paques(annee: int) -> date:
    """Easter Sunday of the Gregorian calendar (Gauss's method, with the corrections of the century)."""
    cycle = annee % 19
    siecle = annee // 100
    lune = (19 * cycle + siecle - siecle // 4 - (siecle - (siecle + 8) // 25 + 1) // 3 + 15) % 30
    dimanche = (32 + 2 * (siecle % 4) + 2 * (annee % 100 // 4) - lune - annee % 100 % 4) % 7
    correction = (cycle + 11 * lune + 22 * dimanche) // 451
    rang = lune + dimanche - 7 * correction + 114
    return date(annee, rang // 31, rang % 31 + 1)


def jours_feries(annee: int, caf: str) -> set[date]:
    """The legal holidays of the year (Code du travail, L3133-1), and the two more of Alsace-Moselle (L3134-13)."""
    dimanche = paques(annee)
    feries = {date(annee, m, j) for m, j in [(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)]}
    feries |= {dimanche + timedelta(days=n) for n in (1, 39, 50)}
    if caf.startswith(ALSACE_MOSELLE):
        feries |= {dimanche - timedelta(days=2), date(annee, 12, 26)}
    return feries


def est_ouvre(d: date, caf: str) -> bool:
    """Monday to Friday, public holidays out."""
    return d.weekday() < 5 and d not in jours_feries(d.year, caf)


def debut_des_jours_ouvres(au: date, nombre: int, caf: str) -> date:
    """The `nombre`-th last working day that is not after `au`."""
    d = au
    while True:
        if est_ouvre(d, caf):
            nombre -= 1
            if nombre == 0:
                return d
        d -= UN_JOUR


def mois_apres(d: date, mois: int) -> date:
    """`mois` months later (earlier if negative): the same day of the month, or the last one of a shorter month."""
    rang = d.year * 12 + d.month - 1 + mois
    annee, m = rang // 12, rang % 12 + 1
    dernier = (date(annee + (m == 12), m % 12 + 1, 1) - UN_JOUR).day
    return date(annee, m, min(d.day, dernier))
