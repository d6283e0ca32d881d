"""A consumer of the work queue, run as a process of its own: takes, answers, waits, until nothing is left.

Arguments: host, port, name, seed. The standard library alone, so that fifty of them start quickly.
"""

import json
import random
import sys
from http.client import HTTPConnection
from typing import Any

CORBEILLE = "/v1/corbeilles/retard_1_mois"


class Consommateur:
    """One person at work."""

    def __init__(self, hote: str, port: str, nom: str, graine: str) -> None:
        self.connexion = HTTPConnection(hote, int(port), timeout=60)
        self.nom = nom
        self.hasard = random.Random(f"{graine}-{nom}")
        self.demandes = 0

    def call(self, methode: str, chemin: str, corps: Any = None) -> tuple[int, Any]:
        """Status and document of the answer. A command whose answer is lost is sent again with its key."""
        self.demandes += 1
        contenu = None if corps is None else json.dumps(corps)
        entetes = {"Content-Type": "application/json", "Idempotency-Key": f"{self.nom}-{self.demandes}"}
        self.connexion.request(methode, chemin, contenu, entetes)
        if contenu and self.hasard.random() < 0.1:
            self.connexion.close()
            self.connexion.request(methode, chemin, contenu, entetes)
        reponse = self.connexion.getresponse()
        octets = reponse.read()
        return reponse.status, json.loads(octets) if octets else None

    def work(self) -> bool:
        """One item, if there is one to take."""
        statut, pris = self.call("POST", f"{CORBEILLE}/prochain", {"titulaire": self.nom, "bail_secondes": 60})
        if statut == 204:
            return False
        assert statut == 200, pris
        chemin = f"/v1/travaux/{pris['caf']}/{pris['objet']}"
        tenu = {"corbeille": pris["corbeille"], "jeton": pris["jeton"]}
        geste = self.hasard.random()
        if geste < 0.1:
            self.answer(f"{chemin}/rendu", tenu)
        else:
            if geste < 0.3:
                self.answer(f"{chemin}/prolonge", tenu | {"bail_secondes": 60})
            self.answer(f"{chemin}/termine", tenu | {"issue": "joint"})
        return True

    def answer(self, chemin: str, corps: Any) -> None:
        """A command, which passes unless the lease has ended."""
        statut, document = self.call("POST", chemin, corps)
        assert statut in (200, 409), document

    def wait(self) -> bool:
        """Wait for an item. False when none is left, not even with somebody else."""
        _, liste = self.call("GET", "/v1/corbeilles")
        if not any(c["prets"] or c["pris"] for c in liste["corbeilles"]):
            return False
        self.call("GET", f"{CORBEILLE}/attente?secondes=0.1")
        return True


if __name__ == "__main__":
    consommateur = Consommateur(*sys.argv[1:])
    while consommateur.work() or consommateur.wait():
        pass
