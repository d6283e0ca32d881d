"""How créances end: repaid month by month, stopped and taken up again, remitted, cancelled.

A créance keeps only what its next step needs, and waits under the day of that step: memory holds what is being repaid,
never what was or will be paid.
"""

from collections import deque
from collections.abc import Callable, Iterator
from copy import copy
from datetime import date
from functools import lru_cache
from random import Random
from typing import Final, Literal

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.caisse import Caisse, Choix, at, office_hour, share
from ecluse.simulateur.volumes import Flux, Rythme
from shared.temps import add_months, to_jour

Etape = Literal["annuler", "decider", "encaisser", "rien"]
# A month and some days: whoever is notified has time to answer before anything is taken.
_AVANT_LE_PREMIER: Final = 20
_JOUR_DE_PRELEVEMENT: Final = 10
_MOINDRE_MENSUALITE: Final = 500
# Days after the indu within which its remission is asked for.
_DEMANDE_AU_PLUS_TOT: Final = 8
_DEMANDE_AU_PLUS_TARD: Final = 40
_SANS_FIN: Final = -1
_MOTIFS: Final = Choix({"recours": 0.5, "erreur": 0.35, "mediation": 0.15})
_DIRECTS: Final = ("versement", "prelevement")


class Suivi:
    """A créance that is not over. ``reste``, ``mensualite``: cents; ``echeances``: payments before it stops."""

    __slots__ = ("creance", "dossier", "echeances", "etape", "fraude", "mensualite", "mode", "prestation", "reste")

    def __init__(self, indu: Acte, *, fraude: bool) -> None:
        self.creance: str = indu.data["creance"]
        self.dossier = indu.dossier
        self.prestation: str = indu.data["prestation"]
        self.reste: int = indu.data["montant_centimes"]
        self.fraude = fraude
        self.etape: Etape = "encaisser"
        self.mode = ""
        self.mensualite = 0
        self.echeances = _SANS_FIN


