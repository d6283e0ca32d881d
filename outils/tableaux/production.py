"""Production: stock, solde, délai, ages, flows, balance."""

from outils.tableaux.direction import freshness
from outils.tableaux.panneaux import Tableau
from outils.tableaux.requetes import Chiffre, Courbe, curve, number, page_of, target_of


def production() -> Tableau:
    """The dashboard."""
    t = Tableau("production", "Production", "Stock, solde, délai, âges et flux des pièces.")
    t.row("Fraîcheur")
    t.figures(*freshness())
    t.row("Maintenant")
    t.figures(*(number(c) for c in ("STOCK", "STOCK-TRAITABLE", "SOLDE-JOURS", "SOLDE-TRAITABLE-JOURS")))
    t.figures(*(number(c) for c in ("COG-08-29", "COG-08-33", "AGE-MAX", "BALANCE")))
    t.row("Stock et solde")
    t.graph("Stock", "nombre", page_of("STOCK"), *map(curve, ("STOCK", "STOCK-TRAITABLE", "STOCK-EN-ATTENTE")))
    t.graph(
        "Solde",
        "jours",
        page_of("SOLDE-JOURS"),
        *map(curve, ("SOLDE-JOURS", "SOLDE-TRAITABLE-JOURS")),
        target_of("SOLDE-JOURS"),
    )
    t.row("Délai")
    t.graph(
        "Délai moyen, 28 derniers jours",
        "jours",
        page_of("COG-08-29"),
        *(curve(code, "28j") for code in ("COG-08-29", "COG-08-30", "COG-08-31", "COG-08-32")),
        target_of("COG-08-29"),
    )
    t.graph(
        "Répartition du délai, depuis le début du mois",
        "jours",
        page_of("DELAI-P90"),
        *map(curve, ("DELAI-MEDIAN", "DELAI-P90", "DELAI-HORS-ATTENTE")),
    )
    t.graph(
        "Dérive du délai",
        "rapport",
        page_of("COG-08-29"),
        Courbe('ecluse:delay:drift{caf="$caf", code="COG-08-29"}', "7 derniers jours rapportés aux 28 derniers"),
        description="Au-dessus de 1, le délai s'allonge ; une alerte vient à 1,15.",
    )
    t.graph("Pièces traitées vite", "taux", page_of("PART-15J"), *map(curve, ("PART-15J", "PART-MINIMA-10J")))
    t.row("Âges du stock")
    t.graph(
        "Part du stock de plus de 40 jours", "taux", page_of("COG-08-33"), curve("COG-08-33"), target_of("COG-08-33")
    )
    t.graph("Plus ancienne pièce", "jours", page_of("AGE-MAX"), curve("AGE-MAX"))
    t.row("Flux et balance")
    t.graph(
        "Pièces du jour",
        "nombre",
        page_of("PIECES-TRAITEES"),
        *(curve(code, "jour") for code in ("PIECES-ARRIVEES", "PIECES-TRAITEES", "PIECES-ANNULEES")),
        description="Depuis minuit.",
    )
    t.graph(
        "Balance des pièces",
        "nombre",
        page_of("BALANCE"),
        curve("BALANCE"),
        description="Ouverture + arrivées − traitées − annulées − clôture : toujours 0, ou une alerte.",
    )
    t.row("Qualité et téléservices")
    t.graph("Qualité de liquidation", "taux", page_of("IQL0"), *map(curve, ("IQL0", "IQL6")))
    t.graph("Arrivées par le web", "taux", page_of("COG-08-28"), *map(curve, ("PART-WEB-RECUES", "COG-08-28")))
    t.row("Corbeille des pièces")
    queue(t, "pieces", "Corbeille des pièces")
    return t


def queue(t: Tableau, corbeille: str, titre: str) -> None:
    """What a corbeille holds, and how long it waits."""
    choix = f'caf="$caf", corbeille="{corbeille}"'
    etats = (("pret", "À prendre"), ("pris", "Prises"), ("dormant", "En attente d'un jour"))
    page = f"/corbeilles/{corbeille}?caf=$caf"
    t.graph(
        titre,
        "nombre",
        page,
        *(Courbe(f'ecluse:queue:items{{{choix}, etat="{etat}"}}', libelle) for etat, libelle in etats),
    )
    t.figures(Chiffre(f"{titre} : la plus ancienne attend", f"ecluse:queue:oldest_days{{{choix}}}", "jours", page))
