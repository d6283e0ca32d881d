"""Relation de service: calls, mails, visits, rendez-vous, complaints."""

from outils.tableaux.direction import freshness
from outils.tableaux.panneaux import Tableau
from outils.tableaux.requetes import curve, number, page_of, target_of


def relation() -> Tableau:
    """The dashboard."""
    t = Tableau("relation", "Relation de service", "Appels, courriels, accueil, rendez-vous, réclamations.")
    t.row("Fraîcheur")
    t.figures(*freshness())
    t.row("Depuis le début du mois")
    t.figures(*(number(c) for c in ("APPELS-RECUS", "COURRIELS-RECUS", "VISITES", "RDV-HONORES")))
    t.figures(*(number(c) for c in ("APPELS-TRAITES", "COURRIELS-PEC-48H", "RDV-7J", "REITERATION-7J")))
    t.row("Appels")
    t.graph("Appels aboutis", "taux", page_of("APPELS-ABOUTIS"), *map(curve, ("APPELS-TRAITES", "APPELS-ABOUTIS")))
    t.graph(
        "Appels du jour",
        "nombre",
        page_of("APPELS-RECUS"),
        *(curve(code, "jour") for code in ("APPELS-RECUS", "APPELS-TRAITES-NOMBRE")),
        description="Depuis minuit.",
    )
    t.row("Écrits")
    t.graph(
        "Réponses dans les temps",
        "taux",
        page_of("COG-08-27"),
        *map(curve, ("COG-08-25", "COG-08-27", "COURRIELS-PEC-48H")),
        target_of("COG-08-27"),
    )
    t.graph(
        "Courriels et visites du jour",
        "nombre",
        page_of("COURRIELS-RECUS"),
        *(curve(code, "jour") for code in ("COURRIELS-RECUS", "VISITES")),
        description="Depuis minuit.",
    )
    t.row("Rendez-vous")
    t.graph("Rendez-vous proposés et manqués", "taux", page_of("RDV-7J"), *map(curve, ("RDV-7J", "TAUX-ABSENCE")))
    t.graph(
        "Rendez-vous honorés, depuis le début du mois",
        "nombre",
        page_of("RDV-HONORES"),
        *map(curve, ("RDV-HONORES", "RDV-HONORES-site", "RDV-HONORES-telephone", "RDV-HONORES-visio", "RDV-MANQUES")),
    )
    t.row("Contacts répétés")
    t.graph("Contacts répétés dans les 7 jours", "taux", page_of("REITERATION-7J"), curve("REITERATION-7J"))
    return t