class Remboursements:
    """The créances under way. Every day is asked for, in order.

    Demands of remission are a stream of their own, of recent créances: a year has as many as the profile says, whatever
    the months in which indus are found.
    """

    def __init__(self, caisse: Caisse) -> None:
        profil = caisse.profil
        self._caisse = caisse
        self._profil = profil.creances
        self._modes = Choix(profil.creances.modes)
        self._directs = Choix({mode: profil.creances.modes.get(mode, 0.0) or 1e-9 for mode in _DIRECTS})
        self._annulations = caisse.strata("annulations")
        self._decisions = caisse.strata("décisions de remise")
        self._conduites = {False: caisse.strata("conduites"), True: caisse.strata("conduites de fraude")}
        self._arrets = caisse.strata("arrêts")
        demandes = profil.creances.indus.nombre * profil.creances.remises.demandes
        self._demandes = Flux(caisse, "remises", demandes, Rythme.BUREAU)
        self._jours: dict[int, list[Suivi]] = {}
        # By the day of the indu: neither frauds nor what will be cancelled.
        self._recents: dict[int, list[Suivi]] = {}
        self._sans_droits: deque[tuple[str, str]] = deque(maxlen=1000)
        self._etapes: dict[Etape, Callable[[Random, Suivi, int], list[Acte]]] = {
            "annuler": self._cancel,
            "decider": self._decide,
            "encaisser": self._take,
            "rien": lambda *_: [],
        }

    def __len__(self) -> int:
        return sum(map(len, self._jours.values()))

    def follow(self, tirage: Random, indu: Acte, *, fraude: bool) -> None:
        """A créance is notified: what will become of it."""
        suivi, jour = Suivi(indu, fraude=fraude), to_jour(indu.instant)
        if fraude:
            self._start(tirage, suivi, jour)
        elif share(self._annulations, self._profil.annulees):
            self._at_office(suivi, "annuler", jour + tirage.randint(15, 90))
        else:
            self._start(tirage, suivi, jour)
            self._recents.setdefault(jour, []).append(suivi)

    def of_day(self, jour: int, indus: float = 1.0) -> Iterator[list[Acte]]:
        """The acts of the day, by créance; ``indus``: what was found of late, as a factor on ordinary days."""
        yield from self._ask_of_day(jour, indus)
        tirage, etapes = self._caisse.draw_for(jour, "remboursements"), self._etapes
        for suivi in self._jours.pop(jour, ()):
            if actes := etapes[suivi.etape](tirage, suivi, jour):
                yield actes

    def _ask_of_day(self, jour: int, indus: float) -> Iterator[list[Acte]]:
        self._recents.pop(jour - _DEMANDE_AU_PLUS_TARD - 1, None)
        nombre = self._demandes.count(jour, indus)
        if not nombre:
            return
        jours = range(jour - _DEMANDE_AU_PLUS_TARD, jour - _DEMANDE_AU_PLUS_TOT + 1)
        dus = [s for j in jours for s in self._recents.get(j, ()) if s.reste and s.etape == "encaisser"]
        tirage = self._caisse.draw_for(jour, "remises")
        for suivi in tirage.sample(dus, min(nombre, len(dus))):
            yield self._ask(tirage, suivi, jour)

    def end_rights(self, tirage: Random, prestation: str) -> tuple[str, str]:
        """A dossier that draws nothing any more, and of which prestation: one whose retenues have stopped, if any."""
        if self._sans_droits:
            return self._sans_droits.popleft()
        return self._caisse.dossier(tirage)[0], prestation

    def collect(self, creance: str, dossier: str, montant: int, mode: str, instant: int) -> Acte:
        """Money comes in (cents)."""
        data = {"creance": creance, "encaissement": self._caisse.name("E"), "montant_centimes": montant, "mode": mode}
        return Acte("encaissement.constate", dossier, instant, data)

    def mode(self, tirage: Random) -> str:
        """How a debtor pays."""
        return self._modes.pick(tirage)

    def _at_office(self, suivi: Suivi, etape: Etape, jour: int) -> None:
        suivi.etape = etape
        self._wait(suivi, self._caisse.next_working(jour))

    def _wait(self, suivi: Suivi, jour: int) -> None:
        self._jours.setdefault(jour, []).append(suivi)

    def _cancel(self, tirage: Random, suivi: Suivi, jour: int) -> list[Acte]:
        data = {"creance": suivi.creance, "montant_centimes": suivi.reste, "motif": _MOTIFS.pick(tirage)}
        return [Acte("indu.annule", suivi.dossier, office_hour(tirage, jour), data)]

    def _ask(self, tirage: Random, suivi: Suivi, jour: int) -> list[Acte]:
        # What is waited for under another day has no payment to come until it is decided.
        demandeur, suivi.etape = copy(suivi), "rien"
        demandeur.echeances = _SANS_FIN
        self._at_office(demandeur, "decider", jour + tirage.randint(10, 35))
        data = {"creance": suivi.creance, "montant_centimes": suivi.reste}
        return [Acte("remise.demandee", suivi.dossier, office_hour(tirage, jour), data)]

    def _decide(self, tirage: Random, suivi: Suivi, jour: int) -> list[Acte]:
        remises, tire = self._profil.remises, self._decisions.random()
        instance = "cra" if suivi.reste > 100 * self._profil.seuil_cra_euros else "services"
        data = {"creance": suivi.creance, "instance": instance}
        instant = office_hour(tirage, jour)
        if tire >= remises.totales + remises.partielles:
            self._start(tirage, suivi, jour)
            return [Acte("remise.refusee", suivi.dossier, instant, data)]
        totale = tire < remises.totales
        remis = suivi.reste if totale else max(1, round(suivi.reste * self._profil.remise_partielle))
        suivi.reste -= remis
        if suivi.reste:
            self._start(tirage, suivi, jour)
        portee = {"montant_centimes": remis, "portee": "totale" if totale else "partielle"}
        return [Acte("remise.accordee", suivi.dossier, instant, {**data, **portee})]

    def _start(self, tirage: Random, suivi: Suivi, jour: int) -> None:
        """From here on it is repaid, or not."""
        conduite = self._caisse.profil.fraudes if suivi.fraude else self._profil
        moyenne = 100 * self._profil.mensualite_euros
        tiree = round(tirage.gammavariate(3, moyenne / 3))
        suivi.mensualite = max(tiree, -(-suivi.reste // conduite.mensualites_au_plus), _MOINDRE_MENSUALITE)
        suivi.mode = self._modes.pick(tirage)
        prevues, tire = -(-suivi.reste // suivi.mensualite), self._conduites[suivi.fraude].random()
        if tire < conduite.jamais_payees:
            self._pursue(tirage, suivi, jour, 0.0)
            return
        if tire < conduite.jamais_payees + conduite.interrompues:
            suivi.echeances = 1 + int(tirage.random() * prevues)
        suivi.etape = "encaisser"
        self._wait(suivi, self._next(tirage, suivi.mode, jour + _AVANT_LE_PREMIER))

    def _take(self, tirage: Random, suivi: Suivi, jour: int) -> list[Acte]:
        """A payment; some are undone days later, and are due again."""
        verse, mode = min(suivi.mensualite, suivi.reste), suivi.mode
        if mode == "compensation":
            # A rappel pays for all or part of it; the rest is taken month by month.
            verse = max(1, round(suivi.reste * tirage.uniform(0.3, 1.0)))
            suivi.mode = "retenue"
        actes = [self.collect(suivi.creance, suivi.dossier, verse, mode, at(jour, tirage.uniform(6, 20)))]
        if share(tirage, self._profil.encaissements_annules):
            actes.append(self._undo(tirage, actes[0], jour))
        else:
            suivi.reste -= verse
        if suivi.reste:
            self._go_on(tirage, suivi, jour)
        return actes

    def _undo(self, tirage: Random, encaissement: Acte, jour: int) -> Acte:
        instant = office_hour(tirage, self._caisse.next_working(jour + tirage.randint(2, 12)))
        data = {nom: encaissement.data[nom] for nom in ("creance", "encaissement")}
        return Acte("encaissement.annule", encaissement.dossier, instant, data)

    def _go_on(self, tirage: Random, suivi: Suivi, jour: int) -> None:
        if suivi.echeances > 0:
            suivi.echeances -= 1
        if suivi.echeances == 0:
            if suivi.mode == "retenue":
                self._sans_droits.append((suivi.dossier, suivi.prestation))
            self._pursue(tirage, suivi, jour, self._profil.reprises)
        else:
            self._wait(suivi, self._next(tirage, suivi.mode, jour + 1))

    def _pursue(self, tirage: Random, suivi: Suivi, jour: int, reprises: float) -> None:
        """Nothing comes any more: some pay again once called, a bailiff collects from others, the rest is lost."""
        tire = self._arrets.random()
        suivi.etape, suivi.echeances = "encaisser", _SANS_FIN
        if tire < reprises:
            suivi.mode = self._directs.pick(tirage)
            self._wait(suivi, self._next(tirage, suivi.mode, jour + tirage.randint(35, 75)))
        elif tire < reprises + (1 - reprises) * self._profil.huissier:
            suivi.mode = "huissier"
            self._wait(suivi, self._next(tirage, suivi.mode, jour + tirage.randint(150, 300)))

    def _next(self, tirage: Random, mode: str, jour: int) -> int:
        """The day of the next payment, from this one on: retenues are taken on the day benefits are paid."""
        if mode in ("retenue", "compensation"):
            return self._caisse.next_working(_next_on(jour, self._caisse.profil.calendrier.jour_de_paie))
        if mode == "prelevement":
            return self._caisse.next_working(_next_on(jour, _JOUR_DE_PRELEVEMENT))
        return jour + tirage.randint(25, 34)


@lru_cache(maxsize=4096)
def _next_on(jour: int, quantieme: int) -> int:
    """The next day, from this one, that is this day of its month."""
    passes = date.fromordinal(jour).day - quantieme
    return jour - passes if passes <= 0 else add_months(jour - passes, 1)
