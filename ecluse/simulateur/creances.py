"""Créances: found, notified, repaid month by month, remitted, cancelled, qualified as fraud; rights that end."""

from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any, Final, NamedTuple

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.caisse import Caisse, Choix, at, count, office_hour, share
from shared.temps import add_months, to_jour

_JOUR_DE_PAIEMENT: Final = 5
_MENSUALITES_AU_PLUS: Final = 22
_MENSUALITES_DE_FRAUDE: Final = 18


class _Histoire(NamedTuple):
    """How a créance will be repaid: cents per month, and how many months at most."""

    mensualite: int
    mois: int


class Creances:
    """Plans créances by the day on which they are found."""

    def __init__(self, caisse: Caisse) -> None:
        self._caisse = caisse
        profil = caisse.profil
        self._prestations = Choix(profil.creances.prestations)
        self._prestations_de_fraude = Choix(profil.fraudes.prestations)
        self._causes = Choix(profil.creances.causes)
        self._modes = Choix(profil.creances.modes)

    def of_day(self, jour: int) -> Iterator[list[Acte]]:
        """The acts of each créance found on this day, and the rights that end on it."""
        yield from self.found(jour)
        if self._caisse.works(jour):
            tirage = self._caisse.draw_for(jour, "droits")
            for _ in range(count(tirage, self._caisse.per_working_day(self._caisse.profil.creances.droits_clos))):
                yield [self._end_rights(tirage, jour)]

    def found(self, jour: int, indus: float = 1.0, fraudes: float = 1.0) -> Iterator[list[Acte]]:
        """The acts of each créance found on this day, at these densities."""
        if not self._caisse.works(jour):
            return
        profil, tirage = self._caisse.profil, self._caisse.draw_for(jour, "creances")
        for _ in range(count(tirage, self._caisse.per_working_day(profil.creances.indus.nombre * indus))):
            yield self._find(tirage, jour)
        for _ in range(count(tirage, self._caisse.per_working_day(profil.fraudes.qualifiees.nombre * fraudes))):
            yield self._find_fraud(tirage, jour)

    def _find(self, tirage: Random, jour: int) -> list[Acte]:
        profil = self._caisse.profil.creances
        montant = _amount(tirage, profil.indus.euros_en_moyenne)
        indu = self.indu(tirage, jour, self._prestations.pick(tirage), self._causes.pick(tirage), montant)
        notifiee = self._notify(tirage, indu)
        if share(tirage, profil.annulees):
            return [indu, notifiee, self._cancel(tirage, indu)]
        if share(tirage, profil.remises.demandes):
            return [indu, notifiee, *self._remission(tirage, indu)]
        plan = self._plan(tirage, montant, profil.jamais_payees, profil.interrompues, _MENSUALITES_AU_PLUS)
        return [indu, notifiee, *self._repay(tirage, indu, notifiee, montant, plan)]

    def _find_fraud(self, tirage: Random, jour: int) -> list[Acte]:
        profil = self._caisse.profil.fraudes
        montant = _amount(tirage, profil.qualifiees.euros / profil.qualifiees.nombre)
        cause = "erreur_declaration" if share(tirage, profil.requalifiees) else "fraude"
        indu = self.indu(tirage, jour, self._prestations_de_fraude.pick(tirage), cause, montant)
        notifiee = self._notify(tirage, indu)
        qualifiee = Acte(
            "fraude.qualifiee",
            indu.dossier,
            self._office(tirage, jour + int(tirage.uniform(10, 60))),
            {"creance": indu.data["creance"], "prejudice_centimes": montant},
        )
        plan = self._plan(tirage, montant, profil.jamais_payees, profil.interrompues, _MENSUALITES_DE_FRAUDE)
        return [indu, notifiee, qualifiee, *self._repay(tirage, indu, notifiee, montant, plan)]

    def indu(self, tirage: Random, jour: int, prestation: str, cause: str, montant: int) -> Acte:
        """A new créance (cents)."""
        partenaire = share(tirage, self._caisse.profil.creances.debiteur_partenaire)
        data: dict[str, Any] = {
            "creance": self._caisse.name("K"),
            "prestation": prestation,
            "montant_centimes": montant,
            "cause": cause,
            "debiteur": "partenaire" if partenaire else "allocataire",
        }
        return Acte("indu.constate", self._caisse.dossier(tirage)[0], office_hour(tirage, jour), data)

    def _notify(self, tirage: Random, indu: Acte) -> Acte:
        instant = self._office(tirage, to_jour(indu.instant) + 1 + int(tirage.uniform(0, 6)))
        return Acte("creance.notifiee", indu.dossier, instant, {"creance": indu.data["creance"]})

    def _cancel(self, tirage: Random, indu: Acte) -> Acte:
        instant = self._office(tirage, to_jour(indu.instant) + int(tirage.uniform(15, 90)))
        motif = tirage.choice(["recours", "erreur", "mediation"])
        data = {
            "creance": indu.data["creance"],
            "montant_centimes": indu.data["montant_centimes"],
            "motif": motif,
        }
        return Acte("indu.annule", indu.dossier, instant, data)

    def _remission(self, tirage: Random, indu: Acte) -> list[Acte]:
        """A demand, its decision, and what is left repaid."""
        profil, montant = self._caisse.profil.creances, indu.data["montant_centimes"]
        demandee = self._office(tirage, to_jour(indu.instant) + int(tirage.uniform(8, 40)))
        decidee = self._office(tirage, to_jour(demandee) + int(tirage.uniform(10, 35)))
        creance = {"creance": indu.data["creance"]}
        demande = Acte("remise.demandee", indu.dossier, demandee, {**creance, "montant_centimes": montant})
        instance = {"instance": "cra" if montant > 100 * profil.seuil_cra_euros else "services"}
        tire, remises = tirage.random(), profil.remises
        if tire < remises.totales:
            data = {**creance, "montant_centimes": montant, **instance, "portee": "totale"}
            return [demande, Acte("remise.accordee", indu.dossier, decidee, data)]
        remis = 0
        decision = Acte("remise.refusee", indu.dossier, decidee, {**creance, **instance})
        if tire < remises.totales + remises.partielles:
            remis = max(1, round(montant * profil.remise_partielle))
            data = {**creance, "montant_centimes": remis, **instance, "portee": "partielle"}
            decision = Acte("remise.accordee", indu.dossier, decidee, data)
        plan = self._plan(tirage, montant, profil.jamais_payees, profil.interrompues, _MENSUALITES_AU_PLUS)
        return [demande, decision, *self._repay(tirage, indu, decision, montant - remis, plan)]

    def _plan(self, tirage: Random, montant: int, jamais: float, interrompues: float, au_plus: int) -> _Histoire:
        moyenne = 100 * self._caisse.profil.creances.mensualite_euros
        mensualite = max(round(tirage.gammavariate(3, moyenne / 3)), -(-montant // au_plus), 500)
        tire = tirage.random()
        if tire < jamais:
            return _Histoire(mensualite, 0)
        prevus = -(-montant // mensualite)
        if tire < jamais + interrompues:
            return _Histoire(mensualite, int(tirage.uniform(0, prevus)))
        return _Histoire(mensualite, prevus)

    def _repay(self, tirage: Random, indu: Acte, depuis: Acte, montant: int, plan: _Histoire) -> Iterator[Acte]:
        mode, premier = self._modes.pick(tirage), to_jour(depuis.instant)
        for rang in range(plan.mois):
            verse = min(plan.mensualite, montant)
            if verse <= 0:
                return
            montant -= verse
            jour = add_months(premier, rang + 1)
            # Retenues are taken on the day benefits are paid; the rest comes when it comes.
            jour = _pay_day(jour) if mode == "retenue" else jour
            encaissement = self.collect(
                indu.data["creance"], indu.dossier, verse, mode, at(jour, tirage.uniform(6, 20))
            )
            yield encaissement
            if share(tirage, self._caisse.profil.creances.encaissements_annules):
                yield self._undo(tirage, encaissement)

    def collect(self, creance: str, dossier: str, montant: int, mode: str, instant: int) -> Acte:
        """Money comes in (cents)."""
        data = {"creance": creance, "encaissement": self._caisse.name("E"), "montant_centimes": montant, "mode": mode}
        return Acte("encaissement.constate", dossier, instant, data)

    def mode(self, tirage: Random) -> str:
        """How a debtor pays."""
        return self._modes.pick(tirage)

    def _undo(self, tirage: Random, encaissement: Acte) -> Acte:
        instant = self._office(tirage, to_jour(encaissement.instant) + int(tirage.uniform(2, 12)))
        data = {nom: encaissement.data[nom] for nom in ("creance", "encaissement")}
        return Acte("encaissement.annule", encaissement.dossier, instant, data)

    def _end_rights(self, tirage: Random, jour: int) -> Acte:
        data = {"prestation": self._prestations.pick(tirage)}
        return Acte("droits.clos", self._caisse.dossier(tirage)[0], office_hour(tirage, jour), data)

    def _office(self, tirage: Random, jour: int) -> int:
        return office_hour(tirage, self._caisse.next_working(jour))


def _amount(tirage: Random, euros: float) -> int:
    """An amount in cents with this mean: many small ones, a few large."""
    return max(1_000, round(tirage.gammavariate(0.9, 100 * euros / 0.9)))


def _pay_day(jour: int) -> int:
    """The next day, from this one, on which benefits are paid."""
    passes = date.fromordinal(jour).day - _JOUR_DE_PAIEMENT
    return jour - passes if passes <= 0 else add_months(jour - passes, 1)
