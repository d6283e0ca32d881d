"""A scenario: what changes of ordinary days, during a window, read from a small data file. Pure, but for the file.

Every parameter carries its mark, as in profiles. Scenarios compose: factors multiply, closed sites add up.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from importlib.resources import files
from typing import Any, Final

import msgspec
from msgspec import Struct

from ecluse.simulateur.composition import AUTRES, compose, fade, settle
from ecluse.simulateur.conditions import ORDINAIRES, AutreCaf, Conditions
from ecluse.simulateur.marques import Parametre, ProfilRefuse, nest, read_marks
from shared.events.contacts import CanalContact
from shared.events.production import Nature
from shared.events.recovery import Cause

ORDINAIRE: Final = "ordinaire"
_DOSSIER: Final = files("ecluse.simulateur") / "scenarios"
_NOMS: Final = {"arrivees": Nature, "automatique": Nature, "contacts": CanalContact, "indus": Cause}


class ScenarioInconnu(ValueError):
    """No scenario of this name, or a start that is no date: the message says what to write (French)."""


class _Section(Struct, frozen=True, forbid_unknown_fields=True):
    """A section of the file. What has a default changes nothing when it is left out."""


class _Entete(_Section, frozen=True):
    titre: str
    description: str


class _Fenetre(_Section, frozen=True):
    debut: int | str = 0
    duree_jours: int | None = None
    montee_jours: int = 0
    descente_jours: int = 0


class _Effets(_Section, frozen=True):
    arrivees: dict[str, float] = {}
    contacts: dict[str, float] = {}
    presence: float = 1.0
    sites_fermes: frozenset[str] = frozenset()
    appels_aboutis: float = 1.0
    automatique: dict[str, float] = {}
    indus: dict[str, float] = {}


class _AutreCaf(_Section, frozen=True):
    caf: str
    pieces_par_an: float
    part_des_agents: float


class _Fichier(_Section, frozen=True):
    scenario: _Entete
    fenetre: _Fenetre = _Fenetre()
    effets: _Effets = _Effets()
    autre_caf: _AutreCaf | None = None


@dataclass(frozen=True)
class Scenario:
    """What changes (``plateau``: at its height), and how long: days; ``duree_jours`` None: until the end.

    ``debut``: days after the first simulated one, or the day of the year (``MM-JJ``) on which it usually starts.
    """

    nom: str
    titre: str
    description: str
    plateau: Conditions = ORDINAIRES
    debut: int | str = 0
    duree_jours: int | None = None
    montee_jours: int = 0
    descente_jours: int = 0

    def in_sites(self, visites: Mapping[str, float]) -> "Scenario":
        """This scenario in a Caf of these sites, given their visits: see ``settle``."""
        return replace(self, plateau=settle(self.plateau, visites))

    def starts(self, du: int) -> int:
        """Its first day, when the simulation begins with the day ``du``: that of its year, or of the next if over."""
        if isinstance(self.debut, int):
            return du + self.debut
        annee = date.fromordinal(du).year
        jour = date.fromisoformat(f"{annee}-{self.debut}").toordinal()
        if self.duree_jours is None or jour + self.duree_jours > du:
            return jour
        return date.fromisoformat(f"{annee + 1}-{self.debut}").toordinal()

    def intensity(self, jour: int, debut: int) -> float:
        """How much of it holds on a day, from 0 (outside of its window) to 1, if it starts on ``debut``."""
        age = jour - debut
        reste = self.duree_jours - age if self.duree_jours is not None else None
        if age < 0 or (reste is not None and reste <= 0):
            return 0.0
        descente = 1.0 if reste is None else reste / (self.descente_jours + 1)
        return min(1.0, (age + 1) / (self.montee_jours + 1), descente)


def list_scenarios() -> list[Scenario]:
    """Every scenario, the ordinary one first."""
    noms = sorted(f.name.removesuffix(".toml") for f in _DOSSIER.iterdir() if f.name.endswith(".toml"))
    return [load_scenario(nom) for nom in sorted(noms, key=lambda nom: nom != ORDINAIRE)]


def load_scenario(nom: str) -> Scenario:
    """The scenario of a name. Raises ``ScenarioInconnu``; ``ProfilRefuse`` for a faulty file."""
    return parse_scenario(nom, _read(nom))


def read_scenario_parametres(nom: str) -> list[Parametre]:
    """Every parameter of a scenario with its mark. Raises as ``load_scenario``."""
    table = tomllib.loads(_read(nom))
    table.pop("scenario", None)
    return list(read_marks(table))


def parse_scenario(nom: str, texte: str) -> Scenario:
    """The scenario of a TOML text. Raises ``ProfilRefuse``: unmarked, unknown, ill-typed or impossible parameter."""
    try:
        table = tomllib.loads(texte)
        entete = table.pop("scenario", {})
        lu = msgspec.convert({"scenario": entete, **nest(read_marks(table))}, _Fichier)
        autre = AutreCaf(**msgspec.structs.asdict(lu.autre_caf)) if lu.autre_caf else None
        effets = Conditions(**msgspec.structs.asdict(lu.effets), autre_caf=autre)
        _check(effets, lu.fenetre)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as erreur:
        raise ProfilRefuse(f"scénario {nom} illisible : {erreur}") from erreur
    fenetre: dict[str, Any] = msgspec.structs.asdict(lu.fenetre)
    return Scenario(nom, lu.scenario.titre, lu.scenario.description.strip(), effets, **fenetre)


def parse_demand(demande: str, du: int) -> tuple[Scenario, int]:
    """``NOM`` or ``NOM@AAAA-MM-JJ``, and the first day of the simulation: the scenario and its first day.

    Raises ``ScenarioInconnu``.
    """
    nom, arobase, jour = demande.partition("@")
    scenario = load_scenario(nom)
    if not arobase:
        return scenario, scenario.starts(du)
    try:
        return scenario, date.fromisoformat(jour).toordinal()
    except ValueError:
        raise ScenarioInconnu(f"{demande} : écrire {nom}@AAAA-MM-JJ, avec une date qui existe") from None


def conditions_of(demandes: Iterable[tuple[Scenario, int]]) -> Callable[[int], Conditions]:
    """What each day (an ordinal) is like when scenarios start on given days.

    Raises ``ValueError`` when two of them produce for two different Caf.
    """
    prevus = [(scenario, debut) for scenario, debut in demandes if scenario.plateau != ORDINAIRES]
    reduce(compose, (scenario.plateau for scenario, _ in prevus), ORDINAIRES)

    def of_day(jour: int) -> Conditions:
        du_jour = (fade(s.plateau, part) for s, debut in prevus if (part := s.intensity(jour, debut)) > 0)
        return reduce(compose, du_jour, ORDINAIRES)

    return of_day


def _check(effets: Conditions, fenetre: _Fenetre) -> None:
    """Raises ``ValueError``: a name that nothing has, a value that can not be, a start that is no day of the year."""
    for champ, noms in _NOMS.items():
        facteurs: Mapping[str, float] = getattr(effets, champ)
        inconnus = facteurs.keys() - {*(str(n.value) for n in noms), AUTRES}
        if inconnus:
            raise ValueError(f"effets.{champ} : {', '.join(sorted(inconnus))} n'existe pas")
        if any(valeur < 0 for valeur in facteurs.values()):
            raise ValueError(f"effets.{champ} : un facteur ou une part n'est pas négatif")
    parts = [effets.appels_aboutis, *effets.automatique.values()]
    parts += [effets.autre_caf.part_des_agents] if effets.autre_caf else []
    if effets.presence < 0 or not all(0 <= part <= 1 for part in parts):
        raise ValueError("effets : une part est entre 0 et 1, une présence n'est pas négative")
    if any(site.isdecimal() and int(site) < 1 for site in effets.sites_fermes):
        raise ValueError("effets.sites_fermes : les rangs commencent à 1, le site le plus visité")
    if min(fenetre.montee_jours, fenetre.descente_jours, fenetre.duree_jours or 1) < 0 or fenetre.duree_jours == 0:
        raise ValueError("fenetre : les durées se comptent en jours, à partir de 1 ; montée et descente à partir de 0")
    if isinstance(fenetre.debut, str):
        # 2023: a day of every year, so not the 29th of February.
        date.fromisoformat(f"2023-{fenetre.debut}")


def _read(nom: str) -> str:
    connus = sorted(f.name.removesuffix(".toml") for f in _DOSSIER.iterdir() if f.name.endswith(".toml"))
    if nom not in connus:
        raise ScenarioInconnu(f"aucun scénario « {nom} » ; scénarios connus : {', '.join(connus)}")
    return (_DOSSIER / f"{nom}.toml").read_text(encoding="utf-8")
