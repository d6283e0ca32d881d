"""How a figure reads on a screen: rounded for people, in French, with its targets and its state in words."""

from typing import Final, NamedTuple

from msgspec import UnsetType

from services.indicators.answer import Indication, SaisieAffichee
from services.indicators.cibles import CibleAffichee, Etat, Nature
from services.indicators.maturite import EtatDeMaturite
from services.indicators.registre import REGISTRE
from services.indicators.registre.base import Indicateur
from shared.temps import from_iso, parse_instant, to_jour
from shared.web.formats import INSECABLE, ND, euros, intervalle, jour_long, nombre, pourcent, round_half_up

OPERATEURS: Final = {"<=": "≤", ">=": "≥"}
ETATS: Final = {
    Etat.atteint: "Cible atteinte",
    Etat.non_atteint: "Cible non atteinte",
    Etat.suivi: "Suivi sans cible",
    Etat.cible_non_transmise: "Cible non transmise",
    Etat.sans_cible: "Sans cible",
    Etat.nd: "Non disponible",
}
MATURITES: Final = {EtatDeMaturite.provisoire: "provisoire", EtatDeMaturite.definitif: "définitif"}
_NATURES: Final = {
    Nature.individualisee: "individualisée",
    Nature.cog: "fixée par la Cog",
    Nature.nationale: "nationale",
    Nature.locale: "locale",
}
# Rates whose two terms are amounts.
EN_CENTIMES: Final = frozenset({"COG-10-42", "COG-10-43", "PART-DIRECT"})
_DECIMALES_MAX: Final = 4
# The words of the units that are not already in the value (%, €), nor plain numbers.
UNITES: Final = {"jours": "jours", "heures": "heures", "m2": "m²"}
_A_DECIMALES: Final = frozenset({*UNITES, "ratio"})


class Affiche(NamedTuple):
    """The texts of a figure. ``valeur``: with its sign (%, €), without its unit; ``detail``: the ratio that it is, or
    who typed it in, when, and for which period."""

    code: str
    libelle: str
    valeur: str
    unite: str
    detail: str
    cibles: list[str]
    etat: str
    etat_texte: str


def word_figure(indication: Indication) -> Affiche:
    """The texts of a figure of the answer."""
    return Affiche(
        indication.code,
        indication.libelle,
        _word_against(indication),
        UNITES.get(indication.unite, "") if indication.valeur is not None else "",
        word_terms(indication.code, indication.numerateur, indication.denominateur) or word_origin(indication.saisie),
        [_word_target(c, indication.unite) for c in indication.cibles if c.nature != Nature.suivi],
        indication.etat,
        ETATS[Etat(indication.etat)],
    )


def word_value(valeur: float | None, unite: str, decimales: int | None = None) -> str:
    """A value with its sign and without its unit: one decimal for rates and what is measured, none for counts and
    euros."""
    if valeur is None:
        return ND
    if unite == "taux":
        return pourcent(valeur, 1 if decimales is None else decimales)
    if unite == "centimes":
        return euros(valeur, decimales or 0)
    if unite in _A_DECIMALES and not isinstance(valeur, int):
        return nombre(valeur, 1 if decimales is None else decimales)
    return nombre(valeur, decimales or 0)


def word_level(valeur: float, unite: str) -> str:
    """A target or a level of an axis, with the decimals that it needs: ``16 jours``, ``73 %``, ``80,5 %``."""
    entier = round(valeur * (100 if unite == "taux" else 1), 6) % 1 == 0
    return word_with_unit(valeur, unite, 0 if entier else 1)


def word_with_unit(valeur: float | None, unite: str, decimales: int | None = None) -> str:
    """A value that stands alone in a sentence: ``13,6 jours``, ``6,2 %``, ``1 863``."""
    texte = word_value(valeur, unite, decimales)
    return f"{texte}{INSECABLE}{UNITES[unite]}" if unite in UNITES and valeur is not None else texte


def word_terms(code: str, numerateur: int | None, denominateur: int | None) -> str:
    """``60 687 ÷ 4 466``; nothing for a count, which is its own numerator."""
    if numerateur is None or denominateur is None:
        return ""
    write = euros if code in EN_CENTIMES else nombre
    return f"{write(numerateur)} ÷ {write(denominateur)}"


def word_origin(saisie: SaisieAffichee | UnsetType) -> str:
    """``Saisie le 3 février 2024 par pilotage, du 1er janvier au 31 décembre 2023``; nothing for what is computed."""
    if isinstance(saisie, UnsetType):
        return ""
    quand = jour_long(to_jour(parse_instant(saisie.saisie_le)))
    return f"Saisie le {quand} par {saisie.auteur}, {intervalle(from_iso(saisie.du), from_iso(saisie.au))}"


def word_typed(saisie: SaisieAffichee | UnsetType | None) -> str:
    """The same for whoever asks what a figure comes from; of a value that nobody has typed in, how to."""
    return "Aucune valeur saisie : ecluse valeurs saisir" if saisie is None else word_origin(saisie)


def judging_target(indication: Indication) -> float | None:
    """The level against which the state is judged (the first target), if it has one."""
    return indication.cibles[0].valeur if indication.cibles else None


def indicator(code: str) -> Indicateur:
    """What the registry says of an indicator."""
    return REGISTRE[code]


def _word_against(indication: Indication) -> str:
    """A value that rounding would bring to its target keeps the decimals that tell on which side of it it stands."""
    valeur, cible = indication.valeur, judging_target(indication)
    if valeur is None or cible is None or valeur == cible:
        return word_value(valeur, indication.unite)
    facteur = 100 if indication.unite == "taux" else 1
    for decimales in range(1, _DECIMALES_MAX):
        if round_half_up(valeur * facteur, decimales) != round_half_up(cible * facteur, decimales):
            return word_value(valeur, indication.unite, decimales if decimales > 1 else None)
    return word_value(valeur, indication.unite, _DECIMALES_MAX)


def _word_target(cible: CibleAffichee, unite: str) -> str:
    nature = _NATURES[Nature[cible.nature]]
    if cible.valeur is None or cible.operateur is None:
        return f"{nature} : non transmise"
    return f"{OPERATEURS[cible.operateur]}{INSECABLE}{word_level(cible.valeur, unite)} ({nature})"
