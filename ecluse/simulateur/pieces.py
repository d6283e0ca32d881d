"""The life of pieces: what enters on a day, how long it waits for an agent or for someone, how it ends."""

from collections.abc import Iterator
from random import Random
from typing import Any, Final

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.caisse import Caisse, Choix, at, count, minutes_after, of, office_hour, share, web_hour
from ecluse.simulateur.marques import ProfilRefuse
from shared.temps import MINUTE, to_jour

MINIMA: Final = frozenset({"demande_rsa", "demande_aah"})
_ISSUES: Final = Choix({"liquidee": 0.72, "classee": 0.19, "rejetee": 0.06, "transmise": 0.03})
_MOTIFS_ANNULATION: Final = Choix({"doublon": 0.5, "erreur_numerisation": 0.25, "sans_objet": 0.25})
_AUTOMATISABLES: Final = frozenset({"web", "partenaire"})
Sorte = tuple[str, str]
"""Nature and téléservice ("" when the piece has none)."""


class Pieces:
    """Plans pieces by the day on which they enter the Caf's tools."""

    def __init__(self, caisse: Caisse) -> None:
        self._caisse = caisse
        profil = caisse.profil.pieces
        sortes = _sorts(caisse)
        self._web = Choix([(s, poids * web) for s, poids, web in sortes])
        self._hors_web = Choix([(s, poids * (1 - web)) for s, poids, web in sortes])
        self._internes = Choix([((nature, ""), poids) for nature, poids in profil.natures_internes.items()])
        self._canaux = Choix(profil.canaux_hors_web)
        self._sites = Choix(caisse.profil.contacts.visites)

    def of_day(self, jour: int) -> Iterator[list[Acte]]:
        """The acts of each piece that enters on this day, up to its end."""
        caisse, profil = self._caisse, self._caisse.profil.pieces
        tirage = caisse.draw_for(jour, "pieces")
        for _ in range(count(tirage, caisse.per_web_day(profil.recues * profil.part_web, jour))):
            yield self._live(tirage, web_hour(tirage, jour), "web", self._web.pick(tirage))
        if not caisse.works(jour):
            return
        for _ in range(count(tirage, caisse.per_working_day(profil.recues * (1 - profil.part_web)))):
            canal = self._canaux.pick(tirage)
            yield self._live(tirage, office_hour(tirage, jour), canal, self._hors_web.pick(tirage))
        for _ in range(count(tirage, caisse.per_working_day(profil.recues * profil.internes))):
            yield self._live(tirage, office_hour(tirage, jour), "interne", self._internes.pick(tirage))

    def _live(self, tirage: Random, saisie: int, canal: str, sorte: Sorte) -> list[Acte]:
        arrivee = self.arrival(tirage, saisie, self._arrived(tirage, saisie, canal), canal, sorte)
        nature, profil = sorte[0], self._caisse.profil
        if share(tirage, profil.pieces.annulees):
            return [arrivee, _cancel(tirage, arrivee, self._office(tirage, saisie, tirage.expovariate(1.0)))]
        if canal in _AUTOMATISABLES and share(tirage, of(profil.delais.automatique, nature)):
            return [arrivee, self._treat(tirage, arrivee, minutes_after(tirage, saisie, 5, 90), automatique=True)]
        actes = [arrivee, *self._work(tirage, arrivee, nature, saisie)]
        if share(tirage, profil.pieces.rouvertes):
            actes += self._reopen(tirage, arrivee, actes[-1].instant)
        return actes

    def arrival(self, tirage: Random, saisie: int, arrivee: int, canal: str, sorte: Sorte) -> Acte:
        """A new piece of this sort, that entered the tools at ``saisie`` and arrived at ``arrivee``."""
        nature, teleservice = sorte
        dossier, minima = self._caisse.dossier(tirage)
        profil = self._caisse.profil.pieces
        data: dict[str, Any] = {
            "piece": self._caisse.name("P"),
            "nature": nature,
            "canal": canal,
            "minima_sociaux": minima or nature in MINIMA,
            "pole": profil.poles.get(nature, "famille"),
        }
        if teleservice:
            data["teleservice"] = teleservice
        if canal == "accueil":
            data["site"] = self._sites.pick(tirage)
        if share(tirage, profil.urgence):
            data["urgence"] = "rupture_de_droits"
        return Acte("piece.arrivee", dossier, arrivee, data, canal if canal != "accueil" else "", saisie)

    def _arrived(self, tirage: Random, saisie: int, canal: str) -> int:
        """When a piece keyed in now arrived: paper waits for its digitisation."""
        if canal not in ("courrier", "partenaire"):
            return saisie
        retard = int(tirage.expovariate(1 / self._caisse.profil.outils.numerisation_jours))
        return min(saisie, at(self._caisse.working_before(to_jour(saisie), retard), tirage.uniform(7.5, 9.5)))

    def _work(self, tirage: Random, arrivee: Acte, nature: str, saisie: int) -> Iterator[Acte]:
        """An agent comes to it, sometimes has to wait for someone, and treats it."""
        delais = self._caisse.profil.delais
        jours = tirage.gammavariate(delais.agent_forme, of(delais.agent_jours, nature) / delais.agent_forme)
        instant = self._office(tirage, max(saisie, arrivee.instant), jours)
        attente = of(delais.attente, nature) * (delais.attente_minima if arrivee.data["minima_sociaux"] else 1)
        if share(tirage, attente):
            yield suspend(self._caisse, tirage, arrivee.data["piece"], arrivee.dossier, instant)
            duree = delais.attente_jours
            reponse = to_jour(instant) + int(tirage.triangular(duree.au_moins, duree.au_plus, duree.le_plus_souvent))
            reprise = web_hour(tirage, reponse)
            yield resume(arrivee.data["piece"], arrivee.dossier, reprise)
            instant = self._office(tirage, reprise, tirage.expovariate(1 / delais.apres_reprise_jours))
        yield self._treat(tirage, arrivee, instant)

    def _treat(self, tirage: Random, arrivee: Acte, instant: int, *, automatique: bool = False) -> Acte:
        return treat(tirage, arrivee.data["piece"], arrivee.dossier, instant, automatique=automatique)

    def _reopen(self, tirage: Random, arrivee: Acte, traitee: int) -> list[Acte]:
        ouverte = self._office(tirage, traitee, tirage.uniform(2, 20))
        data = {"piece": arrivee.data["piece"], "motif": "l'allocataire a répondu"}
        rouverte = Acte("piece.rouverte", arrivee.dossier, ouverte, data)
        return [rouverte, self._treat(tirage, arrivee, self._office(tirage, ouverte, tirage.uniform(1, 6)))]

    def _office(self, tirage: Random, depuis: int, jours: float) -> int:
        """An office hour at least ``jours`` after an instant."""
        jour = self._caisse.next_working(to_jour(depuis) + int(jours))
        instant = office_hour(tirage, jour)
        if instant >= depuis + 10 * MINUTE:
            return instant
        return office_hour(tirage, self._caisse.next_working(jour + 1))


