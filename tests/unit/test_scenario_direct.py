"""What scenarios do to a live day, and what a change of scenario leaves of the day that was under way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from threading import Event
from typing import Any

import pytest
from msgspec.structs import replace

from ecluse.guichet import Reponse
from ecluse.simulateur.conditions import ORDINAIRES, AutreCaf, Conditions
from ecluse.simulateur.demo import run_live
from ecluse.simulateur.direct import live_day
from ecluse.simulateur.port import EnCours, PieceOuverte
from ecluse.simulateur.scenario import list_scenarios, load_scenario
from shared.events.porte import Recu, judge
from shared.temps import SECONDE, parse_instant
from tests.simulee import MERCREDI, PETITE, PROFIL, UN_JOUR, en_cours, etat_de, lis, passe

DEPART = parse_instant("2024-03-14T07:40:00Z")
JEUDI = MERCREDI + UN_JOUR
# No duplicate nor correction on purpose: whatever comes twice then is a defect.
EXACT = replace(PROFIL, outils=replace(PROFIL.outils, doublons=0.0, corrections=0.0))
NOMS = [scenario.nom for scenario in list_scenarios()]


@cache
def journee(nom: str) -> tuple[dict[str, Any], ...]:
    """The events of a live day under a scenario, at full scale."""
    plateau = load_scenario(nom).in_sites(PROFIL.contacts.visites).plateau
    tours = live_day(EXACT, ouvert(), DEPART, conditions=plateau, echelle=1.0, temoins=False)
    return tuple(lis(tour.octets) for tour in tours)


@cache
def ouvert() -> EnCours:
    """What is open before the day: more pieces than a day can treat."""
    jour = JEUDI.toordinal()
    return EnCours(
        [PieceOuverte(f"P-{rang}", "D-1", jour - 1 - rang % 30, "justificatif", rang % 5 == 0) for rang in range(9_000)]
    )


@cache
def reste() -> EnCours:
    """What the past of the bytes that ``passe`` gives leaves open."""
    return en_cours(passe(MERCREDI), JEUDI)


def of(evenements: Sequence[dict[str, Any]], type_: str, **membres: Any) -> list[dict[str, Any]]:
    """The events of a type whose data hold these members."""
    return [
        e
        for e in evenements
        if e["type"] == f"fr.caf.{type_}.v1" and all(e["data"].get(nom) == v for nom, v in membres.items())
    ]


def calls_closed(evenements: Sequence[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """How the calls of a day end: outcome and who."""
    appels = {e["data"]["contact"] for e in of(evenements, "contact.recu", canal="telephone")}
    fins = [e["data"] for e in of(evenements, "contact.clos") if e["data"]["contact"] in appels]
    return Counter((fin["issue"], fin.get("par", "agent")) for fin in fins)


class TestEffets:
    def test_an_ordinary_scenario_changes_no_byte(self) -> None:
        def day(**reste: Any) -> list[bytes]:
            return [tour.octets for tour in live_day(PROFIL, ouvert(), DEPART, echelle=PETITE, **reste)]

        assert day() == day(conditions=load_scenario("ordinaire").plateau) == day(conditions=Conditions())

    @pytest.mark.parametrize("nom", NOMS)
    def test_the_door_takes_every_event_when_it_comes_and_nothing_is_told_twice(self, nom: str) -> None:
        tours = list(
            live_day(EXACT, ouvert(), DEPART, conditions=load_scenario(nom).plateau, echelle=PETITE, temoins=False)
        )
        for tour in tours:
            assert isinstance(judge(tour.octets, DEPART + round(tour.secondes * SECONDE)), Recu)
        assert twice([tour.octets for tour in tours]) == []

    def test_when_the_telephone_is_down_calls_are_abandoned(self) -> None:
        ordinaires, panne = calls_closed(journee("ordinaire")), calls_closed(journee("panne-telephone"))
        assert ordinaires["repondu", "agent"] > ordinaires["abandonne", "agent"] > 0, ordinaires
        assert panne["repondu", "agent"] == 0
        assert panne["repondu", "automate"] > 0
        assert panne.total() >= ordinaires.total()

    def test_with_a_third_of_the_staff_absent_less_leaves_than_enters(self) -> None:
        def flow(nom: str) -> tuple[int, int]:
            jour = journee(nom)
            agents = [e for e in of(jour, "piece.traitee") if not e["data"].get("automatique")]
            return len(of(jour, "piece.arrivee")), len(agents)

        (entrent, sortent), (entrent_aussi, moins) = flow("ordinaire"), flow("personnel-reduit")
        assert entrent == entrent_aussi
        assert moins == pytest.approx(0.667 * sortent, rel=0.1)

    def test_nobody_is_received_at_a_closed_site(self) -> None:
        def seen(nom: str, site: str) -> int:
            return sum(e["data"].get("site") == site for e in journee(nom))

        assert seen("ordinaire", "pamiers") > 10
        assert seen("site-ferme", "pamiers") == 0
        assert seen("site-ferme", "siege") >= seen("ordinaire", "siege")

    def test_a_wave_brings_more_of_its_natures_and_no_more_of_the_others(self) -> None:
        def count(nom: str, nature: str) -> int:
            return len(of(journee(nom), "piece.arrivee", nature=nature))

        for nature, facteur in (("demande_al", 2.0), ("justificatif", 1.5), ("declaration_trimestrielle", 1.0)):
            ordinaire = count("ordinaire", nature)
            assert count("vague-rentree", nature) == pytest.approx(
                facteur * ordinaire, rel=0.0 if facteur == 1 else 0.25
            )

    def test_a_wave_is_treated_by_no_more_agents_than_an_ordinary_day(self) -> None:
        def treated(nom: str) -> int:
            return len(repris(journee(nom)))

        assert treated("vague-rentree") == pytest.approx(treated("ordinaire"), rel=0.05)
        assert treated("ordinaire") > 50

    def test_prefilled_declarations_need_fewer_agents_and_leave_fewer_indus(self) -> None:
        def share(nom: str) -> float:
            recues = {e["data"]["piece"] for e in of(journee(nom), "piece.arrivee", nature="declaration_trimestrielle")}
            seules = {e["data"]["piece"] for e in of(journee(nom), "piece.traitee", automatique=True)}
            return len(recues & seules) / len(recues)

        assert share("declarations-preremplies") > share("ordinaire") + 0.15
        tardives = [len(of(journee(nom), "indu.constate", cause="declaration_tardive")) for nom in NOMS[:2]]
        assert tardives[1] < tardives[0]

    def test_pieces_of_another_caf_stay_its_own_and_cost_agents_of_this_one(self) -> None:
        jour = journee("production-pour-autre-caf")
        autres = [e for e in jour if e["caf"] == "681"]
        arrivees = of(autres, "piece.arrivee")
        assert len(arrivees) == pytest.approx(55_000 / 251, rel=0.15)
        assert {e["data"]["caf_traitante"] for e in arrivees} == {"091"}
        # Nothing was open of it: the first hours of the day have nothing to treat yet.
        assert 0.5 * len(arrivees) < len(of(autres, "piece.traitee")) <= len(arrivees)
        assert not any("caf_traitante" in e["data"] for e in of(jour, "piece.arrivee") if e["caf"] == "091")
        assert len(repris(jour)) == pytest.approx(0.85 * len(repris(journee("ordinaire"))), rel=0.1)

    def test_what_the_other_caf_left_open_goes_first(self) -> None:
        ouvertes = EnCours(ouvert().pieces[:3])
        conditions = Conditions(autre_caf=AutreCaf("681", 55_000, 0.1))
        tours = live_day(EXACT, EnCours(), DEPART, conditions=conditions, autres=ouvertes, echelle=0.1)
        autres = [e for e in (lis(tour.octets) for tour in tours) if e["caf"] == "681"]
        traitees = {e["data"]["piece"] for e in of(autres, "piece.traitee")}
        assert {p.piece for p in ouvertes.pieces if not p.en_attente} <= traitees
        assert len(traitees) > 5

    def test_what_the_other_caf_left_open_is_treated_once_it_sends_nothing_more(self) -> None:
        ouvertes = EnCours(ouvert().pieces[:4])
        tours = live_day(EXACT, EnCours(), DEPART, autre=AutreCaf("681", 55_000, 0.1), autres=ouvertes, echelle=0.1)
        autres = [e for e in (lis(tour.octets) for tour in tours) if e["caf"] == "681"]
        assert of(autres, "piece.arrivee") == []
        touchees = {e["data"]["piece"] for type_ in ("piece.traitee", "piece.suspendue") for e in of(autres, type_)}
        assert touchees == {p.piece for p in ouvertes.pieces if not p.en_attente}


def repris(evenements: Sequence[dict[str, Any]]) -> set[str]:
    """The pieces open before that are treated."""
    avant = {p.piece for p in ouvert().pieces}
    return {e["data"]["piece"] for e in of(evenements, "piece.traitee")} & avant


def twice(lignes: Sequence[bytes]) -> list[Any]:
    """What is told twice: an event by its id, the beginning or the end of an object by two events."""
    evenements = [lis(o) for o in lignes]
    rouvertes = {e["data"]["piece"] for e in of(evenements, "piece.rouverte")}
    vus = Counter[Any]((e["source"], e["id"]) for e in evenements)
    for type_, membre in (("piece.arrivee", "piece"), ("piece.traitee", "piece"), ("piece.annulee", "piece"),
                          ("contact.recu", "contact"), ("contact.clos", "contact"), ("rendez_vous.honore", "rdv"),
                          ("indu.constate", "creance"), ("creance.notifiee", "creance")):  # fmt: skip
        vus.update((type_, e["data"][membre]) for e in of(evenements, type_) if e["data"][membre] not in rouvertes)
    return [quoi for quoi, fois in vus.items() if fois > 1]


class Tenue:
    """A house that takes everything, and knows what it holds open; the scenario changes after so many events."""

    def __init__(self, change: int, apres: Conditions, jours: int, avant: EnCours | None = None) -> None:
        self._avant = avant
        self.recus: list[bytes] = []
        self.conditions = ORDINAIRES
        self.stop = Event()
        self.demandes: list[int] = []
        self._change, self._apres, self._jours = change, apres, jours

    def send(self, octets: list[bytes]) -> Reponses:
        self.recus += octets
        if len(self.recus) == self._change:
            self.conditions = self._apres
        return Reponses()

    def open_work(self, caf: str, limite: int) -> EnCours:
        assert limite > 1000
        if caf != "091":
            return EnCours()
        self.demandes.append(len(self.recus))
        if len(self.demandes) == self._jours:
            self.stop.set()
        return self._still_open()

    def _still_open(self) -> EnCours:
        """What was open and is not over, with the pieces that came since."""
        venus = [lis(o) for o in self.recus]
        finies = {e["data"]["piece"] for type_ in ("piece.traitee", "piece.annulee") for e in of(venus, type_)}
        suspendues = {e["data"]["piece"] for e in of(venus, "piece.suspendue")}
        jour = JEUDI.toordinal()
        nouvelles = [
            PieceOuverte(e["data"]["piece"], e["subject"], jour, e["data"]["nature"], e["data"]["piece"] in suspendues)
            for e in of(venus, "piece.arrivee")
            if e["caf"] == "091"
        ]
        encours = reste() if self._avant is None else self._avant
        tout = EnCours([*encours.pieces, *nouvelles], encours.creances)
        return tout.without(finies)


class Reponses:
    """An event that was accepted."""

    def answers(self) -> list[Reponse]:
        return [Reponse("accepte")]


def horloge() -> Iterator[int]:
    """Instants ten seconds apart: every event is due when it is looked at."""
    return iter(range(DEPART, 2**62, 10 * SECONDE))


class TestBascule:
    @pytest.mark.parametrize("nom", ["panne-telephone", "personnel-reduit", "production-pour-autre-caf"])
    def test_a_change_ends_the_day_at_the_next_event_and_loses_and_doubles_nothing(self, nom: str) -> None:
        maison, instants = Tenue(60, load_scenario(nom).plateau, jours=3), horloge()
        run_live(
            maison.send, maison, EXACT, lambda: next(instants), maison.stop,
            conditions=lambda: maison.conditions, echelle=PETITE,
        )  # fmt: skip
        assert maison.demandes[1] == 60
        assert twice(maison.recus) == []
        tout = etat_de([*passe(MERCREDI), *maison.recus])
        assert (tout.lettres_mortes, tout.en_attente) == ([], [])
        # What had begun before the change went on as it was planned.
        avant = [lis(o) for o in maison.recus[:60]]
        appels = {e["data"]["contact"] for e in of(avant, "contact.recu", canal="telephone")}
        finis = {e["data"]["contact"] for e in of([lis(o) for o in maison.recus], "contact.clos")}
        assert len(appels) > 0
        assert appels <= finis

    def test_whoever_was_on_the_line_is_answered_and_no_piece_under_way_is_treated_by_two(self) -> None:
        maison, instants = Tenue(700, load_scenario("panne-telephone").plateau, jours=3, avant=EnCours()), horloge()
        run_live(
            maison.send, maison, EXACT, lambda: next(instants), maison.stop,
            conditions=lambda: maison.conditions, echelle=0.5,
        )  # fmt: skip
        avant, apres = ([lis(o) for o in lignes] for lignes in (maison.recus[:700], maison.recus[700:]))
        venus = {e["data"]["contact"] for c in ("telephone", "accueil") for e in of(avant, "contact.recu", canal=c)}
        en_ligne = venus - {e["data"]["contact"] for e in of(avant, "contact.clos")}
        assert len(en_ligne) > 0
        assert en_ligne <= {e["data"]["contact"] for e in of(apres, "contact.clos")}
        nees = {e["data"]["piece"] for e in of(avant, "piece.arrivee")}
        assert len({e["data"]["piece"] for e in of(apres, "piece.traitee", automatique=True)} & nees) > 0
        assert twice(maison.recus) == []

    def test_the_day_after_the_change_is_under_the_new_conditions(self) -> None:
        maison, instants = Tenue(60, load_scenario("panne-telephone").plateau, jours=3), horloge()
        run_live(
            maison.send, maison, EXACT, lambda: next(instants), maison.stop,
            conditions=lambda: maison.conditions, echelle=0.1,
        )  # fmt: skip
        avant, apres = ([lis(o) for o in lignes] for lignes in (maison.recus[:60], maison.recus[60:]))
        connus = {e["data"]["contact"] for e in of(avant, "contact.recu")}
        pris = {e["data"]["contact"] for e in of(apres, "contact.pris_en_charge")} - connus
        appels = {e["data"]["contact"] for e in of(apres, "contact.recu", canal="telephone")}
        assert len(appels) > 5
        # The calls of the first day's examples and those of the change are all that somebody took.
        assert appels & pris == set()

    def test_the_same_conditions_chosen_again_end_no_day(self) -> None:
        maison, instants = Tenue(60, ORDINAIRES, jours=2), horloge()
        run_live(
            maison.send, maison, EXACT, lambda: next(instants), maison.stop,
            conditions=lambda: maison.conditions, echelle=PETITE,
        )  # fmt: skip
        assert maison.demandes[1] > 100
