"""`ecluse verify`: what a file is worth, source by source, before it is imported."""

import json
import tracemalloc
from datetime import UTC, datetime

import msgspec
import pytest
from rich.console import Console

from ecluse.verification import Rapport, print_report, verify
from ecluse.verification.rapport import ILLISIBLE, Motif, RapportSource
from shared.ndjson import read_lines
from shared.temps import from_datetime
from tests.donnees import attendu_petit, petit_mois
from tests.fabrique import RECEPTION, evenement
from tests.oracle import juge_lignes
from tests.oracle.catalogue import lis_instant
from tests.unit.verifiees import MATIN, piece, report, steps

MAINTENANT = datetime(2026, 1, 1, tzinfo=UTC)


def only(rapport: Rapport) -> RapportSource:
    assert len(rapport.sources) == 1
    return rapport.sources[0]


@pytest.fixture(scope="module")
def petit() -> Rapport:
    return verify(read_lines(petit_mois()), from_datetime(MAINTENANT))


def motif_of_the_answer(motif: str) -> str:
    """The reason as the report names it: by the member at fault."""
    return {"not an object": "json", "same source and id, other content": "source et id"}.get(
        motif, motif.removeprefix("missing ").removeprefix("unknown member ").removesuffix(" after time")
    )


def test_the_small_month_has_the_counts_and_reasons_of_its_exact_answer(petit: Rapport) -> None:
    reponse = attendu_petit()
    assert {"acceptes": petit.acceptes, "doublons": petit.doublons, "rejets": petit.refuses} == reponse["import"]
    assert petit.lignes == sum(reponse["import"].values())
    attendus: dict[str, list[int]] = {}
    for rejet in reponse["rejets"]:
        attendus.setdefault(motif_of_the_answer(rejet["motif"]), []).append(rejet["ligne"])
    motifs = [(nom, motif) for source in petit.sources for nom, motif in source.motifs.items()]
    assert {nom: sum(m.nombre for n, m in motifs if n == nom) for nom, _ in motifs} == {
        nom: len(lignes) for nom, lignes in attendus.items()
    }
    assert {nom: min(m.ligne for n, m in motifs if n == nom) for nom, _ in motifs} == {
        nom: min(lignes) for nom, lignes in attendus.items()
    }
    assert sum(s.contradictoires for s in petit.sources) == 6


def test_the_dead_letters_of_the_small_month_are_announced(petit: Rapport) -> None:
    assert steps(petit) == {("piece.traitee", "piece.arrivee ce jour-là ou avant", 2, 2)}
    assert len(attendu_petit()["lettres_mortes"]) == 2
    assert all(objets.attendus == 0 for objets in petit.objets)


def test_disorder_and_lateness_are_those_of_a_plain_count(petit: Rapport) -> None:
    lignes = [(n, ligne) for n, ligne in read_lines(petit_mois())]
    acceptes = {e.ligne: e for e in juge_lignes((ligne for _, ligne in lignes), MAINTENANT).acceptes}
    emis: dict[str, list[float]] = {}
    retards: dict[str, list[float]] = {}
    for rang, (_, ligne) in enumerate(lignes, start=1):
        if rang in acceptes:
            evenement_ = acceptes[rang]
            time = lis_instant(json.loads(ligne)["time"])
            assert time is not None
            emis.setdefault(evenement_.source, []).append(time.timestamp())
            retards.setdefault(evenement_.source, []).append((time - evenement_.instant).total_seconds())
    comparees = 0
    for source in petit.sources:
        instants = emis.get(source.source, [])
        if not 0 < len(instants) < 700:  # the plain count is quadratic
            continue
        comparees += 1
        ecarts = [max(instants[: rang + 1]) - instant for rang, instant in enumerate(instants)]
        assert source.desordre.nombre == sum(ecart > 0 for ecart in ecarts)
        assert source.desordre.max == pytest.approx(max(ecarts))
        assert source.desordre.part == pytest.approx(source.desordre.nombre / len(instants))
        ranges = sorted(retards[source.source])
        assert source.retard.max == ranges[-1]
        for valeur, pourcents in ((source.retard.mediane, 50), (source.retard.p90, 90)):
            assert valeur == next(r for r in ranges if 100 * sum(x <= r for x in ranges) >= pourcents * len(ranges))
    assert comparees == 9


def test_a_source_of_which_nothing_is_accepted_has_no_lateness_and_no_disorder(petit: Rapport) -> None:
    illisible = next(s for s in petit.sources if s.source == ILLISIBLE)
    assert (illisible.acceptes, illisible.refuses) == (0, 5)
    assert (illisible.desordre.part, illisible.retard.mediane, illisible.retard.p90, illisible.retard.max) == (
        None,
    ) * 4


