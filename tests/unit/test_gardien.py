"""The watchdog: what has something to read and does not move on is noticed, and nothing else."""

from dataclasses import dataclass, field

from shared.bus.gardien import CODE_IMMOBILE, Gardien
from shared.bus.recepteur import EtatVoie

REGARDS = 40


@dataclass
class Faux:
    """A reader whose loop turns, with the partitions given."""

    voies: list[EtatVoie] = field(default_factory=list)
    sujet: str = "essai.entrees.v1"
    arret: str | None = None
    tourne: bool = True
    sans_courtier: bool = False
    _battements: int = 0

    @property
    def battements(self) -> int:
        self._battements += self.tourne
        return self._battements

    def progress(self) -> list[EtatVoie]:
        return self.voies


def watch(lecteur: Faux) -> str | None:
    """What many looks in a row say."""
    gardien = Gardien([lecteur], 60.0, lambda _: None)
    return next((raison for _ in range(REGARDS) if (raison := gardien.look())), None)


@dataclass
class Publication:
    """A publisher, with what has to move."""

    places: dict[str, object]
    sans_courtier: bool = False

    def moving(self) -> dict[str, object]:
        return self.places


def watch_publisher(publieur: Publication) -> str | None:
    """What many looks in a row say."""
    gardien = Gardien([], 60.0, lambda _: None, [publieur])
    return next((raison for _ in range(REGARDS) if (raison := gardien.look())), None)


def voie(place: int = 5, retard: int = 3, *, tenue: bool = False) -> EtatVoie:
    return EtatVoie(4, place, retard, 0, tenue)


def test_a_partition_that_lags_and_does_not_move_is_named() -> None:
    raison = watch(Faux([voie()])) or ""
    assert "essai.entrees.v1/4, offset 5," in raison
    assert "60 s" in raison


def test_an_idle_topic_is_no_failure() -> None:
    assert watch(Faux([voie(retard=0)])) is None


def test_a_partition_that_waits_for_its_receiver_is_no_failure() -> None:
    assert watch(Faux([voie(tenue=True)])) is None


def test_a_reader_that_was_stopped_for_a_reason_waits_for_a_person() -> None:
    assert watch(Faux([voie()], arret="topic recréé")) is None


def test_a_broker_that_is_away_is_waited_for() -> None:
    assert watch(Faux([voie()], sans_courtier=True)) is None


def test_a_partition_that_moves_however_slowly_is_no_failure() -> None:
    lecteur = Faux()
    gardien = Gardien([lecteur], 60.0, lambda _: None)
    for regard in range(10 * REGARDS):
        lecteur.voies = [voie(regard // 15)]
        assert gardien.look() is None


def test_one_partition_that_does_not_move_is_seen_among_others_that_do() -> None:
    lecteur = Faux()
    gardien = Gardien([lecteur], 60.0, lambda _: None)
    raison = None
    for regard in range(REGARDS):
        lecteur.voies = [voie(), EtatVoie(7, regard, 9, 0, tenue=False)]
        raison = raison or gardien.look()
    assert "/4," in (raison or "")


def test_a_stuck_reader_is_seen_even_on_an_idle_topic() -> None:
    assert "le lecteur de essai.entrees.v1" in (watch(Faux([voie(retard=0)], tourne=False)) or "")


def test_a_publication_that_waits_and_does_not_move_is_named() -> None:
    assert watch_publisher(Publication({"la publication": 7})) == "la publication n'avance plus depuis 60 s"


def test_a_publication_without_its_broker_is_waited_for() -> None:
    assert watch_publisher(Publication({"la publication": 7}, sans_courtier=True)) is None


def test_a_publication_that_has_nothing_to_do_is_no_failure() -> None:
    assert watch_publisher(Publication({})) is None


def test_the_process_ends_with_the_code_of_an_internal_failure() -> None:
    codes: list[int] = []
    gardien = Gardien([Faux([voie()])], 0.05, codes.append)
    gardien.start()
    gardien._fil.join(30)
    assert codes == [CODE_IMMOBILE]


def test_a_watchdog_that_is_stopped_ends_nothing() -> None:
    codes: list[int] = []
    gardien = Gardien([Faux([voie()])], 3_600.0, codes.append)
    gardien.start()
    gardien.stop()
    assert codes == []
