"""Making a data set: the simulated year goes through the real services, and is written as it goes."""

import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterator
from datetime import date
from itertools import count, groupby, islice
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, NamedTuple

from ecluse.importation import EN_VOL, LOT
from ecluse.importation import Envoi as Depot
from ecluse.jeu.chiffres import ask_figures
from ecluse.jeu.description import JEU, VERSION, Chiffres, EmpreinteDesLignes, Evenements, Jeu, Question, write_figure
from ecluse.jeu.dossier import JeuRefuse, aside, write_sums
from ecluse.jeu.fichiers import CHIFFRES, EVENEMENTS, FichiersDEvenements, write_figures
from ecluse.jeu.lignes import to_row
from ecluse.jeu.lisezmoi import LISEZMOI, write_readme
from ecluse.maison import Maison, open_house
from ecluse.simulateur.actes import encode
from ecluse.simulateur.generateur import simulate
from ecluse.simulateur.profil import Profil
from shared.reglages import Reglages
from shared.temps import start_of_day, to_iso, to_jour

PROFIL: Final = "profil.toml"
EMPREINTE: Final = "empreinte"
# Seconds: the figures follow the events closely, and a whole year is there soon after its last event.
_PATIENCE: Final = 3_600.0
Dire = Callable[[str], None]


class Emis(NamedTuple):
    """An event on its way: its month, its instant of reception, its bytes."""

    mois: str
    recu: int
    octets: bytes


def make_jeu(dossier: Path, profil: Profil, texte_du_profil: bytes, question: Question, dire: Dire) -> Jeu:
    """Write the data set of a question into a folder that is not there yet, or is empty; what it holds.

    Raises ``DossierInutilisable``, ``JeuRefuse``, ``OSError``, and ``ValueError`` for a scale that is not above 0 and
    at most 1. Nothing is left of one that did not end.
    """
    with aside(dossier) as ici:
        ateliers = Path(mkdtemp(dir=ici, prefix="maison-"))
        du, au = year_of(question)
        # The year has just ended: what may still move is told as on the day after, whenever the set is made.
        lendemain = start_of_day(au + 1)
        with open_house(Reglages(ateliers, clock=lambda: lendemain, lot_max=LOT)) as maison:
            evenements = _write_events(ici / EVENEMENTS, maison, profil, question, dire)
            if not maison.wait_until_current(_PATIENCE):
                raise JeuRefuse("les chiffres n'ont pas rattrapé les événements : recommencer")
            dire("les chiffres de l'année…")
            empreinte = EmpreinteDesLignes()
            chiffres = ask_figures(maison.indicateurs, question.caf, to_iso(du), to_iso(au))
            empreinte.take(map(write_figure, write_figures(ici / CHIFFRES, chiffres)))
        shutil.rmtree(ateliers)
        jeu = Jeu(VERSION, question, evenements, Chiffres(empreinte.nombre, empreinte.hexdigest()))
        (ici / JEU).write_bytes(jeu.write())
        (ici / PROFIL).write_bytes(texte_du_profil)
        (ici / EMPREINTE).write_text(f"{jeu.empreinte}\n", encoding="utf-8")
        (ici / LISEZMOI).write_text(write_readme(jeu, profil.titre), encoding="utf-8")
        write_sums(ici)
    return jeu


class _Ecriture:
    """What is written of the events, and counted, as the door answers them."""

    def __init__(self, fichiers: FichiersDEvenements, dire: Dire) -> None:
        self._fichiers = fichiers
        self._dire = dire
        self._mois = ""
        self._empreinte = EmpreinteDesLignes()
        self._reponses = Counter[str]()

    def settle(self, lot: list[Emis], depot: Depot) -> None:
        """Wait for the answers to a batch and write its rows."""
        sorts = [reponse.sort for reponse in depot.answers()]
        premier = self._empreinte.nombre + 1
        self._empreinte.take(emis.octets for emis in lot)
        self._reponses.update(sorts)
        for mois, suite in groupby(zip(count(premier), lot, sorts, strict=False), lambda element: element[1].mois):
            if mois != self._mois:
                self._mois = mois
                self._dire(f"{mois}…")
            self._fichiers.add(mois, [to_row(rang, emis.recu, emis.octets, sort) for rang, emis, sort in suite])

    def finish(self) -> Evenements:
        """What was written."""
        acceptes, doublons, refuses = (self._reponses[sort] for sort in ("accepte", "doublon", "refuse"))
        return Evenements(self._empreinte.nombre, acceptes, doublons, refuses, self._empreinte.hexdigest())


def _write_events(dossier: Path, maison: Maison, profil: Profil, question: Question, dire: Dire) -> Evenements:
    """Each batch is taken by the services while the next one is simulated; its rows say what the door answered."""
    en_vol = deque[tuple[list[Emis], Depot]]()
    with FichiersDEvenements(dossier) as fichiers:
        ecriture = _Ecriture(fichiers, dire)
        flot = _emit(profil, question)
        while lot := list(islice(flot, LOT)):
            en_vol.append((lot, maison.guichet.deposit([emis.octets for emis in lot], maison.reglages.clock())))
            if len(en_vol) > EN_VOL:
                ecriture.settle(*en_vol.popleft())
        while en_vol:
            ecriture.settle(*en_vol.popleft())
    return ecriture.finish()


def _emit(profil: Profil, question: Question) -> Iterator[Emis]:
    du, au = year_of(question)
    debut = start_of_day(du)
    avant = f"{question.annee}-00"
    for envoi in simulate(profil, du, au, echelle=question.echelle, graine=question.graine):
        # What was open before the year is one load: its month has the number 00, so that names are in order.
        mois = to_iso(to_jour(envoi.recu))[:7] if envoi.recu >= debut else avant
        yield Emis(mois, envoi.recu, encode(envoi, profil.caf))


def year_of(question: Question) -> tuple[int, int]:
    """The first and the last day (ordinals) of the year."""
    return date(question.annee, 1, 1).toordinal(), date(question.annee, 12, 31).toordinal()
