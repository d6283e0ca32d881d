"""Numbers, days and durations as French readers write them. Values arrive at full precision: only screens round."""

from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from shared.temps import PARIS, SECONDE, to_datetime

ND: Final = "ND"
# Narrow no-break space between thousands and before «%»; no-break space before a unit.
FINE: Final = "\u202f"
INSECABLE: Final = "\u00a0"
MOINS: Final = "\u2212"

_MOIS: Final = (
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()  # noqa: SIM905  # twelve words read better than twelve quoted strings
)
_MOIS_COURTS: Final = "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.".split()  # noqa: SIM905  # the same
_JOURS: Final = "lundi mardi mercredi jeudi vendredi samedi dimanche".split()  # noqa: SIM905  # the same

# As many digits as the largest float has.
_CONTEXTE: Final = Context(prec=400)
_SERVICES: Final = {
    "contacts": "Contacts",
    "production": "Production",
    "recovery": "Recouvrement",
    "indicators": "Indicateurs",
}


def round_half_up(valeur: float, decimales: int) -> Decimal:
    """The value at so many decimals, halves away from zero as people round."""
    return Decimal(repr(valeur)).quantize(Decimal(1).scaleb(-decimales), ROUND_HALF_UP, _CONTEXTE)


def nombre(valeur: float | None, decimales: int = 0) -> str:
    """``12 345,6``; «ND» for what is not available."""
    if valeur is None:
        return ND
    texte = f"{round_half_up(valeur, decimales):,f}".replace(",", FINE).replace(".", ",")
    if texte.startswith("-"):
        texte = texte[1:] if not texte.strip("-0,") else MOINS + texte[1:]
    return texte


def pourcent(part: float | None, decimales: int = 1) -> str:
    """``6,2 %`` for the fraction 0.0623."""
    return ND if part is None else f"{nombre(part * 100, decimales)}{FINE}%"


def euros(centimes: float | None, decimales: int = 0) -> str:
    """``1 234 €`` for 123 400 cents."""
    return ND if centimes is None else f"{nombre(centimes / 100, decimales)}{INSECABLE}€"


def jour_long(jour: int | None) -> str:
    """``1er février 2023``."""
    if jour is None:
        return ND
    d = date.fromordinal(jour)
    return f"{_quantieme(d)}{INSECABLE}{_MOIS[d.month - 1]} {d.year}"


def jour_semaine(jour: int) -> str:
    """``mardi 21 novembre 2023``."""
    return f"{_JOURS[date.fromordinal(jour).weekday()]} {jour_long(jour)}"


def jour_semaine_bref(jour: int) -> str:
    """``mar. 21 nov.``, for a line of a table."""
    return f"{_JOURS[date.fromordinal(jour).weekday()][:3]}.{INSECABLE}{jour_bref(jour)}"


def jour_bref(jour: int) -> str:
    """``21 nov.``, for an axis."""
    d = date.fromordinal(jour)
    return f"{d.day}{INSECABLE}{_MOIS_COURTS[d.month - 1]}"


def mois_bref(jour: int) -> str:
    """``nov. 2023``, for an axis."""
    d = date.fromordinal(jour)
    return f"{_MOIS_COURTS[d.month - 1]}{INSECABLE}{d.year}"


def jour_court(jour: int | None) -> str:
    """``21/11/2023``."""
    return ND if jour is None else date.fromordinal(jour).strftime("%d/%m/%Y")


def intervalle(du: int, au: int) -> str:
    """``du 1er au 21 novembre 2023``, without what the two days share."""
    debut, fin = date.fromordinal(du), date.fromordinal(au)
    if du == au:
        return f"le {jour_long(au)}"
    if (debut.year, debut.month) == (fin.year, fin.month):
        return f"du {_quantieme(debut)} au {jour_long(au)}"
    if debut.year == fin.year:
        return f"du {_quantieme(debut)}{INSECABLE}{_MOIS[debut.month - 1]} au {jour_long(au)}"
    return f"du {jour_long(du)} au {jour_long(au)}"


def heure(instant: int | None) -> str:
    """``14:02:31`` in Paris, for an instant (ns)."""
    return ND if instant is None else to_datetime(instant).astimezone(PARIS).strftime("%H:%M:%S")


def moment(instant: int | None) -> str:
    """``21/11/2023 à 14:02:31`` in Paris, for an instant (ns)."""
    return ND if instant is None else to_datetime(instant).astimezone(PARIS).strftime("%d/%m/%Y à %H:%M:%S")


def duree(secondes: float | None) -> str:
    """``0,2 s``, ``3 min 12 s``, ``2 h 05 min``, ``3 j 4 h``."""
    if secondes is None:
        return ND
    if secondes < 10:
        return f"{nombre(max(secondes, 0), 1)}{INSECABLE}s"
    entier = int(secondes)
    minutes, s = divmod(entier, 60)
    heures, m = divmod(minutes, 60)
    jours, h = divmod(heures, 24)
    if not minutes:
        return f"{s}{INSECABLE}s"
    if not heures:
        return f"{m}{INSECABLE}min {s:02}{INSECABLE}s"
    if not jours:
        return f"{h}{INSECABLE}h {m:02}{INSECABLE}min"
    return f"{nombre(jours)}{INSECABLE}j {h}{INSECABLE}h"


def duree_ns(nanosecondes: int | None) -> str:
    """A duration in nanoseconds, as ``duree`` writes it."""
    return ND if nanosecondes is None else duree(nanosecondes / SECONDE)


def nom_service(nom: str) -> str:
    """A service as people call it."""
    return _SERVICES.get(nom, nom)


def pluriel(nombre_: int, singulier: str, pluriel_: str | None = None) -> str:
    """``1 pièce``, ``2 pièces``: French has the plural from two."""
    mot = singulier if abs(nombre_) < 2 else pluriel_ or f"{singulier}s"
    return f"{nombre(nombre_)}{INSECABLE}{mot}"


def _quantieme(d: date) -> str:
    return "1er" if d.day == 1 else str(d.day)
