"""The figures of a data set, asked of the running house: the year, its months, its days, the stock of each day."""

from collections.abc import Iterator
from typing import Final

from msgspec import UNSET

from ecluse.jeu.description import Chiffre
from ecluse.jeu.dossier import JeuRefuse
from services.indicators.answer import Indication, Point, Reponse, Serie
from services.indicators.app import Indicateurs
from services.indicators.maturite import EtatDeMaturite
from services.indicators.registre import REGISTRE
from shared.temps import from_iso

ANNEE, MOIS, JOURS, STOCK = "annee", "mois", "jours", "stock"
TABLEAUX: Final = (ANNEE, MOIS, JOURS, STOCK)
# Neither what people type in nor what is read at present: a year that is over has neither.
CODES: Final = tuple(code for code, i in REGISTRE.items() if i.calcul is not None)
# A balance asks production to count its rows for each of its points.
PAR_JOUR: Final = tuple(code for code in CODES if code != "BALANCE")
STOCKS: Final = ("STOCK", "STOCK-EN-ATTENTE", "STOCK-TRAITABLE")


def ask_figures(indicateurs: Indicateurs, caf: str, du: str, au: str) -> Iterator[Chiffre]:
    """Every figure, table after table. Days as ``AAAA-MM-JJ``.

    Raises ``JeuRefuse`` when an event is not counted yet.
    """
    annee = indicateurs.figures(caf, du, au, CODES)
    if not annee.fraicheur.a_jour:
        raise JeuRefuse("les chiffres ne sont pas à jour de tous les événements : recommencer")
    yield from _year(annee)
    for tableau, pas, codes in ((MOIS, "mois", CODES), (JOURS, "jour", PAR_JOUR)):
        for serie in indicateurs.all_series(caf, du, au, codes, pas):
            yield from (_point(tableau, serie, p, None) for p in serie.points)
    for code in STOCKS:
        serie = indicateurs.series(code, caf, du, au, "jour", par="nature")
        for tranche in serie.tranches or ():
            yield from (_point(STOCK, serie, p, tranche.cle) for p in tranche.points)


def _year(reponse: Reponse) -> Iterator[Chiffre]:
    du, au = from_iso(reponse.du), from_iso(reponse.au)
    for i in reponse.indicateurs:
        yield Chiffre(
            ANNEE, i.code, i.libelle, i.unite, i.formule, du, au, None, i.valeur, i.numerateur, i.denominateur,
            _settled(i),
        )  # fmt: skip


def _settled(indication: Indication) -> bool | None:
    return None if indication.maturite is UNSET else indication.maturite.etat == EtatDeMaturite.definitif.value


def _point(tableau: str, serie: Serie, point: Point, nature: str | None) -> Chiffre:
    return Chiffre(
        tableau,
        serie.code,
        serie.libelle,
        serie.unite,
        serie.formule,
        from_iso(point.du),
        from_iso(point.au),
        nature,
        point.valeur,
        point.numerateur,
        point.denominateur,
        None if point.definitif is UNSET else point.definitif,
    )