def test_duplicates_contradictions_and_refusals_are_counted_by_source_and_reason() -> None:
    arrivee = piece("arrivee", MATIN, id="1")
    rapport = report(
        [
            arrivee,
            dict(reversed(arrivee.items())),
            arrivee | {"subject": "D-2"},
            arrivee | {"subject": "D 2", "id": "2"},
            arrivee | {"subject": "D-2", "id": "2"},
            b"{",
            b'{"source": 3}',
            evenement("courrier.arrive", MATIN, courrier="C", id="1", source="/autre"),
            evenement("contact.pris_en_charge", MATIN, contact="Q", id="1", source="/ged"),
        ]
    )
    assert (rapport.lignes, rapport.acceptes, rapport.doublons, rapport.refuses) == (9, 4, 1, 4)
    par_source = {s.source: s for s in rapport.sources}
    assert list(par_source) == [ILLISIBLE, "/autre", "/ged"]
    ged = par_source["/ged"]
    assert (ged.acceptes, ged.doublons, ged.refuses, ged.contradictoires) == (3, 1, 2, 1)
    assert ged.motifs == {
        "source et id": Motif(1, 3, "cet id est déjà pris par cette source avec un autre contenu"),
        "subject": Motif(1, 4, "subject : identifiant de 1 à 64 caractères parmi A-Z a-z 0-9 - _ . attendu"),
    }
    assert {nom: motif.nombre for nom, motif in par_source[ILLISIBLE].motifs.items()} == {"json": 1, "type": 1}


def test_disorder_is_what_comes_after_a_later_emission_of_the_same_source() -> None:
    heures = [10, 12, 11, 12, 9, 13]
    bruts = [piece("arrivee", f"2023-01-05T{h}:00:00Z", f"P-{n}", id=str(n)) for n, h in enumerate(heures)]
    bruts.insert(3, piece("arrivee", "2023-01-05T08:00:00Z", "P-autre", source="/autre"))
    sources = {s.source: s.desordre for s in report(json.loads(json.dumps(bruts).replace("T9:", "T09:"))).sources}
    assert (sources["/ged"].nombre, sources["/ged"].part, sources["/ged"].max) == (2, 2 / 6, 3 * 3600)
    assert (sources["/autre"].nombre, sources["/autre"].part, sources["/autre"].max) == (0, 0, 0)


@pytest.mark.parametrize(
    ("retards", "mediane", "p90", "max_"),
    [([7], 7, 7, 7), ([1, 2], 1, 2, 2), ([3, 1, 2], 2, 3, 3), (list(range(1, 11)), 5, 9, 10), ([-300, 0], -300, 0, 0)],
)
def test_lateness_is_from_the_instant_to_the_emission(retards: list[int], mediane: int, p90: int, max_: int) -> None:
    bruts = []
    for rang, retard in enumerate(retards):
        time = datetime.fromtimestamp(1_672_905_600 + retard, UTC).isoformat()
        bruts.append(piece("arrivee", "2023-01-05T08:00:00Z", f"P-{rang}", id=str(rang), time=time))
    retard_ = only(report(bruts)).retard
    assert (retard_.mediane, retard_.p90, retard_.max) == (mediane, p90, max_)


def test_an_empty_file_gives_an_empty_report() -> None:
    rapport = report([])
    assert (rapport.lignes, rapport.sources) == (0, [])
    assert "0 lignes" in printed(rapport)


def test_what_is_held_in_memory_does_not_grow_with_the_bytes_of_the_lines() -> None:
    def peak(remplissage: int) -> int:
        lignes = (
            (n, json.dumps(piece("arrivee", MATIN, f"P-{n}", id=str(n), ignore="x" * remplissage)).encode())
            for n in range(1, 301)
        )
        tracemalloc.start()
        try:
            assert verify(lignes, from_datetime(RECEPTION)).acceptes == 300
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)  # what the first run sets up once and for all
    # 30 MB of lines: a few of them at a time are in memory, never all.
    assert peak(100_000) - peak(1) < 3_000_000


def printed(rapport: Rapport, largeur: int = 200) -> str:
    console = Console(width=largeur, color_system=None)
    with console.capture() as sortie:
        print_report(rapport, console)
    return sortie.get()


def test_the_report_is_readable_on_a_terminal_and_as_json(petit: Rapport) -> None:
    texte = printed(petit)
    assert "38\u202f122 lignes : 37\u202f815 acceptées, 148 doublons, 159 refusées" in texte
    assert "piece.arrivee ce jour-là ou avant" in texte
    assert len(printed(petit, 80).splitlines()[0]) <= 80
    assert msgspec.json.decode(msgspec.json.encode(petit), type=Rapport) == petit


def test_names_that_come_from_the_file_are_never_read_as_markup() -> None:
    texte = printed(
        report(
            [
                piece("traitee", MATIN, source="[red]x[/blue]"),
                piece("arrivee", MATIN, source="[/]") | {"[b]": 1} | {"caf": "[/i]"},
            ]
        )
    )
    assert "[red]x[/blue]" in texte
    assert "[/]" in texte
