"""What is projected at the rhythm of the last working days: labels, units, formulas. All of it is ours."""

from typing import Final, NamedTuple


class Projete(NamedTuple):
    """How a quantity is called and explained. ``calcul``: the formula with places for its terms; ``version`` grows when
    the formula changes; ``maison``: a formula that no source prints."""

    libelle: str
    unite: str
    formule: str
    calcul: str
    version: int = 1
    maison: bool = True


_BESOIN: Final = (
    "(20 × (stock + arrivées nettes × jours restants) − cible × pièces déjà traitées que le solde comptera) "
    "÷ (20 × jours restants + cible × jours restants comptés)"
)
_BESOIN_CHIFFRE: Final = (
    "(20 × ({stock} + {entrees} × {ouvres}) − {cible} × {deja_traitees}) ÷ (20 × {ouvres} + {cible} × {comptes})"
)
_SOLDE: Final = (
    "pièces à la fin du mois × 20 ÷ pièces traitées depuis le 20e dernier jour ouvré du mois, celles à venir au rythme"
)
ECOULER: Final = "JOURS-POUR-ECOULER"
# In working days. Beyond, a number of days tells nothing more than that the stock does not go down.
DICIBLE: Final = 366
PLUS_D_UN_AN: Final = "plus d'un an"
PROJECTIONS: Final[dict[str, Projete]] = {
    "STOCK-FIN-DE-MOIS": Projete(
        "Pièces à traiter à la fin du mois",
        "nombre",
        "stock + (arrivées nettes − traitées, par jour ouvré) × jours ouvrés restants ; au moins 0",
        "{stock} + ({entrees} − {sorties}) × {ouvres}",
    ),
    "SOLDE-FIN-DE-MOIS": Projete("Solde à la fin du mois", "jours", _SOLDE, "{projete} × 20 ÷ {traitees}"),
    "SOLDE-TRAITABLE-FIN-DE-MOIS": Projete(
        "Solde traitable à la fin du mois",
        "jours",
        f"{_SOLDE} ; ce qui attend un tiers reste ce qu'il est",
        "{projete} × 20 ÷ {traitees}",
    ),
    ECOULER: Projete(
        "Jours ouvrés pour écouler le stock",
        "jours",
        "stock ÷ (traitées − arrivées nettes, par jour ouvré)",
        "{stock} ÷ ({sorties} − {entrees})",
    ),
    "TRAITEMENTS-POUR-SOLDE": Projete(
        "Traitements par jour ouvré pour la cible de solde", "nombre", _BESOIN, _BESOIN_CHIFFRE
    ),
    "TRAITEMENTS-POUR-SOLDE-TRAITABLE": Projete(
        "Traitements par jour ouvré pour la cible de solde traitable", "nombre", _BESOIN, _BESOIN_CHIFFRE
    ),
    "TRAITEMENTS-POUR-DELAI": Projete(
        "Traitements par jour ouvré vers la cible de délai",
        "nombre",
        "(stock + arrivées nettes × jours restants − stock visé) ÷ jours restants ; stock visé : celui d'un délai égal "
        "à la cible en régime établi, par la loi de Little, cible × arrivées nettes par jour calendaire",
        "({stock} + {entrees} × {ouvres} − {vise}) ÷ {ouvres}",
    ),
}


def is_untold(code: str, valeur: float | None) -> bool:
    """Whether people read ``PLUS_D_UN_AN`` in the place of a number of days."""
    return code == ECOULER and valeur is not None and valeur > DICIBLE
