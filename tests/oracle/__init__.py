"""The public oracle: plain, slow Python that computes every figure from a file of front-office events.

It shares no code with the project, so that it can judge it. Typical use:

    jugement = juge_fichier(chemin, now=datetime.now(UTC))       # accepted, duplicates, refusals
    tout = etat(jugement.acceptes)                               # objects, dead letters, waiting facts
    indicateurs(tout, "091", date(2023, 1, 1), date(2023, 1, 31))["COG-08-29"]["valeur"]
"""

from __future__ import annotations

from tests.oracle.creances import Creance, replie_creance
from tests.oracle.door import Evenement, Jugement, Refus, Rejet, juge_evenement, juge_fichier, juge_lignes
from tests.oracle.figures import coupe, indicateurs, premier_jour, stock_par_jour
from tests.oracle.pieces import Pause, Piece, replie_piece
from tests.oracle.state import Etat, etat
from tests.oracle.values import Chiffre

__all__ = [
    "Chiffre",
    "Creance",
    "Etat",
    "Evenement",
    "Jugement",
    "Pause",
    "Piece",
    "Refus",
    "Rejet",
    "coupe",
    "etat",
    "indicateurs",
    "juge_evenement",
    "juge_fichier",
    "juge_lignes",
    "premier_jour",
    "replie_creance",
    "replie_piece",
    "stock_par_jour",
]
