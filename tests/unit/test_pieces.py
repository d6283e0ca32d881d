"""Pieces: what their facts say, in any order, and in which order they are worked."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.production.handlers import DECIDEURS, PIECE
from services.production.models import MODELES
from services.production.store import closing_stocks
from shared.corbeille.tables import Travail
from shared.events.catalogue import types_of
from shared.events.mouvements import ImageControle, ImageCourrier, ImagePiece, ImageVerification
from shared.events.production import Canal, Nature, Teleservice
from shared.runtime.objets import Etat
from tests.fabrique import (
    Brut,
    Variante,
    evenement,
    histories,
    instants,
    jour,
    open_base,
    reduce,
    take,
    undone,
)
from tests.fabrique import for_oracle as oracle_events
from tests.oracle import state
from tests.oracle.pieces import Piece as PieceOracle

P = {"piece": "P-1"}
VARIANTES = [
    Variante(
        "piece.arrivee",
        st.fixed_dictionaries(
            {
                "piece": st.just("P-1"),
                "nature": st.sampled_from([n.value for n in Nature]),
                "canal": st.sampled_from([c.value for c in Canal]),
                "minima_sociaux": st.booleans(),
            },
            optional={
                "teleservice": st.sampled_from([t.value for t in Teleservice]),
                "caf_traitante": st.sampled_from(["091", "681"]),
                "urgence": st.just("rupture_de_droits"),
                "pole": st.just("Pôle logement"),
                "site": st.sampled_from(["Foix", "Pamiers"]),
            },
        ),
    ),
    Variante("piece.suspendue", st.just(P)),
    Variante("piece.reprise", st.just(P | {"motif": "attente_partenaire"})),
    Variante("piece.traitee", st.just(P | {"issue": "classee"})),
    Variante("piece.rouverte", st.just(P)),
    Variante("piece.annulee", st.just(P | {"motif": "doublon"})),
]
HISTOIRES = histories(VARIANTES, instants(datetime(2023, 10, 24, 21, tzinfo=UTC), 12), max_size=10)


def arrivee(quand: str = "2023-01-05T10:00:00Z", **data: Any) -> Brut:
    complet: dict[str, Any] = P | {"nature": "autre", "canal": "web", "minima_sociaux": False} | data
    return evenement("piece.arrivee", quand, **complet)


def suite(type_: str, quand: str) -> Brut:
    data = {"traitee": {"issue": "liquidee"}, "annulee": {"motif": "doublon"}}.get(type_, {})
    return evenement(f"piece.{type_}", quand, **P, **data)


def image(*bruts: Brut) -> ImagePiece:
    (comptee,) = reduce(PIECE, bruts).images
    return cast(ImagePiece, comptee.image)


def test_every_type_of_the_service_has_its_decider() -> None:
    assert {nom: genre.nom for nom, genre in DECIDEURS.items()} == {t.type: t.genre for t in types_of("production")}


def test_a_piece_is_in_the_stock_from_its_arrival_to_its_treatment() -> None:
    vue = image(
        arrivee(caf_traitante="681", teleservice="al", pole="Logement", site="Foix"),
        suite("traitee", "2023-01-17T10:00:00Z"),
    )
    assert vue == ImagePiece(
        caf_traitante="681",
        nature="autre",
        canal="web",
        minima_sociaux=False,
        arrivee="2023-01-05",
        teleservice="al",
        pole="Logement",
        site="Foix",
        fin="2023-01-17",
        fin_genre="traitee",
    )


def test_the_acting_caf_is_the_owner_unless_said() -> None:
    assert image(arrivee()).caf_traitante == "091"


def test_an_unknown_piece_waits_in_no_figure() -> None:
    etat = reduce(PIECE, [suite("suspendue", "2023-01-02T10:00:00Z"), suite("traitee", "2023-01-04T10:00:00Z")])
    assert (etat.dossier, etat.images, etat.impossibles, etat.travaux) == (None, (), (), ())
    assert set(etat.colonnes) == set(reduce(PIECE, [arrivee()]).colonnes)


def test_a_treatment_on_a_day_before_the_arrival_is_a_dead_letter_that_says_what_to_correct() -> None:
    trop_tot = suite("traitee", "2023-01-04T22:59:59Z")
    etat = reduce(PIECE, [trop_tot, arrivee()])
    assert [(i.fait.id, i.detail) for i in etat.impossibles] == [
        (
            trop_tot["id"],
            "traitée le 2023-01-04, avant son arrivée le 2023-01-05 : corriger le jour d'arrivée ou le traitement",
        )
    ]
    assert image(trop_tot, arrivee()).fin is None


def test_a_treatment_earlier_the_same_paris_day_is_a_delai_of_zero() -> None:
    etat = reduce(PIECE, [suite("traitee", "2023-01-04T23:00:00Z"), arrivee()])
    assert etat.impossibles == []
    assert image(suite("traitee", "2023-01-04T23:00:00Z"), arrivee()).fin == "2023-01-05"


def test_an_older_arrival_that_comes_later_revives_a_dead_letter() -> None:
    faits = [arrivee(), suite("traitee", "2023-01-04T10:00:00Z"), arrivee("2023-01-02T10:00:00Z")]
    assert reduce(PIECE, faits).impossibles == []
    assert (image(*faits).arrivee, image(*faits).fin) == ("2023-01-02", "2023-01-04")


@pytest.mark.parametrize(
    ("suites", "fin", "fin_genre"),
    [
        (["traitee 06", "traitee 09"], "2023-01-09", "traitee"),
        (["traitee 06", "rouverte 09"], None, None),
        (["traitee 06", "rouverte 09", "traitee 12"], "2023-01-12", "traitee"),
        (["rouverte 06", "traitee 09"], "2023-01-09", "traitee"),
        (["traitee 06", "annulee 09", "traitee 12"], "2023-01-09", "annulee"),
        (["annulee 09", "annulee 07", "traitee 12"], "2023-01-07", "annulee"),
        (["annulee 07", "rouverte 08"], "2023-01-07", "annulee"),
    ],
)
def test_the_last_treatment_holds_and_the_first_cancellation_comes_before_any(
    suites: list[str], fin: str | None, fin_genre: str | None
) -> None:
    vue = image(arrivee(), *(suite(t, f"2023-01-{j}T10:00:00Z") for t, j in map(str.split, suites)))
    assert (vue.fin, vue.fin_genre) == (fin, fin_genre)


@pytest.mark.parametrize(
    ("suites", "attentes", "jours"),
    [
        (["suspendue 06", "reprise 09", "traitee 12"], (("06", "09"),), 3),
        (["suspendue 06", "suspendue 07", "reprise 09", "reprise 10", "traitee 12"], (("06", "09"),), 3),
        (["suspendue 06", "traitee 12"], (("06", "12"),), 6),
        (["suspendue 06", "reprise 06", "traitee 12"], (), 0),
        (["reprise 06", "traitee 12"], (), 0),
        (["suspendue 06", "reprise 08", "suspendue 10", "traitee 12"], (("06", "08"), ("10", "12")), 4),
        (["suspendue 06", "traitee 08", "rouverte 09", "traitee 12"], (("06", "08"),), 2),
        (["suspendue 06", "traitee 08", "rouverte 09", "suspendue 10"], (("06", "08"), ("10", None)), 0),
        (["traitee 08", "suspendue 09", "reprise 10"], (), 0),
        (["traitee 08", "suspendue 09"], (), 0),
        (["suspendue 06", "annulee 08"], (("06", "08"),), 0),
        (["suspendue 06", "annulee 08", "reprise 10"], (("06", "08"),), 0),
    ],
)
def test_pauses_are_disjoint_and_clipped_to_the_stay(
    suites: list[str], attentes: tuple[tuple[str, str | None], ...], jours: int
) -> None:
    vue = image(arrivee(), *(suite(t, f"2023-01-{j}T10:00:00Z") for t, j in map(str.split, suites)))
    attendues = tuple((f"2023-01-{du}", f"2023-01-{au}" if au else None) for du, au in attentes)
    assert (vue.attentes, vue.jours_attente) == (attendues, jours)


def test_a_pause_that_opens_on_the_day_of_the_treatment_is_no_pause() -> None:
    faits = [arrivee(), suite("traitee", "2023-01-08T10:00:00Z"), suite("suspendue", "2023-01-08T11:00:00Z")]
    assert image(*faits).attentes == ()


@given(HISTOIRES, st.randoms(use_true_random=False))
def test_any_order_of_the_same_facts_gives_the_same_state(bruts: list[Brut], hasard: Any) -> None:
    melange = hasard.sample(bruts, len(bruts))
    assert reduce(PIECE, melange) == reduce(PIECE, bruts)


@given(HISTOIRES)
def test_the_state_is_the_one_of_the_oracle(bruts: list[Brut]) -> None:
    etat, vu = reduce(PIECE, bruts), state.etat(oracle_events(bruts))
    assert sorted(i.fait.id for i in etat.impossibles) == vu.lettres_mortes
    assert (etat.dossier is None) == (sorted(b["id"] for b in bruts) == vu.en_attente)
    if vu.pieces:
        agree(etat, vu.pieces[0])


def agree(etat: Etat, oracle: PieceOracle) -> None:
    (comptee,) = etat.images
    vue = cast(ImagePiece, comptee.image)
    for membre in ("nature", "canal", "minima_sociaux", "caf_traitante", "teleservice", "pole", "site"):
        assert (getattr(vue, membre) or "") == (getattr(oracle, membre) or ""), membre
    assert (etat.dossier, comptee.objet, vue.arrivee) == (oracle.dossier, oracle.id, oracle.arrivee.isoformat())
    assert (vue.fin, vue.fin_genre) == (
        oracle.fin and oracle.fin.isoformat(),
        oracle.fin and ("annulee" if oracle.annulee else "traitee"),
    )
    assert vue.jours_attente == (oracle.jours_en_pause if oracle.traitee else 0)
    bornes = [vue.arrivee, *(b for du, au in vue.attentes for b in (du, au or "9999")), vue.fin or "9999"]
    assert bornes == sorted(bornes)
    assert all(du != au for du, au in vue.attentes)
    for d in range(oracle.arrivee.toordinal() - 2, oracle.arrivee.toordinal() + 140):
        texte = date.fromordinal(d).isoformat()
        attend = sum(du <= texte and (au is None or texte < au) for du, au in vue.attentes)
        assert attend == oracle.en_attente(date.fromordinal(d)), texte
    travaillee = oracle.fin is None and not (oracle.pauses and oracle.pauses[-1].fin is None)
    assert len(etat.travaux) == travaillee


def test_an_open_piece_is_worked_from_its_arrival_to_the_target_of_its_dossier() -> None:
    du = jour("2023-01-05")
    assert reduce(PIECE, [arrivee()]).travaux == (Travail("pieces", du, None, 1, du + 16, du),)
    minima = reduce(PIECE, [arrivee(minima_sociaux=True, urgence="rupture_de_droits")])
    assert minima.travaux == (Travail("pieces", du, None, 0, du + 14, du),)


def test_a_piece_that_waits_on_someone_or_is_closed_is_not_worked() -> None:
    attend = [arrivee(), suite("suspendue", "2023-01-06T10:00:00Z")]
    assert not reduce(PIECE, attend).travaux
    assert reduce(PIECE, [*attend, suite("reprise", "2023-01-06T11:00:00Z")]).travaux
    assert not reduce(PIECE, [arrivee(), suite("traitee", "2023-01-06T10:00:00Z")]).travaux
    assert not reduce(PIECE, [arrivee(), suite("annulee", "2023-01-06T10:00:00Z")]).travaux


def test_courriers_verifications_and_controls_are_counted_by_their_first_fact() -> None:
    controle = {"controle": "K", "type_controle": "place", "indu_centimes": 12_345, "rappel_centimes": 0}
    cas: list[tuple[str, str, dict[str, Any], object]] = [
        ("courrier.arrive", "courrier", {"courrier": "C"}, ImageCourrier(jour="2023-12-31")),
        (
            "verification.realisee",
            "verification",
            {"verification": "V", "moment": "iql6", "conforme": True},
            ImageVerification(jour="2023-12-31", moment="iql6", conforme=True),
        ),
        (
            "controle.realise",
            "controle",
            controle,
            ImageControle(jour="2023-12-31", type_controle="place", indu_centimes=12_345, rappel_centimes=0),
        ),
    ]
    for type_, famille, data, attendue in cas:
        bruts = [
            evenement(type_, quand, dossier=dossier, **data)
            for dossier, quand in (("D-2", "2024-01-01T10:00:00Z"), ("D-1", "2023-12-31T22:59:59Z"))
        ]
        etat = reduce(DECIDEURS[f"fr.caf.{type_}.v1"], bruts)
        assert [tuple(c) for c in etat.images] == [(famille, data[famille], attendue)]
        assert (etat.dossier, etat.colonnes["jour"]) == ("D-1", jour("2023-12-31"))


def test_a_piece_is_counted_on_its_arrival_day_and_no_more_on_the_day_it_leaves(tmp_path: Path) -> None:
    moteur = open_base(tmp_path / "production.db", MODELES)
    with undone(moteur) as connexion:
        take(connexion, "production", DECIDEURS, [arrivee(), suite("traitee", "2023-01-17T10:00:00Z")])
        jours = ("2023-01-04", "2023-01-05", "2023-01-16", "2023-01-17")
        assert closing_stocks(connexion, "091", [jour(j) for j in jours]) == [0, 1, 1, 0]
    moteur.dispose()


def test_labels_reach_the_database_as_plain_text(tmp_path: Path) -> None:
    moteur = open_base(tmp_path / "production.db", MODELES)
    with undone(moteur) as connexion:
        take(connexion, "production", DECIDEURS, [arrivee(), suite("traitee", "2023-01-17T10:00:00Z")])
        ligne = connexion.exec_driver_sql("SELECT nature, canal, fin_genre, typeof(fin_genre) FROM piece").one()
    moteur.dispose()
    assert tuple(ligne) == ("autre", "web", "traitee", "text")
