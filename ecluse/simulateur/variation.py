"""What conditions make of an ordinary day that is already planned: objects more or fewer, some that end otherwise."""

from collections.abc import Callable, Iterator
from itertools import count
from random import Random
from typing import Final

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.caisse import minutes_after, of, share
from ecluse.simulateur.conditions import ORDINAIRES, Conditions, factor
from ecluse.simulateur.contacts import close
from ecluse.simulateur.pieces import treat
from ecluse.simulateur.profil import Profil

Objets = list[list[Acte]]
_SANS_AGENT: Final = frozenset({"web", "partenaire"})


class Variation:
    """The day of a profile under conditions. Under ordinary ones it changes nothing and draws nothing."""

    def __init__(self, profil: Profil, conditions: Conditions, tirage: Random) -> None:
        self._profil = profil
        self._conditions = conditions
        self._tirage = tirage

    @property
    def capacity(self) -> float:
        """What the agents at work treat of the pieces of their own Caf, against an ordinary day."""
        autre = self._conditions.autre_caf
        return self._conditions.presence * (1 - (autre.part_des_agents if autre else 0.0))

    def of_day(self, ordinaires: Objets, others: Callable[[int], Objets]) -> Iterator[list[Acte]]:
        """The objects that begin. ``others(n)``: those of an n-th ordinary day (from 1 on), to draw more from."""
        if self._conditions == ORDINAIRES:
            yield from ordinaires
            return
        for rang in count():
            objets = ordinaires if rang == 0 else others(rang)
            poids = [self.weight(actes[0]) - rang for actes in objets]
            if rang and max(poids, default=0.0) <= 0:
                return
            for actes, part in zip(objets, poids, strict=True):
                if share(self._tirage, part):
                    yield self._alter(actes)

    def weight(self, debut: Acte) -> float:
        """How many objects begin where one ordinarily does."""
        data, conditions = debut.data, self._conditions
        if data.get("site") in conditions.sites_fermes:
            return 0.0
        if debut.type == "piece.arrivee":
            return factor(conditions.arrivees, data["nature"])
        if debut.type == "contact.recu":
            return factor(conditions.contacts, data["canal"])
        if debut.type == "indu.constate":
            return factor(conditions.indus, data["cause"])
        return 1.0

    def _alter(self, actes: list[Acte]) -> list[Acte]:
        if actes[0].type == "piece.arrivee":
            return self._piece(actes)
        if actes[0].type == "contact.recu" and actes[0].canal == "telephone":
            return self._call(actes)
        return actes

    def _piece(self, actes: list[Acte]) -> list[Acte]:
        """Treated by no agent where the share without agent is larger; left for later where agents are missing."""
        arrivee = actes[0]
        if len(actes) < 2 or any(a.data.get("automatique") for a in actes):
            return actes
        nature, canal = arrivee.data["nature"], arrivee.data["canal"]
        usuelle, voulue = of(self._profil.personnel.automatique, nature), of(self._conditions.automatique, nature)
        if canal in _SANS_AGENT and voulue > usuelle and share(self._tirage, (voulue - usuelle) / (1 - usuelle)):
            instant = minutes_after(self._tirage, arrivee.saisi or arrivee.instant, 5, 90)
            return [arrivee, treat(self._tirage, arrivee.data["piece"], arrivee.dossier, instant, automatique=True)]
        return actes if share(self._tirage, self.capacity) else actes[:1]

    def _call(self, actes: list[Acte]) -> list[Acte]:
        """Given up when nobody takes it any more; the machine goes on answering."""
        recu, *_ = actes
        pris = [a for a in actes if a.type == "contact.pris_en_charge"]
        if not pris or share(self._tirage, self._conditions.appels_aboutis):
            return actes
        return [recu, close(recu, pris[0].instant, "abandonne")]
