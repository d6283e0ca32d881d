"""Créances: found, notified, qualified as fraud, repaid; rights that end."""

from collections.abc import Iterator
from random import Random
from typing import Any

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.caisse import Caisse, Choix, office_hour, share
from ecluse.simulateur.causes import FRAUDE, Causes, Constat, Origines
from ecluse.simulateur.conditions import ORDINAIRES, Conditions
from ecluse.simulateur.fraudes import Fraude
from ecluse.simulateur.remboursements import Remboursements
from ecluse.simulateur.volumes import Flux, Rythme
from shared.temps import to_jour


class Creances:
    """The créances of a Caf, day after day: every day is asked for once, in order, from the first one on."""

    def __init__(self, caisse: Caisse) -> None:
        profil = caisse.profil
        self._caisse = caisse
        self._causes = Causes(caisse)
        self._remboursements = Remboursements(caisse)
        self._prestations = Choix(profil.creances.prestations)
        self._prestations_de_fraude = Choix(profil.fraudes.prestations)
        self._requalifiees = caisse.strata("requalifiées")
        self._droits = Flux(caisse, "droits clos", profil.creances.droits_clos, Rythme.BUREAU)
        self.collect = self._remboursements.collect
        self.mode = self._remboursements.mode

    def __len__(self) -> int:
        """How many have a step to come."""
        return len(self._remboursements)

    def of_day(
        self, jour: int, conditions: Conditions = ORDINAIRES, origines: Origines | None = None
    ) -> Iterator[list[Acte]]:
        """The acts of the day, of old and new créances, with those of the weeks after that are settled by then.

        ``origines``: what happened on the day; None when nobody knows.
        """
        yield from self._remboursements.of_day(jour, self._causes.factor(conditions))
        yield from self._found(jour, conditions, origines, 1.0, 1.0)
        tirage = self._caisse.draw_for(jour, "droits")
        for _ in range(self._droits.count(jour)):
            dossier, prestation = self._remboursements.end_rights(tirage, self._prestations.pick(tirage))
            yield [Acte("droits.clos", dossier, office_hour(tirage, jour), {"prestation": prestation})]

    def old_day(self, jour: int, indus: float = 1.0, fraudes: float = 1.0) -> Iterator[list[Acte]]:
        """The acts of a day before the period, with indus and frauds found at these densities."""
        yield from self._remboursements.of_day(jour, indus)
        yield from self._found(jour, ORDINAIRES, None, indus, fraudes)

    def _found(
        self, jour: int, conditions: Conditions, origines: Origines | None, indus: float, fraudes: float
    ) -> Iterator[list[Acte]]:
        tirage = self._caisse.draw_for(jour, "creances")
        for constat in self._causes.of_day(tirage, jour, conditions, origines, indus, fraudes):
            yield self._find(tirage, constat)

    def _find(self, tirage: Random, constat: Constat) -> list[Acte]:
        fraude = constat.fraude
        prestations = self._prestations_de_fraude if fraude else self._prestations
        indu = self._indu(tirage, constat, prestations.pick(tirage))
        actes = [indu, self._notify(tirage, indu)]
        if fraude:
            actes.append(self._qualify(tirage, indu, fraude))
        self._remboursements.follow(tirage, indu, fraude=fraude is not None)
        return actes

    def _indu(self, tirage: Random, constat: Constat, prestation: str) -> Acte:
        partenaire = share(tirage, self._caisse.profil.creances.debiteur_partenaire)
        cause = constat.cause
        if cause == FRAUDE and share(self._requalifiees, self._caisse.profil.fraudes.requalifiees):
            cause = "erreur_declaration"
        data: dict[str, Any] = {
            "creance": self._caisse.name("K"),
            "prestation": prestation,
            "montant_centimes": constat.montant,
            "cause": cause,
            "debiteur": "partenaire" if partenaire else "allocataire",
        }
        if constat.origine:
            data["origine"] = constat.origine
        return Acte("indu.constate", constat.dossier, constat.instant, data)

    def indu(self, tirage: Random, jour: int, prestation: str, cause: str, montant: int) -> Acte:
        """A new créance of any dossier (cents)."""
        constat = Constat(cause, self._caisse.dossier(tirage)[0], office_hour(tirage, jour), montant)
        return self._indu(tirage, constat, prestation)

    def _notify(self, tirage: Random, indu: Acte) -> Acte:
        jour = self._caisse.next_working(to_jour(indu.instant) + tirage.randint(1, 6))
        return Acte("creance.notifiee", indu.dossier, office_hour(tirage, jour), {"creance": indu.data["creance"]})

    def _qualify(self, tirage: Random, indu: Acte, fraude: Fraude) -> Acte:
        data = {"creance": indu.data["creance"], "prejudice_centimes": fraude.prejudice}
        return Acte("fraude.qualifiee", indu.dossier, office_hour(tirage, fraude.qualifiee), data)
