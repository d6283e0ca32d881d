"""The demonstration in a running house: its history once, then its live flow."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

from msgspec.structs import replace
from sqlalchemy import Connection, select

from ecluse.dossier import DossierInutilisable
from ecluse.importation import Bilan, Rejets
from ecluse.maison import Maison
from ecluse.marque import Marque
from ecluse.scene import Scene
from ecluse.simulateur.demo import run_history, run_live
from ecluse.simulateur.generateur import ECHELLE
from ecluse.simulateur.marques import ProfilRefuse
from ecluse.simulateur.port import ContactOuvert, CreanceOuverte, EnCours, PieceOuverte, RendezVousPris
from ecluse.simulateur.profil import Profil, load_profil
from services.contacts.models import LigneContact, LigneRendezVous
from services.indicators.cibles import Cible
from services.indicators.cibles_csv import published_targets
from services.production.models import LignePiece
from services.recovery.models import LigneCreance
from shared.base import table_of
from shared.temps import to_iso, to_jour

AUTEUR: Final = "demonstration"


# Pieces of a year that flow through a demonstration, those of a small Caf: a larger one is shown at a smaller scale,
# so that its page opens as soon.
PIECES_PAR_AN: Final = 56_000


def demo_scale(profil: Profil) -> float:
    """The share of the Caf's real volumes that its demonstration shows: at most that of the benches."""
    return min(ECHELLE, PIECES_PAR_AN / profil.pieces.recues)


def demo_targets(today: int, annee_du_profil: int) -> list[Cible]:
    """The published targets of the profile's year, carried to the years that the demonstration shows: it moves its
    dates, and its contract with them."""
    annee = date.fromordinal(today).year
    return [
        replace(cible, annee=vers, source=f"{cible.source}, reportée de {annee_du_profil}")
        for vers in (annee - 1, annee)
        for cible in published_targets()
        if cible.annee == annee_du_profil
    ]


class _Interrompu(Exception):
    """Told to stop while the history was being loaded."""


class Demo:
    """A demonstration of one Caf. Its marker in the data folder says which history is loaded, so that a start that
    was cut short goes on with the same one, where everything already there is a duplicate."""

    def __init__(self, maison: Maison, chemin: Path, caf: str, scenario: str | None = None) -> None:
        """``scenario``: the one to play from now on; None: the one that was played last.

        Raises ``DossierInutilisable`` for a Caf without profile, ``Refuse`` for an unknown scenario.
        """
        try:
            self._profil = load_profil(caf)
        except ProfilRefuse as refus:
            raise DossierInutilisable(f"{refus} ; essayer --demo 091") from None
        self._maison = maison
        self._marque = Marque(chemin / f"demo-{caf}.json")
        self.scene = Scene(self._marque, maison.reglages.clock, self._profil)
        if scenario:
            self.scene.switch(scenario)
        self._rejets = Rejets(chemin / "demo.rejets.ndjson")

    def carry_targets(self) -> None:
        """Hold the demonstration against the targets of its profile, brought to its own years."""
        cibles = demo_targets(to_jour(self._maison.reglages.clock()), self._profil.annee)
        self._maison.indicateurs.contrat.take_targets(list(enumerate(cibles, 1)), AUTEUR)

    def load_history(self, say: Callable[[str], None], arret: Event) -> None:
        """Load the history that ends yesterday, unless it is loaded; the rest of it next time once ``arret`` is set."""
        hier = to_jour(self._maison.reglages.clock()) - 1
        marque = self._marque.read()
        if marque.get("complet"):
            return
        marque = self._marque.update(fin=marque.get("fin", to_iso(hier)), complet=False)
        say("Première fois : chargement d'un historique de démonstration (données inventées)…")

        def send(octets: list[bytes]) -> Any:
            if arret.is_set():
                raise _Interrompu
            return self._send(octets)

        fin = date.fromisoformat(marque["fin"]).toordinal()
        try:
            bilan = run_history(
                send, self._profil, fin, self._rejets, progress=_silent, echelle=demo_scale(self._profil)
            )
        except _Interrompu:
            say("Chargement interrompu : il reprendra au prochain départ.")
            return
        self._maison.wait_until_current(120)
        self._marque.update(complet=True)
        say(f"Historique chargé : {bilan.acceptes} événements en {bilan.secondes:.0f} s.")

    def start_live(self, arret: Event) -> Thread:
        """Let working days flow in a thread until ``arret`` is set."""
        fil = Thread(
            target=run_live,
            args=(self._send, _EnCours(self._maison), self._profil, self._maison.reglages.clock, arret),
            kwargs={"conditions": self.scene.conditions, "echelle": demo_scale(self._profil)},
            name="demo",
            daemon=True,
        )
        fil.start()
        return fil

    def _send(self, octets: list[bytes]) -> Any:
        return self._maison.guichet.deposit(octets, self._maison.reglages.clock())


class _EnCours:
    """What is open in the house, as the live flow asks for it."""

    def __init__(self, maison: Maison) -> None:
        self._maison = maison

    def open_work(self, caf: str, limite: int) -> EnCours:
        """See ``ecluse.simulateur.port.Maison``."""
        production, contacts, recovery = (
            self._maison.services[n].lecture for n in ("production", "contacts", "recovery")
        )
        with production.connect() as p, contacts.connect() as c, recovery.connect() as r:
            return EnCours(
                _pieces(p, caf, limite), _creances(r, caf, limite), _contacts(c, caf, limite), _slots(c, caf, limite)
            )


def _pieces(connexion: Connection, caf: str, limite: int) -> list[PieceOuverte]:
    t = table_of(LignePiece).c
    requete = (
        select(t.objet, t.dossier, t.arrivee, t.nature, t.suspendue, t.minima_sociaux, t.urgence.is_not(None))
        .where(t.caf == caf, t.fin.is_(None), t.arrivee.is_not(None))
        .order_by(t.arrivee)
        .limit(limite)
    )
    return [PieceOuverte(*ligne) for ligne in connexion.execute(requete)]


def _creances(connexion: Connection, caf: str, limite: int) -> list[CreanceOuverte]:
    t = table_of(LigneCreance).c
    requete = (
        select(t.objet, t.dossier, t.solde_du).where(t.caf == caf, t.solde_du > 0).order_by(t.constat).limit(limite)
    )
    return [CreanceOuverte(*ligne) for ligne in connexion.execute(requete)]


def _contacts(connexion: Connection, caf: str, limite: int) -> list[ContactOuvert]:
    t = table_of(LigneContact).c
    requete = (
        select(t.objet, t.dossier, t.canal)
        .where(t.caf == caf, t.clos.is_(None), t.canal.in_(("courriel", "courrier")))
        .order_by(t.recu)
        .limit(limite)
    )
    return [ContactOuvert(*ligne) for ligne in connexion.execute(requete)]


def _slots(connexion: Connection, caf: str, limite: int) -> list[RendezVousPris]:
    t = table_of(LigneRendezVous).c
    requete = (
        select(t.objet, t.dossier, t.creneau)
        .where(t.caf == caf, t.issue.is_(None), t.creneau.is_not(None), t.demande.is_not(None))
        .order_by(t.creneau)
        .limit(limite)
    )
    return [RendezVousPris(*ligne) for ligne in connexion.execute(requete)]


def _silent(_: Bilan) -> None:
    """The history is short: one line before and one after say enough."""
