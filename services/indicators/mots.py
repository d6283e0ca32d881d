"""How a comparison, a projection and a maturity read on a screen: French, rounded for people."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import UNSET

from services.indicators.affiche import word_terms, word_value, word_with_unit
from services.indicators.answer import Indication
from services.indicators.comparaison import Avec, ComparaisonDePeriodes, Comparee, Evolution, Mesure, PeriodeComparee
from services.indicators.horizon import Projection, Projetee
from services.indicators.maturite import EtatDeMaturite
from services.indicators.registre.base import Indicateur
from services.indicators.registre.projections import PLUS_D_UN_AN, is_untold
from shared.temps import from_iso
from shared.web.formats import INSECABLE, intervalle, jour_court, jour_semaine, nombre, pluriel, pourcent

AVECS: Final = {Avec.annee_precedente: "Un an avant", Avec.precedente: "Juste avant"}
_EVOLUTIONS: Final = {Evolution.mieux: "mieux", Evolution.moins_bien: "moins bien", Evolution.egal: "sans changement"}


class LigneComparee(NamedTuple):
    """One of the two periods."""

    quand: str
    valeur: str
    detail: str
    jours_ouvres: str


class Rapprochement(NamedTuple):
    """The block of a comparison: a line for each period, and what they make together in a sentence."""

    lignes: list[LigneComparee]
    phrase: str


def word_comparison(comparaison: ComparaisonDePeriodes) -> Rapprochement:
    """The texts of the comparison of one figure, the first that it holds."""
    c = comparaison.indicateurs[0]
    lignes = [_line(comparaison.periode, c.ici, c), _line(comparaison.avec, c.avec, c)]
    if c.difference is None:
        return Rapprochement(lignes, c.avec.raison or "Sans différence à donner : une des deux valeurs manque.")
    evolution = f" ({_EVOLUTIONS[Evolution(c.evolution)]})" if c.evolution else ""
    return Rapprochement(lignes, f"Différence : {word_difference(c)}{evolution}.")


def word_difference(c: Comparee) -> str:
    """``+1,2 jours, soit +8,1 %``; points for a rate."""
    if c.difference is None:
        return ""
    signe = "+" if c.difference > 0 else ""
    if c.unite == "taux":
        return f"{signe}{nombre(c.difference * 100, 1)}{INSECABLE}points"
    texte = f"{signe}{word_with_unit(c.difference, c.unite)}"
    if c.relative is None:
        return texte
    return f"{texte}, soit {'+' if c.relative > 0 else ''}{pourcent(c.relative)}"


def word_maturity(indication: Indication, indicateur: Indicateur) -> str:
    """Until when a figure may move, and why; nothing for what is read at present."""
    affichee = indication.maturite
    if affichee is UNSET or indicateur.maturite is None:
        return ""
    definitif_le = jour_court(from_iso(affichee.definitif_le))
    pourquoi = f"{pluriel(affichee.jours, 'jour')} après la période, pour {indicateur.maturite.attend}"
    if affichee.etat == EtatDeMaturite.definitif:
        return f"Définitif depuis le {definitif_le} : {pourquoi}"
    return f"Provisoire, définitif le {definitif_le} au plus tôt : {pourquoi}"


def is_provisional(indication: Indication) -> bool:
    """Whether a figure is to be marked."""
    return indication.maturite is not UNSET and indication.maturite.etat == EtatDeMaturite.provisoire


def word_maturities(indications: Sequence[Indication]) -> str:
    """Whether some of these figures may still move."""
    return "chiffres provisoires" if any(map(is_provisional, indications)) else "chiffres définitifs"


def word_projection(projection: Projection) -> dict[str, str]:
    """The texts of the projection, by place: ``x.CODE.valeur`` and ``x.CODE.calcul``, ``x.depart`` from where."""
    textes = {"x.depart": _word_start(projection)}
    for p in projection.projections:
        textes[f"x.{p.code}.valeur"] = _word_projected(p)
        textes[f"x.{p.code}.calcul"] = _word_reckoning(p)
    return textes


def _line(periode: PeriodeComparee, mesure: Mesure, c: Comparee) -> LigneComparee:
    quand = intervalle(from_iso(periode.du), from_iso(periode.au))
    detail = word_terms(c.code, mesure.numerateur, mesure.denominateur)
    return LigneComparee(quand, word_with_unit(mesure.valeur, c.unite), detail, nombre(periode.jours_ouvres))


def _word_start(p: Projection) -> str:
    depart = f"Depuis la fin du {jour_semaine(from_iso(p.au))}"
    if p.rythme is UNSET:
        return f"{depart} : {p.raison or ''}."
    return (
        f"{depart}, au rythme des {p.rythme.jours_ouvres} derniers jours ouvrés : "
        f"{nombre(p.rythme.entrees_par_jour, 2)} arrivées nettes et {nombre(p.rythme.traitees_par_jour, 2)} traitées "
        f"par jour ouvré ; {pluriel(p.jours_ouvres_restants, 'jour ouvré', 'jours ouvrés')} d'ici le "
        f"{jour_court(from_iso(p.fin_de_mois))}."
    )


def _word_projected(p: Projetee) -> str:
    if is_untold(p.code, p.valeur):
        return PLUS_D_UN_AN
    if p.valeur is None or p.unite == "jours":
        return word_with_unit(p.valeur, p.unite)
    return word_value(p.valeur, p.unite, 0 if p.code == "STOCK-FIN-DE-MOIS" else 1)


def _word_reckoning(p: Projetee) -> str:
    if p.raison is not UNSET:
        return p.raison
    if p.le is UNSET or is_untold(p.code, p.valeur):
        return p.calcul
    return f"{p.calcul} ; le {jour_court(from_iso(p.le))}".removeprefix(" ; ")
