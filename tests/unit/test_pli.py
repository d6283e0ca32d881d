"""The fold: any order gives the same sums, checkpoints give the same fold, nothing is applied by halves."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select, update

from services.indicators.fold.families import FAMILLES, day_offset
from services.indicators.fold.pli import Pli
from services.indicators.models import TABLES_INDICATEURS
from services.indicators.store import CELLULE, PROFIL, VERSION, PliPerime, erase, load, save
from shared.base import create_tables, open_sqlite
from shared.events.mouvements import (
    Image,
    ImageCampagne,
    ImageContact,
    ImageControle,
    ImageCourrier,
    ImageCreance,
    ImageEncaissement,
    ImagePiece,
    ImageRemise,
    ImageRendezVous,
    ImageVerification,
)
from shared.runtime.journal import Enregistrement
from tests.images import Comptee, fold, movement

JOURS = st.sampled_from(["2022-12-31", "2023-01-01", "2023-01-02", "2023-02-28", "2100-12-31", "1970-01-01"])
CAFS = st.sampled_from(["091", "681"])
TEXTES = st.sampled_from([None, "Foix", "Pamiers"])
SOMMES = st.integers(0, 10**12)
BOOLEENS = st.booleans()


@st.composite
def pieces(draw: st.DrawFn) -> ImagePiece:
    fin = draw(st.none() | JOURS)
    pause = st.tuples(JOURS, st.none() | JOURS)
    return ImagePiece(
        caf_traitante=draw(CAFS),
        nature=draw(st.sampled_from(["demande_rsa", "autre"])),
        canal=draw(st.sampled_from(["web", "interne"])),
        minima_sociaux=draw(BOOLEENS),
        arrivee=draw(JOURS),
        teleservice=draw(st.sampled_from([None, "rsa"])),
        pole=draw(TEXTES),
        site=draw(TEXTES),
        fin=fin,
        fin_genre=fin and draw(st.sampled_from(["traitee", "annulee"])),
        attentes=tuple(draw(st.lists(pause, max_size=2))),
        jours_attente=draw(st.integers(0, 9)),
    )


IMAGES: st.SearchStrategy[Image] = st.one_of(
    pieces(),
    st.builds(ImageCourrier, JOURS),
    st.builds(ImageVerification, JOURS, st.sampled_from(["iql0", "iql6"]), BOOLEENS),
    st.builds(ImageControle, JOURS, st.sampled_from(["place", "pieces"]), SOMMES, SOMMES),
    st.builds(
        ImageContact,
        canal=st.sampled_from(["telephone", "courriel"]),
        nature=st.just("dossier"),
        niveau=st.sampled_from([1, 2]),
        recu=JOURS,
        site=TEXTES,
        pole=TEXTES,
        clos=st.none() | JOURS,
        repete=BOOLEENS,
    ),
    st.builds(ImageRendezVous, st.just("visio"), JOURS, propose=st.none() | JOURS, issue_le=st.none() | JOURS),
    st.builds(ImageCampagne, JOURS, st.sampled_from(["rsa", "accès aux droits"]), st.just("sms")),
    st.builds(
        ImageCreance,
        caf_traitante=CAFS,
        prestation=st.sampled_from(["rsa", "al"]),
        cause=st.sampled_from(["fraude", "declaration_tardive"]),
        debiteur=st.just("allocataire"),
        constat=JOURS,
        montant_centimes=SOMMES,
        du_initial_centimes=SOMMES,
        recouvre_24_centimes=SOMMES,
        recouvre_48_centimes=SOMMES,
        qualifiee=st.none() | JOURS,
        prejudice_centimes=SOMMES,
    ),
    st.builds(ImageEncaissement, JOURS, st.sampled_from(["retenue", "versement"]), SOMMES, CAFS, st.just("rsa")),
    st.builds(ImageRemise, JOURS, st.sampled_from(["accordee", "refusee"]), SOMMES, CAFS, st.just("al")),
)


class Histoire(msgspec.Struct):
    """The images that one counted thing takes, one after the other; None: it is not counted then."""

    caf: str
    images: Sequence[Image | None]


HISTOIRES = st.lists(st.builds(Histoire, CAFS, st.lists(st.none() | IMAGES, min_size=1, max_size=4)), max_size=12)


def _movements(histoires: Sequence[Histoire]) -> list[Enregistrement]:
    """The movements of all histories. An image of another family is taken back by a movement of its own."""
    records = []
    for histoire in histoires:
        avant: Image | None = None
        for apres in histoire.images:
            if avant is not None and apres is not None and type(avant) is not type(apres):
                records.append(movement(histoire.caf, avant, None))
                avant = None
            if avant is not None or apres is not None:
                records.append(movement(histoire.caf, avant, apres))
            avant = apres
    return records


def _last(histoires: Sequence[Histoire]) -> list[Comptee]:
    return [Comptee(h.caf, h.images[-1]) for h in histoires if h.images[-1] is not None]


def _cells(pli: Pli, famille: str) -> list[tuple[dict[str, Any], dict[str, int]]]:
    return [(e.cellule, e.ici) for e in pli.diff(Pli()) if e.famille == famille]


@given(HISTOIRES, st.randoms(use_true_random=False), st.integers(1, 5))
def test_corrected_and_shuffled_movements_add_up_to_the_last_images(
    histoires: list[Histoire], hasard: random.Random, taille: int
) -> None:
    records = _movements(histoires)
    hasard.shuffle(records)
    pli = Pli()
    for debut in range(0, len(records), taille):
        pli.apply(records[debut : debut + taille])
    assert pli.diff(fold(_last(histoires))) == []


@given(st.lists(st.tuples(CAFS, pieces()), max_size=20))
def test_the_flow_matrix_is_a_count_of_the_pieces(comptees: list[tuple[str, ImagePiece]]) -> None:
    pli = fold(Comptee(*c) for c in comptees)
    dims = (*FAMILLES["piece"].dims, *FAMILLES["piece"].jours)
    attendu: Counter[tuple[Any, ...]] = Counter()
    attente: Counter[tuple[Any, ...]] = Counter()
    for caf, image in comptees:
        cle = (caf, *(getattr(image, nom) for nom in dims))
        attendu[cle] += 1
        attente[cle] += image.jours_attente
    trouve = {(c["caf"], *(c[nom] for nom in dims)): m for c, m in _cells(pli, "piece")}
    assert {cle: m["n"] for cle, m in trouve.items()} == dict(attendu)
    assert {cle: m["jours_attente"] for cle, m in trouve.items()} == dict(attente)


def test_the_margins_of_the_stock_move_on_arrival_end_and_pauses() -> None:
    image = ImagePiece(
        "091",
        "autre",
        "web",
        False,
        "2023-01-02",
        fin="2023-01-09",
        fin_genre="traitee",
        attentes=(("2023-01-03", "2023-01-05"), ("2023-01-09", None)),
    )
    marges = {c["jour"]: (m["stock"], m["attente"]) for c, m in _cells(fold([Comptee("091", image)]), "niveau")}
    assert marges == {"2023-01-02": (1, 0), "2023-01-03": (0, 1), "2023-01-05": (0, -1), "2023-01-09": (-1, 1)}


def test_a_movement_that_only_takes_back_leaves_a_negative_count_until_the_other_comes() -> None:
    image = ImageCourrier("2023-01-02")
    pli = Pli()
    pli.apply([movement("091", image, None)])
    assert [m for _, m in _cells(pli, "courrier")] == [{"n": -1}]
    pli.apply([movement("091", None, image)])
    assert pli.diff(Pli()) == []


def test_an_unreadable_movement_leaves_the_fold_as_it_was() -> None:
    pli = fold([Comptee("091", ImageCourrier("2023-01-02"))])
    bon = movement("091", None, ImageCourrier("2023-01-03"))
    for octets in (b"{", b'{"caf":"091","data":{"objet":"x","avant":null,"apres":{"jour":"2023-13-01"}}}'):
        mauvais = Enregistrement("test", 0, 2, 1, bon.type, octets, 0)
        with pytest.raises((msgspec.DecodeError, ValueError)):
            pli.apply([bon, mauvais])
    assert pli.diff(fold([Comptee("091", ImageCourrier("2023-01-02"))])) == []


def test_records_without_bytes_are_of_types_that_the_fold_did_not_ask_for() -> None:
    pli = Pli()
    pli.apply([Enregistrement("test", 0, 1, 0, "fr.caf.piece.arrivee.v1", None, 0)])
    assert pli.diff(Pli()) == []
    assert "fr.caf.piece.mouvement.v1" in pli.types


@pytest.mark.parametrize("jour", ["1969-12-01", "2149-05-09", "2023-1-1"])
def test_a_day_outside_the_years_of_the_contract_is_refused(jour: str) -> None:
    with pytest.raises(ValueError, match="jour"):
        day_offset(jour)


def test_a_difference_between_two_folds_names_the_cell_and_both_counts() -> None:
    ici = fold([Comptee("091", ImageCourrier("2023-01-02"))] * 2)
    autre = fold([Comptee("681", ImageCourrier("2023-01-01")), Comptee("091", ImageCourrier("2023-01-02"))])
    assert [(e.cellule["caf"], e.cellule["jour"], e.ici["n"], e.autre["n"]) for e in ici.diff(autre)] == [
        ("091", "2023-01-02", 2, 1),
        ("681", "2023-01-01", 0, 1),
    ]


def test_cells_are_found_again_however_many_there_are() -> None:
    jours = [
        f"{annee}-{mois:02d}-{jour:02d}"
        for annee in range(1980, 2030)
        for mois in range(1, 13)
        for jour in range(1, 29)
    ]
    pli = Pli()
    for tour in range(2):
        for debut in range(0, len(jours), 1_000):
            pli.apply([movement("091", None, ImageCourrier(j)) for j in jours[debut : debut + 1_000]])
        assert {m["n"] for _, m in _cells(pli, "courrier")} == {tour + 1}
    assert len(_cells(pli, "courrier")) == len(jours)
    pli.apply([movement("091", ImageCourrier(j), None) for j in jours * 2])
    assert pli.diff(Pli()) == []


@pytest.fixture
def moteur(tmp_path: Path) -> Iterator[Engine]:
    moteur = open_sqlite(tmp_path / "indicators.db")
    create_tables(moteur, TABLES_INDICATEURS)
    yield moteur
    moteur.dispose()


def _checkpoint(moteur: Engine, pli: Pli) -> None:
    modifiees = pli.dirty()
    with moteur.begin() as connexion:
        save(connexion, modifiees)
    pli.mark_saved(modifiees)


def _reload(moteur: Engine) -> Pli:
    with moteur.begin() as connexion:
        return load(connexion)


def _rows(moteur: Engine) -> int:
    with moteur.begin() as connexion:
        return int(connexion.execute(select(func.count()).select_from(CELLULE)).scalar_one())


def _exemples(nombre: int, graine: int) -> list[Histoire]:
    """Histories drawn once, without the database of Hypothesis."""
    hasard = random.Random(graine)
    jours = ["2023-01-01", "2023-01-02", "2023-01-03"]
    histoires: list[Histoire] = []
    for _ in range(nombre):
        ouverte = ImagePiece("091", hasard.choice(["autre", "justificatif"]), "web", False, hasard.choice(jours))
        close = msgspec.structs.replace(ouverte, fin="2023-01-05", fin_genre="traitee", jours_attente=1)
        histoires.append(Histoire(hasard.choice(["091", "681"]), [ouverte, close][: hasard.randint(1, 2)]))
    return histoires


def test_a_checkpoint_gives_the_same_fold_after_each_batch(moteur: Engine) -> None:
    records, pli = _movements(_exemples(60, 1)), Pli()
    for debut in range(0, len(records), 7):
        pli.apply(records[debut : debut + 7])
        _checkpoint(moteur, pli)
        assert _reload(moteur).diff(pli) == []


def test_a_reloaded_fold_goes_on_where_the_checkpoint_was(moteur: Engine) -> None:
    records = _movements(_exemples(60, 2))
    entier = Pli()
    entier.apply(records)
    pli = Pli()
    pli.apply(records[:30])
    _checkpoint(moteur, pli)
    repris = _reload(moteur)
    repris.apply(records[30:])
    _checkpoint(moteur, repris)
    assert _reload(moteur).diff(entier) == []


def test_only_what_changed_is_saved_again(moteur: Engine) -> None:
    pli = fold([Comptee("091", ImageCourrier("2023-01-02")), Comptee("091", ImageCourrier("2023-01-03"))])
    _checkpoint(moteur, pli)
    assert [len(m.cles) for m in pli.dirty() if len(m.cles)] == []
    pli.apply([movement("091", None, ImageCourrier("2023-01-03"))])
    assert [(m.famille, len(m.cles), len(m.profils)) for m in pli.dirty() if len(m.cles)] == [("courrier", 1, 0)]


def test_what_changes_during_a_checkpoint_is_in_the_next(moteur: Engine) -> None:
    pli = fold([Comptee("091", ImageCourrier("2023-01-02"))])
    modifiees = pli.dirty()
    pli.apply([movement("681", None, ImageCourrier("2023-01-02"))])
    with moteur.begin() as connexion:
        save(connexion, modifiees)
    pli.mark_saved(modifiees)
    assert _reload(moteur).diff(fold([Comptee("091", ImageCourrier("2023-01-02"))])) == []
    _checkpoint(moteur, pli)
    assert _reload(moteur).diff(pli) == []


def test_a_checkpoint_that_is_rolled_back_is_saved_whole_by_the_next(moteur: Engine) -> None:
    pli = fold([Comptee("091", ImageCourrier("2023-01-02"))])
    with moteur.connect() as connexion, connexion.begin() as transaction:
        save(connexion, pli.dirty())
        transaction.rollback()
    _checkpoint(moteur, pli)
    assert _reload(moteur).diff(pli) == []


def test_cells_that_count_nothing_any_more_leave_the_checkpoint(moteur: Engine) -> None:
    pli = fold([Comptee("091", ImageCourrier("2023-01-02"))])
    _checkpoint(moteur, pli)
    pli.apply([movement("091", ImageCourrier("2023-01-02"), ImageCourrier("2023-01-03"))])
    _checkpoint(moteur, pli)
    assert _rows(moteur) == 1
    assert _reload(moteur).diff(fold([Comptee("091", ImageCourrier("2023-01-03"))])) == []


def test_cells_emptied_while_many_others_come_leave_the_checkpoint_too(moteur: Engine) -> None:
    ancienne = ImageCourrier("2023-01-02")
    pli = fold([Comptee("091", ancienne)])
    _checkpoint(moteur, pli)
    pli.apply([movement("091", ancienne, None)])
    for annee in range(1970, 2000):
        jours = [f"{annee}-{mois:02d}-{jour:02d}" for mois in range(1, 13) for jour in range(1, 29)]
        pli.apply([movement("091", None, ImageCourrier(jour)) for jour in jours])
    _checkpoint(moteur, pli)
    assert _reload(moteur).diff(pli) == []


def test_a_checkpoint_of_another_version_of_the_fold_asks_for_a_rebuild(moteur: Engine) -> None:
    _checkpoint(moteur, fold([Comptee("091", ImageCourrier("2023-01-02"))]))
    with moteur.begin() as connexion:
        connexion.execute(update(VERSION).values(version=0))
    with pytest.raises(PliPerime, match="ecluse rebuild"):
        _reload(moteur)


def test_an_erased_checkpoint_takes_a_rebuilt_fold(moteur: Engine) -> None:
    _checkpoint(moteur, fold([Comptee("091", ImageCourrier("2023-01-02"))]))
    refait = fold([Comptee("681", ImageCourrier("2023-01-05"))])
    with moteur.begin() as connexion:
        erase(connexion)
        assert connexion.execute(select(func.count()).select_from(PROFIL)).scalar_one() == 0
        modifiees = refait.dirty()
        save(connexion, modifiees)
    refait.mark_saved(modifiees)
    assert _reload(moteur).diff(refait) == []


def test_an_empty_database_gives_an_empty_fold(moteur: Engine) -> None:
    assert _reload(moteur).diff(Pli()) == []
    assert _reload(moteur).cafs() == []
