"""The work queue against a small model: no item lost, none held by two, tokens that only grow, whatever happens."""

import shutil
import tempfile
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.corbeille.lecture import EtatTravail
from shared.corbeille.regles import MotifReport
from shared.corbeille.service import Pris, Talon
from shared.corbeille.tables import Travail
from shared.temps import SECONDE, to_jour
from tests.atelier import CORBEILLES, Atelier, refusal, stay, talon

NOMS = [d.code for d in CORBEILLES[:2]]
# What lasts is proved elsewhere: here the disk would only be waited for.
EN_MEMOIRE = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # a folder of its own within it
CLES = ["091|A", "091|B", "311|A"]

sejours = st.builds(
    stay,
    st.sampled_from(NOMS),
    du=st.sampled_from([-1, -1, 0, 1]),
    au=st.none() | st.integers(1, 3),
    priorite=st.integers(0, 1),
    echeance=st.integers(0, 1),
    depuis=st.integers(-1, 0),
    montant=st.sampled_from([100, 200]),
)


@dataclass
class Tenue:
    """Who holds an item, in the model."""

    titulaire: str
    jeton: int
    fin: int


class FileDeTravail(RuleBasedStateMachine):
    """Facts come and go, people claim and answer or not, time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.dossier = Path(tempfile.mkdtemp(prefix="corbeille-", dir=EN_MEMOIRE))
        self.atelier = Atelier(self.dossier)
        self.places: dict[str, list[Travail]] = {}
        self.tenues: dict[str, Tenue] = {}
        self.sommeils: dict[tuple[str, str], int] = {}
        self.jeton = 0
        self.talons: list[Talon] = []

    def teardown(self) -> None:
        """Hold the log against the rules, then close."""
        try:
            self.check_log()
        finally:
            self.atelier.close()
            shutil.rmtree(self.dossier)

    @property
    def now(self) -> int:
        """The instant of the clock."""
        return self.atelier.horloge()

    def here(self, corbeille: str) -> dict[str, Travail]:
        """Items of a corbeille today."""
        jour = to_jour(self.now)
        return {
            cle: t
            for cle, places in self.places.items()
            for t in places
            if t.corbeille == corbeille and t.du <= jour and (t.au is None or t.au > jour)
        }

    def state(self, cle: str, corbeille: str) -> EtatTravail:
        """What an item does there."""
        if cle in self.tenues and self.tenues[cle].fin > self.now:
            return EtatTravail.pris
        if self.sommeils.get((cle, corbeille), 0) > to_jour(self.now):
            return EtatTravail.dormant
        return EtatTravail.pret

    def order(self, corbeille: str) -> list[str]:
        """Keys of a corbeille in the order of the work."""
        ici = self.here(corbeille)
        return sorted(ici, key=lambda c: (ici[c].priorite, ici[c].echeance, -ici[c].montant, ici[c].depuis, c))

    @initialize()
    def fill(self) -> None:
        """Work is there from the start."""
        for cle in CLES:
            self.state_facts(cle, [stay(NOMS[0])])

    @rule(cle=st.sampled_from(CLES), places=st.lists(sejours, max_size=2, unique_by=lambda t: t.corbeille))
    def state_facts(self, cle: str, places: list[Travail]) -> None:
        """A fact puts an item into corbeilles, moves it, or takes it out."""
        caf, _, objet = cle.partition("|")
        self.atelier.put(objet, *places, caf=caf)
        if self.places.get(cle) and not places:
            self.sommeils = {(c, nom): jour for (c, nom), jour in self.sommeils.items() if c != cle}
        self.places[cle] = places

    @rule(
        corbeille=st.sampled_from([NOMS[0], *NOMS]),
        cafs=st.sampled_from([(), (), ("091",), ("091", "311")]),
        titulaire=st.sampled_from(["un", "deux"]),
        bail=st.sampled_from([60, 120]),
    )
    def claim(self, corbeille: str, cafs: tuple[str, ...], titulaire: str, bail: int) -> None:
        """Somebody asks for the next item: it is the best of the ready ones."""
        self._claim(corbeille, cafs, titulaire, bail)

    def _claim(self, corbeille: str, cafs: tuple[str, ...], titulaire: str, bail: int) -> Pris | None:
        prets = [
            c
            for c in self.order(corbeille)
            if self.state(c, corbeille) is EtatTravail.pret and (not cafs or c[:3] in cafs)
        ]
        pris = self.atelier.claim(titulaire, corbeille, cafs=cafs, bail_secondes=bail)
        assert (pris.item.cle if pris else None) == (prets[0] if prets else None)
        self.tenues = {c: t for c, t in self.tenues.items() if t.fin > self.now}
        if pris:
            self._take(pris, titulaire, bail)
        return pris

    @rule(corbeille=st.sampled_from(NOMS), dans=st.integers(1, 2), nuit=st.booleans())
    def do_one(self, corbeille: str, dans: int, nuit: bool) -> None:
        """Somebody takes an item and ends it, perhaps the last one of the day."""
        pris = self._claim(corbeille, (), "un", 60)
        if pris:
            jour = to_jour(self.now) + dans
            self.atelier.corbeilles.finish(talon(pris), "joint", jour).result()
            self._sleep(talon(pris), jour)
        if nuit:
            self.atelier.horloge.advance(86_400)

    def _take(self, pris: Pris, titulaire: str, bail: int) -> None:
        assert pris.item.cle not in self.tenues, "tenu par deux"
        assert pris.jeton > self.jeton
        self.jeton = pris.jeton
        self.tenues[pris.item.cle] = Tenue(titulaire, pris.jeton, self.now + bail * SECONDE)
        self.talons.append(talon(pris))

    def _holds(self, ticket: Talon, futur: "Future[Any]") -> bool:
        """Whether the command had to pass; if not, it was refused for the right reason."""
        tenue = self.tenues.get(ticket.item)
        if tenue and tenue.jeton == ticket.jeton and tenue.fin > self.now:
            futur.result()
            return True
        inconnu = tenue is None and not self.places.get(ticket.item)
        assert refusal(futur) == ("travail-inconnu" if inconnu else "bail-perime")
        return False

    def _sleep(self, ticket: Talon, reprise: int) -> None:
        del self.tenues[ticket.item]
        self.sommeils = {(c, nom): jour for (c, nom), jour in self.sommeils.items() if c != ticket.item}
        self.sommeils |= {(ticket.item, nom): reprise for nom in NOMS if ticket.item in self.here(nom)}

    @precondition(lambda self: self.talons)
    @rule(data=st.data(), geste=st.sampled_from(["finish", "hold", "release", "extend"]), dans=st.integers(1, 2))
    def answer(self, data: st.DataObject, geste: str, dans: int) -> None:
        """Somebody answers for an item that is, or was, theirs."""
        ticket, c = data.draw(st.sampled_from(self.talons[-3:])), self.atelier.corbeilles
        jour = to_jour(self.now) + dans
        futur: Future[Any]
        if geste in ("finish", "hold"):
            futur = c.finish(ticket, "joint", jour) if geste == "finish" else c.hold(ticket, jour, MotifReport.autre)
            if self._holds(ticket, futur):
                self._sleep(ticket, jour)
        elif geste == "release":
            if self._holds(ticket, c.release(ticket)):
                del self.tenues[ticket.item]
        elif self._holds(ticket, c.extend(ticket, dans * 60)):
            tenue = self.tenues[ticket.item]
            tenue.fin = max(tenue.fin, self.now + dans * 60 * SECONDE)

    @rule(pas=st.sampled_from(["seconde", "presque la fin d'un bail", "fin d'un bail", "nuit"]))
    def wait(self, pas: str) -> None:
        """Time passes, often up to where something changes."""
        fins = [t.fin - self.now for t in self.tenues.values() if t.fin > self.now]
        if pas == "nuit":
            self.atelier.horloge.advance(86_400)
        elif pas == "seconde" or not fins:
            self.atelier.horloge.advance(1)
        else:
            self.atelier.horloge.advance(min(fins) // SECONDE - (pas != "fin d'un bail"))

    @rule(vraiment=st.integers(0, 4))
    def restart(self, vraiment: int) -> None:
        """The house stops and starts again, now and then."""
        if vraiment == 0:
            horloge, faits = self.atelier.horloge, self.atelier.faits
            self.atelier.close()
            self.atelier = Atelier(self.dossier, horloge)
            self.atelier.faits = faits

    @invariant()
    def no_item_is_lost(self) -> None:
        """Each corbeille shows the items that the facts put there, in order, each in its state."""
        for nom in NOMS:
            vus = [(r.ligne.item.cle, r.ligne.etat) for r in self.atelier.corbeilles.page(nom, limite=200)[0]]
            assert vus == [(cle, self.state(cle, nom)) for cle in self.order(nom)]

    def check_log(self) -> None:
        """Between two claims of an item, the first one has ended; tokens grow along the log."""
        tenus: dict[str, int] = {}
        dernier = 0
        for trace in self.atelier.traces():
            cle, jeton, geste = f"{trace.caf}|{trace.data['objet']}", trace.data["jeton"], trace.type.split(".")[3]
            note(f"{geste} {cle} {jeton}")
            if geste == "pris":
                assert cle not in tenus
                assert jeton > dernier
                tenus[cle] = dernier = jeton
            else:
                assert tenus.pop(cle) == jeton


TestFileDeTravail = FileDeTravail.TestCase
TestFileDeTravail.settings = settings(
    max_examples=50, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
