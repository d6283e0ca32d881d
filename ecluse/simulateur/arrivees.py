"""The pieces that enter the Caf's tools on a day: exact yearly streams by nature, téléservice and way in.

Pieces belong together: a demand brings justificatifs of the same dossier, and the answer that a piece waited for is a
justificatif too. They are taken from the justificatifs of the day, never added to them.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import fsum
from random import Random
from typing import Any, Final, NamedTuple

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.atelier import Atelier, Piece, Reponse, treat
from ecluse.simulateur.caisse import Caisse, Choix, at, minutes_after, of, office_hour, share, web_hour
from ecluse.simulateur.conditions import Conditions, factor
from ecluse.simulateur.marques import ProfilRefuse
from ecluse.simulateur.port import PieceOuverte
from ecluse.simulateur.volumes import Flux, Rythme
from services.production.rules import target_delai
from shared.temps import MINUTE, to_jour

MINIMA: Final = frozenset({"demande_rsa", "demande_aah"})
# What completes a demand.
JOINTE: Final = "justificatif"
_MOTIFS_ANNULATION: Final = Choix({"doublon": 0.5, "erreur_numerisation": 0.25, "sans_objet": 0.25})
_AUTOMATISABLES: Final = frozenset({"web", "partenaire"})
Sorte = tuple[str, str]
"""Nature and téléservice ("" when the piece has none)."""


class Dossier(NamedTuple):
    """Who sends a piece, and when it is keyed in and arrives (the same instant by the web)."""

    nom: str
    minima: bool
    saisie: int
    arrivee: int


class Entree(NamedTuple):
    """A piece that enters: its arrival, when it was keyed in, its place in the workshop or what ends it without."""

    acte: Acte
    saisie: int
    piece: Piece | None
    suites: Sequence[Acte] = ()


class _Source(NamedTuple):
    """One stream of pieces of one sort."""

    sorte: Sorte
    flux: Flux


class Arrivees:
    """Plans what enters on a day."""

    def __init__(self, caisse: Caisse, atelier: Atelier) -> None:
        self._caisse = caisse
        self._atelier = atelier
        profil = caisse.profil.pieces
        web, papier = list[_Source](), list[_Source]()
        # What completes comes last: by then it is known what the demands of the day bring with them.
        for sorte, poids, part in sorted(_sorts(caisse), key=lambda s: s[0] == (JOINTE, "")):
            nom = "/".join(sorte)
            volume = profil.recues * poids
            web.append(_Source(sorte, Flux(caisse, f"web/{nom}", volume * part, Rythme.WEB, sorte[0])))
            papier.append(_Source(sorte, Flux(caisse, f"papier/{nom}", volume * (1 - part), Rythme.BUREAU, sorte[0])))
        total = fsum(profil.natures_internes.values())
        self._internes = [
            _Source((n, ""), Flux(caisse, f"interne/{n}", profil.recues * profil.internes * p / total, Rythme.BUREAU))
            for n, p in profil.natures_internes.items()
        ]
        self._web, self._papier = web, papier
        self._canaux, self._canal = Choix(profil.canaux_hors_web), caisse.strata("canal")
        self._automatiques = caisse.strata("automatique")
        self._sites = Choix(caisse.profil.contacts.visites)

    def of_day(self, jour: int, conditions: Conditions, reponses: Sequence[Reponse] = ()) -> Iterator[Entree]:
        """What enters on this day, in no order. ``reponses``: answers of the day, whose justificatif is among it."""
        tirage = self._caisse.draw_for(jour, "pieces")
        jointes = _Jointes(r for r in reponses if r.canal == "web")
        for sorte, nombre in self._counts(self._web, jour, conditions):
            for _ in range(nombre):
                dossier = jointes.take(sorte) or self.someone(tirage, web_hour(tirage, jour))
                jointes.bring(self._bring(tirage, sorte, dossier))
                yield self._enter(tirage, dossier, "web", sorte, conditions)
        jointes = _Jointes(r for r in reponses if r.canal != "web")
        for sorte, nombre in self._counts(self._papier, jour, conditions):
            for _ in range(nombre):
                canal = self._canaux.pick(self._canal)
                dossier = jointes.take(sorte) or self._by_post(tirage, jour, canal)
                jointes.bring(self._bring(tirage, sorte, dossier))
                yield self._enter(tirage, dossier, canal, sorte, conditions)
        for sorte, nombre in self._counts(self._internes, jour, conditions):
            for _ in range(nombre):
                dossier = self.someone(tirage, office_hour(tirage, jour))
                yield self._enter(tirage, dossier, "interne", sorte, conditions)

    def arrival(
        self, tirage: Random, dossier: Dossier, canal: str, sorte: Sorte, fermes: frozenset[str] = frozenset()
    ) -> Acte:
        """A new piece of this sort. ``fermes``: sites that receive nobody."""
        nature, teleservice = sorte
        profil = self._caisse.profil.pieces
        data: dict[str, Any] = {
            "piece": self._caisse.name("P"),
            "nature": nature,
            "canal": canal,
            "minima_sociaux": dossier.minima or nature in MINIMA,
            "pole": profil.poles.get(nature, "famille"),
        }
        if teleservice:
            data["teleservice"] = teleservice
        if canal == "accueil":
            site = self._sites.pick(tirage)
            if site not in fermes:
                data["site"] = site
        if share(tirage, profil.urgence):
            data["urgence"] = "rupture_de_droits"
        origine = canal if canal != "accueil" else ""
        return Acte("piece.arrivee", dossier.nom, dossier.arrivee, data, origine, dossier.saisie)

    def someone(self, tirage: Random, instant: int) -> Dossier:
        """Any dossier, whose piece enters and arrives at an instant."""
        nom, minima = self._caisse.dossier(tirage)
        return Dossier(nom, minima, instant, instant)

    def place(self, arrivee: Acte) -> Piece:
        """The piece in the workshop that an arrival makes."""
        data = arrivee.data
        return self.set_up(
            PieceOuverte(
                data["piece"],
                arrivee.dossier,
                to_jour(arrivee.instant),
                data["nature"],
                en_attente=False,
                minima=data["minima_sociaux"],
                urgente="urgence" in data,
            )
        )

    def set_up(self, ouverte: PieceOuverte) -> Piece:
        """The piece in the workshop that stands for one to treat."""
        profil, nature = self._caisse.profil, ouverte.nature
        rang = self._atelier.rank(ouverte.arrivee, target_delai(ouverte.minima), ouverte.urgente)
        moins = profil.demarches.incompletes_minima if ouverte.minima else 1.0
        manque = of(profil.demarches.incompletes, nature) * moins
        minutes = of(profil.personnel.minutes, nature)
        return Piece(ouverte.piece, ouverte.dossier, ouverte.minima, nature, minutes, rang, manque)

    def _counts(self, sources: Sequence[_Source], jour: int, conditions: Conditions) -> Iterator[tuple[Sorte, int]]:
        for sorte, flux in sources:
            if nombre := flux.count(jour, factor(conditions.arrivees, sorte[0])):
                yield sorte, nombre

    def _enter(self, tirage: Random, dossier: Dossier, canal: str, sorte: Sorte, conditions: Conditions) -> Entree:
        arrivee = self.arrival(tirage, dossier, canal, sorte, conditions.sites_fermes)
        nature, profil = sorte[0], self._caisse.profil
        if share(tirage, profil.pieces.annulees):
            return Entree(arrivee, dossier.saisie, None, [self._cancel(tirage, arrivee, dossier.saisie)])
        automatique = max(of(profil.personnel.automatique, nature), of(conditions.automatique, nature))
        if automatique and canal in _AUTOMATISABLES and share(self._automatiques, automatique):
            instant = minutes_after(tirage, dossier.saisie, 5, 90)
            fin = treat(tirage, arrivee.data["piece"], arrivee.dossier, instant, automatique=True)
            return Entree(arrivee, dossier.saisie, None, [fin])
        return Entree(arrivee, dossier.saisie, self.place(arrivee))

    def _by_post(self, tirage: Random, jour: int, canal: str) -> Dossier:
        """Paper waits for its digitisation: a piece keyed in now arrived some working days ago."""
        quidam = self.someone(tirage, office_hour(tirage, jour))
        if canal not in ("courrier", "partenaire"):
            return quidam
        retard = int(tirage.expovariate(1 / self._caisse.profil.outils.numerisation_jours))
        arrivee = at(self._caisse.working_before(jour, retard), tirage.uniform(7.5, 9.5))
        return quidam._replace(arrivee=min(quidam.saisie, arrivee))

    def _bring(self, tirage: Random, sorte: Sorte, dossier: Dossier) -> list[Dossier]:
        """What a dossier sends with a piece, a few minutes after or in the same envelope."""
        if sorte[0] == JOINTE:
            return []
        nombre = int(of(self._caisse.profil.demarches.jointes, sorte[0]) + tirage.random())
        return [_after(dossier, (rang + 1) * MINUTE) for rang in range(nombre)]

    def _cancel(self, tirage: Random, arrivee: Acte, saisie: int) -> Acte:
        jour = self._caisse.next_working(to_jour(saisie) + 1 + int(tirage.expovariate(1.0)))
        data = {"piece": arrivee.data["piece"], "motif": _MOTIFS_ANNULATION.pick(tirage)}
        return Acte("piece.annulee", arrivee.dossier, office_hour(tirage, jour), data)


def _after(dossier: Dossier, temps: int) -> Dossier:
    """A little later by the web; on paper it is keyed in later, and arrived in the same envelope."""
    en_ligne = dossier.saisie == dossier.arrivee
    return dossier._replace(saisie=dossier.saisie + temps, arrivee=dossier.arrivee + (temps if en_ligne else 0))


class _Jointes:
    """Who sends the justificatifs of a day: those who answer first, then those who ask for something."""

    def __init__(self, reponses: Iterable[Reponse]) -> None:
        self._reponses = [Dossier(r.piece.dossier, r.piece.minima, r.instant, r.instant) for r in reponses]
        self._demandes: list[Dossier] = []

    def bring(self, dossiers: Iterable[Dossier]) -> None:
        """These send one with a demand."""
        self._demandes += dossiers

    def take(self, sorte: Sorte) -> Dossier | None:
        """Who sends a piece of this sort; None: anybody."""
        if sorte != (JOINTE, ""):
            return None
        attendues = self._reponses or self._demandes
        return attendues.pop() if attendues else None


def _sorts(caisse: Caisse) -> list[tuple[Sorte, float, float]]:
    """Every nature and téléservice with its share of what is received and its share by the web.

    The web's share of what has no téléservice is what is left to reach the printed share of the web.
    """
    profil = caisse.profil.pieces
    total = fsum(profil.natures.values())
    avec = [
        ((nature, nom), poids * part / total, profil.usage_teleservices[nom])
        for nature, poids in profil.natures.items()
        for nom, part in profil.teleservices.get(nature, {}).items()
    ]
    sans = [
        ((nature, ""), poids * (1 - fsum(profil.teleservices.get(nature, {}).values())) / total)
        for nature, poids in profil.natures.items()
    ]
    manque = profil.part_web - fsum(poids * web for _, poids, web in avec)
    reste = manque / fsum(poids for _, poids in sans)
    if not 0 <= reste <= 1:
        raise ProfilRefuse("pieces.part_web : hors d'atteinte avec ces natures et ces usages des téléservices")
    return avec + [(sorte, poids, reste) for sorte, poids in sans if poids > 0]
