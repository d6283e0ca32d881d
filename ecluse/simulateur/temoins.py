"""One finished example of everything a rate needs, so that no rate of a period that ends on the day is without value.

A demonstration may start on the 1st of a month, on a Sunday or a holiday, when the month so far holds hardly anything.
"""

from collections.abc import Iterator
from random import Random
from typing import Final

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.atelier import treat
from ecluse.simulateur.caisse import Caisse, at
from ecluse.simulateur.contacts import Contacts
from ecluse.simulateur.creances import Creances
from ecluse.simulateur.pieces import Pieces
from ecluse.simulateur.qualite import Qualite
from ecluse.simulateur.rendez_vous import RendezVous
from ecluse.simulateur.reponses import close, take
from shared.temps import MINUTE, to_jour

# Nature, téléservice, and days since the arrival.
_TRAITEES: Final = (("demande_rsa", "rsa", 4), ("demande_aah", "", 6), ("demande_al", "al", 13))


class Temoins:
    """Plans the examples around an instant, ``debut``.

    ``saisi``: the instant at which everything dated earlier was keyed in; None: when it happened.
    """

    def __init__(self, caisse: Caisse, debut: int, saisi: int | None = None) -> None:
        self._caisse = caisse
        self._debut = debut
        self._saisi = saisi
        self._jour = to_jour(debut)
        self._tirage: Random = caisse.draw_for(self._jour, "témoins")

    def plan(self) -> Iterator[list[Acte]]:
        """The acts of each example."""
        yield from self._pieces()
        yield from self._contacts()
        yield from self._rendez_vous()
        yield self._creance()
        qualite = Qualite(self._caisse)
        for moment in ("iql0", "iql6"):
            yield [qualite.verify(self._tirage, self._after(3), moment, conforme=True)]

    def _after(self, minutes: float) -> int:
        return self._debut + int(minutes * MINUTE)

    def _before(self, jours: int) -> int:
        return at(self._jour - jours, 10.0)

    def _late(self, actes: list[Acte]) -> list[Acte]:
        """The same acts; those dated before the start are keyed in at the given instant."""
        return [a._replace(saisi=self._saisi) if a.instant < self._debut else a for a in actes]

    def _pieces(self) -> Iterator[list[Acte]]:
        arrivees = Pieces(self._caisse, self._jour).arrivees
        for nature, teleservice, jours in _TRAITEES:
            instant = self._before(jours)
            quidam = arrivees.someone(self._tirage, instant)
            arrivee = arrivees.arrival(self._tirage, quidam, "web", (nature, teleservice))
            traitee = treat(self._tirage, arrivee.data["piece"], arrivee.dossier, self._after(5))
            yield self._late([arrivee, traitee])
        for nature, noms in self._caisse.profil.pieces.teleservices.items():
            for rang, nom in enumerate(noms):
                quidam = arrivees.someone(self._tirage, self._after(1 + rang))
                yield [arrivees.arrival(self._tirage, quidam, "web", (nature, nom))]

    def _contacts(self) -> Iterator[list[Acte]]:
        contacts = Contacts(self._caisse)
        for nature in ("information_generale", "reclamation"):
            recu = contacts.mail(self._tirage, self._after(1), nature)[0]
            yield [recu, take(recu, self._after(6)), close(recu, self._after(9), "repondu")]
        appel = contacts.call(self._tirage, self._after(2))[0]
        yield [appel, take(appel, self._after(4)), close(appel, self._after(8), "repondu")]

    def _rendez_vous(self) -> Iterator[list[Acte]]:
        rendez_vous = RendezVous(self._caisse)
        yield rendez_vous.plan(self._tirage, self._after(2))
        demande, propose, pris, *_ = rendez_vous.plan(self._tirage, self._before(5))
        honore = Acte("rendez_vous.honore", demande.dossier, self._after(7), {"rdv": demande.data["rdv"]})
        yield self._late([demande, propose, pris, honore])

    def _creance(self) -> list[Acte]:
        creances = Creances(self._caisse)
        indu = creances.indu(self._tirage, self._jour - 40, "ppa", "erreur_declaration", 32_000)
        creance, dossier = indu.data["creance"], indu.dossier
        notifiee = Acte("creance.notifiee", dossier, self._before(36), {"creance": creance})
        encaissement = creances.collect(creance, dossier, 8_000, "versement", self._after(6))
        return self._late([indu, notifiee, encaissement])