def suspend(caisse: Caisse, tirage: Random, piece: str, dossier: str, instant: int) -> Acte:
    """The piece waits on someone."""
    partenaire = share(tirage, caisse.profil.delais.attente_partenaire)
    motif = "attente_partenaire" if partenaire else "attente_allocataire"
    return Acte("piece.suspendue", dossier, instant, {"piece": piece, "motif": motif})


def resume(piece: str, dossier: str, instant: int) -> Acte:
    """The answer came."""
    return Acte("piece.reprise", dossier, instant, {"piece": piece})


def treat(tirage: Random, piece: str, dossier: str, instant: int, *, automatique: bool = False) -> Acte:
    """The piece is treated, by an agent or by the system."""
    data: dict[str, Any] = {"piece": piece, "issue": "liquidee" if automatique else _ISSUES.pick(tirage)}
    if automatique:
        data["automatique"] = True
    return Acte("piece.traitee", dossier, instant, data)


def _cancel(tirage: Random, arrivee: Acte, instant: int) -> Acte:
    data = {"piece": arrivee.data["piece"], "motif": _MOTIFS_ANNULATION.pick(tirage)}
    return Acte("piece.annulee", arrivee.dossier, instant, data)


def _sorts(caisse: Caisse) -> list[tuple[Sorte, float, float]]:
    """Every nature and téléservice with its weight and its share by the web.

    The share of what has no téléservice is what is left to reach the printed share of the web.
    """
    profil = caisse.profil.pieces
    avec = [
        ((nature, nom), poids * part, profil.usage_teleservices[nom])
        for nature, poids in profil.natures.items()
        for nom, part in profil.teleservices.get(nature, {}).items()
    ]
    sans = [
        ((nature, ""), poids * (1 - sum(profil.teleservices.get(nature, {}).values())))
        for nature, poids in profil.natures.items()
    ]
    total = sum(profil.natures.values())
    manque = profil.part_web * total - sum(poids * web for _, poids, web in avec)
    reste = manque / sum(poids for _, poids in sans)
    if not 0 <= reste <= 1:
        raise ProfilRefuse("pieces.part_web : hors d'atteinte avec ces natures et ces usages des téléservices")
    return avec + [(sorte, poids, reste) for sorte, poids in sans if poids > 0]
