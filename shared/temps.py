"""Instants and days: the only place that turns a written instant into a number or into a Paris day.

An instant is an integer of nanoseconds since 1970-01-01T00:00:00Z. A day (*jour*) is the proleptic ordinal of a
Europe/Paris date (``date.toordinal``). Both are plain integers so that rules can compare them without a clock.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
SECONDE = 1_000_000_000
MINUTE = 60 * SECONDE
HEURE = 60 * MINUTE

# The months that have 31 days, 30 days, and February with its leap years up to 2100, which is none.
_DATE = (
    r"((19[7-9][0-9]|20[0-9]{2}|2100)"
    r"-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    r"|(19(7[26]|8[048]|9[26])|20([02468][048]|[13579][26]))-02-29)"
)
INSTANT = (
    rf"^{_DATE}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$(?!\n)"
)
_MOTIF_INSTANT = re.compile(INSTANT)
_EPOQUE = datetime(1970, 1, 1, tzinfo=UTC)
# An instant is the hour it starts with, read as UTC, and what follows (minutes, seconds, offset): both come back often.
_DEBUTS: dict[str, int] = {}
_SUITES: dict[str, int] = {}
_HEURES_VERS_JOUR: dict[int, int] = {}
_JOURS_ISO: dict[int, str] = {}
_ISO_JOURS: dict[str, int] = {}


def parse_instant(texte: str) -> int:
    """The instant that ``YYYY-MM-DDThh:mm:ss[.f](Z|±hh:mm)`` writes, years 1970 to 2100.

    Digits below the microsecond are dropped. Raises ``ValueError`` for any other form and for dates that do not exist.
    """
    debut = _DEBUTS.get(texte[:14])
    suite = _SUITES.get(texte[14:])
    if debut is not None and suite is not None:
        return debut + suite
    return _parse_new(texte)


def _parse_new(texte: str) -> int:
    if _MOTIF_INSTANT.match(texte) is None:
        raise ValueError("forme d'instant inconnue, date qui n'existe pas ou année hors de 1970 à 2100")
    debut = from_datetime(datetime.fromisoformat(texte[:13] + ":00Z"))
    suite = from_datetime(datetime.fromisoformat(texte)) - debut
    if texte[19] != "." and len(_DEBUTS) < 50_000 and len(_SUITES) < 50_000:
        _DEBUTS[texte[:14]] = debut
        _SUITES[texte[14:]] = suite
    return debut + suite


def to_jour(instant: int) -> int:
    """The Europe/Paris day of an instant, as a date ordinal."""
    heure = instant // HEURE
    jour = _HEURES_VERS_JOUR.get(heure)
    if jour is None:
        # Paris has changed its clocks on whole UTC hours only since 1970, so an hour lies within one day.
        jour = (_EPOQUE + timedelta(hours=heure)).astimezone(PARIS).toordinal()
        if len(_HEURES_VERS_JOUR) < 500_000:
            _HEURES_VERS_JOUR[heure] = jour
    return jour


def to_iso(jour: int) -> str:
    """``2023-01-31`` for a day."""
    texte = _JOURS_ISO.get(jour)
    if texte is None:
        texte = _JOURS_ISO[jour] = date.fromordinal(jour).isoformat()
    return texte


def start_of_day(jour: int) -> int:
    """The instant of midnight in Paris at which a day begins."""
    return from_datetime(datetime.combine(date.fromordinal(jour), time(), PARIS))


def from_iso(texte: str) -> int:
    """The day that ``2023-01-31`` writes; ``ValueError`` when it is not one."""
    jour = _ISO_JOURS.get(texte)
    if jour is None:
        if len(texte) != 10:
            raise ValueError(f"jour attendu sous la forme AAAA-MM-JJ, reçu {texte!r}")
        jour = date.fromisoformat(texte).toordinal()
        if len(_ISO_JOURS) < 100_000:
            _ISO_JOURS[texte] = jour
    return jour


def to_datetime(instant: int) -> datetime:
    """The instant as an aware UTC ``datetime`` (microseconds)."""
    return _EPOQUE + timedelta(microseconds=instant // 1000)


def from_datetime(moment: datetime) -> int:
    """The instant of an aware ``datetime``."""
    ecart = moment - _EPOQUE
    return (ecart.days * 86_400 + ecart.seconds) * SECONDE + ecart.microseconds * 1000


def write_instant(instant: int) -> str:
    """``2024-03-05T08:10:00.123456Z`` for an instant."""
    return to_datetime(instant).isoformat().replace("+00:00", "Z")


def add_months(jour: int, mois: int) -> int:
    """The day ``mois`` months later (or earlier): same day of the month, or the last day of that month.

    Source: the month convention of the indicator contract.
    """
    depart = date.fromordinal(jour)
    rang = depart.year * 12 + depart.month - 1 + mois
    annee, index = divmod(rang, 12)
    suivant = date(annee + (index == 11), (index + 1) % 12 + 1, 1)
    dernier = (suivant - timedelta(days=1)).day
    return date(annee, index + 1, min(depart.day, dernier)).toordinal()
