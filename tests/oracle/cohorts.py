"""The figures of créances, with the 24- and 48-month cohorts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from tests.oracle.calendar import mois_apres
from tests.oracle.creances import Creance
from tests.oracle.values import Chiffre, compte, quotient

MODES_DIRECTS = ("versement", "prelevement")


def figures_des_creances(creances: Sequence[Creance], _caf: str, du: date, au: date) -> dict[str, Chiffre]:
    """Every figure of the créances given, all of one Caf."""
    constatees = [creance for creance in creances if du <= creance.constat <= au]
    fraudes = [creance for creance in creances if creance.qualifiee and du <= creance.qualifiee <= au]
    encaissements = [e for creance in creances for e in creance.encaissements if du <= e.jour <= au]
    directs = [e for e in encaissements if e.mode in MODES_DIRECTS]
    remises = [somme for creance in creances for d, somme in creance.remises if du <= d <= au]
    demandes = [d for creance in creances for d in creance.demandes_de_remise if du <= d <= au]
    refus = [d for creance in creances for d in creance.refus_de_remise if du <= d <= au]
    return {
        "INDUS-NOMBRE": compte(len(constatees)),
        "INDUS-MONTANT": compte(sum(creance.montant for creance in constatees)),
        "FRAUDES-NOMBRE": compte(len(fraudes)),
        "COG-10-41": compte(sum(creance.prejudice for creance in fraudes)),
        "COG-10-43": _recouvrement([c for c in creances if not c.frauduleuse(au)], 24, au),
        "COG-10-42": _recouvrement([c for c in creances if c.frauduleuse(au) and c.prestation != "rsa"], 48, au),
        "PART-DIRECT": quotient(sum(e.montant for e in directs), sum(e.montant for e in encaissements)),
        "REMISES-NOMBRE": compte(len(remises)),
        "REMISES-MONTANT": compte(sum(remises)),
        "REMISES-DEMANDEES": compte(len(demandes)),
        "REMISES-REFUSEES": compte(len(refus)),
    }


def _recouvrement(creances: Sequence[Creance], mois: int, au: date) -> Chiffre:
    """What came in within so many months, for the créances of the twelve months that end so many months before."""
    avant, dernier = mois_apres(au, -(mois + 12)), mois_apres(au, -mois)
    cohorte = [creance for creance in creances if avant < creance.constat <= dernier]
    return quotient(sum(creance.recouvre_en(mois) for creance in cohorte), sum(creance.base for creance in cohorte))
