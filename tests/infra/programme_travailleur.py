"""The worker of a service as a process of its own: ``… SERVICE DATABASE_URL BROKER PREFIX SESSION_MS INSTANCE``.

Says ``pret`` once it runs, and what it counted when it is asked to stop.
"""

import asyncio
import json
import logging
import sys
from functools import partial
from pathlib import Path

from ecluse.distribue.depart import leave
from services.contacts.app import bootstrap as open_contacts
from services.production.app import bootstrap as open_production
from services.recovery.app import bootstrap as open_recovery
from shared.bus.courtier import Courtier
from shared.bus.entrees import Entrees, topic_identity
from shared.bus.lecteur import LecteurParLots
from shared.bus.reglages import ReglagesLecture
from shared.bus.sujets import ENTREES
from shared.bus.travailleur import Travailleur, run
from shared.reglages import Reglages

OUVREURS = {"contacts": open_contacts, "production": open_production, "recovery": open_recovery}


async def work(nom: str, url: str, serveur: str, prefixe: str, session: str, instance: str) -> int:
    """Run until told to stop."""
    courtier = Courtier((serveur,), prefixe)
    reglages = ReglagesLecture(int(session), instance or None, immobile=30.0)
    service = OUVREURS[nom](Reglages(Path(), bases={nom: url}), lambda: None)
    sujet = ENTREES.nom(prefixe)
    entrees = Entrees(service, sujet, partial(topic_identity, courtier, sujet))
    lecteur = LecteurParLots(courtier, sujet, entrees, reglages=reglages, groupe=f"{prefixe}.{nom}", lot_max=50)

    def change_level(niveau: str) -> None:
        print(f"niveau {niveau}", flush=True)

    travailleur = Travailleur(nom, courtier, [lecteur], reglages=reglages, change_level=change_level)
    code = await run(travailleur, lambda: print("pret", flush=True))
    service.close()
    print(json.dumps({"devances": lecteur.compteurs.devances, "acceptes": entrees.compteurs.acceptes}), flush=True)
    return code


if __name__ == "__main__":
    logging.basicConfig(level="INFO")
    leave(asyncio.run(work(*sys.argv[1:])))
