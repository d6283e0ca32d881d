"""Recouvrement: indus, frauds, cohorts, remises, work queues."""

from outils.tableaux.direction import freshness
from outils.tableaux.panneaux import Tableau
from outils.tableaux.requetes import Courbe, curve, number, page_of, target_of


def recouvrement() -> Tableau:
    """The dashboard."""
    t = Tableau("recouvrement", "Recouvrement", "Indus, fraudes, remboursements, remises et corbeilles.")
    t.row("Fraîcheur")
    t.figures(*freshness())
    t.row("Depuis le début du mois")
    t.figures(*(number(c) for c in ("INDUS-NOMBRE", "INDUS-MONTANT", "REMISES-NOMBRE", "REMISES-MONTANT")))
    t.figures(*(number(c) for c in ("COG-10-43", "COG-10-42", "PART-DIRECT", "COG-10-41")))
    t.row("Indus et fraudes")
    t.graph("Indus constatés", "nombre", page_of("INDUS-NOMBRE"), *map(curve, ("INDUS-NOMBRE", "FRAUDES-NOMBRE")))
    t.graph(
        "Montants constatés",
        "euros",
        page_of("INDUS-MONTANT"),
        *map(curve, ("INDUS-MONTANT", "COG-10-41")),
    )
    t.row("Recouvrement")
    t.graph(
        "Taux de recouvrement des cohortes",
        "taux",
        page_of("COG-10-43"),
        *map(curve, ("COG-10-43", "COG-10-42")),
        target_of("COG-10-43"),
        description="Créances constatées 24 et 48 mois plus tôt.",
    )
    encaisse = 'ecluse_indicator_%s{caf="$caf", code="PART-DIRECT", fenetre="mois"}'
    t.graph(
        "Encaissements, depuis le début du mois",
        "euros",
        page_of("PART-DIRECT"),
        Courbe(f"max by (caf) ({encaisse % 'denominator'})", "Tous les encaissements"),
        Courbe(f"max by (caf) ({encaisse % 'numerator'})", "Versements et prélèvements"),
    )
    t.graph("Part du remboursement direct", "taux", page_of("PART-DIRECT"), curve("PART-DIRECT"))
    t.row("Remises de dette")
    t.graph(
        "Remises, depuis le début du mois",
        "nombre",
        page_of("REMISES-DEMANDEES"),
        *map(curve, ("REMISES-DEMANDEES", "REMISES-NOMBRE", "REMISES-REFUSEES")),
    )
    t.row("Corbeilles")
    corbeilles = 'caf="$caf", corbeille!="pieces"'
    t.graph(
        "Créances à prendre",
        "nombre",
        "/corbeilles",
        Courbe(f'ecluse:queue:items{{{corbeilles}, etat="pret"}}', "{{corbeille}}"),
    )
    t.graph(
        "La plus ancienne attend depuis",
        "jours",
        "/corbeilles",
        Courbe(f"ecluse:queue:oldest_days{{{corbeilles}}}", "{{corbeille}}"),
    )
    return t
