"""Arrêtés on a house: frozen once, verified for ever, and explained by what the logs recorded since."""

import json
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ecluse.maison import Maison, open_house
from services.indicators.arretes.refus import (
    ArreteInconnu,
    CafAPreciser,
    DejaArrete,
    PasAJour,
    PeriodeNonTerminee,
    RienAArreter,
)
from services.indicators.arretes.reponses import Ecarts, MouvementDit, ResumeArrete
from services.indicators.arretes.service import Demande
from services.indicators.arretes.suite import Place
from services.indicators.registre import REGISTRE
from services.indicators.rules import PeriodeInvalide, PeriodeSansDonnees, QuestionRefusee
from shared.reglages import Reglages
from shared.temps import parse_instant
from tests.fabrique import Brut
from tests.maisons import PATIENCE, arrivee, deposit, eventually, execute, fait, query, traitee

EN_FEVRIER = parse_instant("2023-02-03T09:00:00Z")
EN_JANVIER = parse_instant("2023-01-31T20:00:00Z")


class Horloge:
    """A clock that a test sets."""

    def __init__(self, instant: int) -> None:
        self.instant = instant

    def __call__(self) -> int:
        self.instant += 1_000
        return self.instant


@pytest.fixture
def horloge() -> Horloge:
    """The first days of February."""
    return Horloge(EN_FEVRIER)


@pytest.fixture
def maison(tmp_path: Path, horloge: Horloge) -> Iterator[Maison]:
    """A house that knows a few pieces, calls and créances of January."""
    with open_house(Reglages(tmp_path, clock=horloge)) as ouverte:
        give(ouverte, *(arrivee(f"P-{n}", f"2023-01-{n:02}T10:00:00Z", nature="demande_rsa") for n in range(2, 20)))
        give(ouverte, *(traitee(f"P-{n}", f"2023-01-{n + 8:02}T10:00:00Z") for n in range(2, 12)))
        give(ouverte, appel("C-1"), appel("C-2"))
        yield ouverte


def appel(contact: str, quand: str = "2023-01-12T10:00:00Z") -> Brut:
    """Somebody calls."""
    return fait(
        "contact.recu", quand, contact=contact, canal="telephone", nature="dossier", niveau=1, dossier=f"D-{contact}"
    )


def give(maison: Maison, *bruts: Brut) -> None:
    """Take events, and wait until they are in the figures."""
    assert set(deposit(maison, *bruts)) == {"accepte"}
    assert maison.wait_until_current(PATIENCE)


def take(maison: Maison, periode: str = "2023-01", **reste: Any) -> ResumeArrete:
    """Freeze a period, once the figures are à jour at the instant of the clock."""
    eventually(lambda: maison.indicateurs.freshness().a_jour)
    return maison.indicateurs.arretes.take(Demande(reste.pop("caf", None), periode, "superviseur-1", **reste))


def moved(maison: Maison, arrete: ResumeArrete) -> Ecarts:
    """What has moved since."""
    return maison.indicateurs.confrontations.compare(arrete.id)


def all_movements(maison: Maison, arrete: ResumeArrete, code: str, limite: int = 200) -> list[MouvementDit]:
    """All the movements that moved a figure, page after page."""
    dits: list[MouvementDit] = []
    place: Place | None = None
    while True:
        page = maison.indicateurs.confrontations.movements(arrete.id, code, place, limite)
        dits += page.mouvements
        if page.suite is None:
            return dits
        journal, _, position = page.suite.partition(":")
        place = Place(journal, int(position))


def test_an_arrete_says_what_was_told_how_and_as_far_as_what(maison: Maison) -> None:
    assert maison.wait_until_current(PATIENCE)
    dits = maison.indicateurs.figures("091", "2023-01-01", "2023-01-31", [])
    arrete = take(maison)
    garde = maison.indicateurs.arretes.get(arrete.id)
    lu = json.loads(garde.document)
    assert (arrete.id, lu["caf"], lu["periode"], lu["du"], lu["au"]) == (
        "091-1", "091", "2023-01", "2023-01-01", "2023-01-31",
    )  # fmt: skip
    assert (lu["auteur"], lu["motif"], lu["provisoire"], lu["precedent"]) == ("superviseur-1", None, False, None)
    assert lu["fraicheur"]["a_jour"]
    figes = {c["code"]: c for c in lu["chiffres"]}
    assert set(figes) == set(REGISTRE) - {"FILES-RECOUVREMENT"}
    for indication in dits.indicateurs:
        if indication.code in figes:
            dit = msgspec.to_builtins(indication)
            for membre in ("valeur", "numerateur", "denominateur", "unite", "formule", "cibles", "etat"):
                assert figes[indication.code][membre] == dit[membre]
            assert figes[indication.code]["texte"] == REGISTRE[indication.code].formule
    tetes = {nom: service.publication() for nom, service in maison.services.items()}
    assert {nom: r["position"] for nom, r in lu["reperes"].items()} == {nom: t.tete for nom, t in tetes.items()}
    assert {nom: r["marque"] for nom, r in lu["reperes"].items()} == {nom: t.marque for nom, t in tetes.items()}


def test_the_fingerprint_is_that_of_the_bytes_which_are_written_in_one_way_only(maison: Maison) -> None:
    garde = maison.indicateurs.arretes.get(take(maison).id)
    assert sha256(garde.document).hexdigest() == garde.empreinte
    lu = json.loads(garde.document)
    assert json.dumps(lu, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == garde.document


def test_a_period_is_frozen_once_unless_a_reason_is_given_and_both_stay(maison: Maison) -> None:
    premier = take(maison)
    with pytest.raises(DejaArrete, match="donner un motif"):
        take(maison)
    second = take(maison, motif="une pièce oubliée")
    arretes = maison.indicateurs.arretes
    assert [a.id for a in arretes.list("091", None).arretes] == [premier.id, second.id] == ["091-1", "091-2"]
    assert json.loads(arretes.get(second.id).document)["precedent"] == premier.empreinte
    assert arretes.find(None, "2023-01") == second
    assert [arretes.list(None, None, 1).suite, arretes.list(None, "091-1", 1).suite] == ["091-1", None]


def test_a_period_that_is_not_over_is_frozen_provisionally_then_for_good(maison: Maison, horloge: Horloge) -> None:
    horloge.instant = EN_JANVIER
    with pytest.raises(PeriodeNonTerminee, match="2023-01-31"):
        take(maison)
    assert take(maison, provisoire=True).provisoire
    with pytest.raises(DejaArrete):
        take(maison, provisoire=True)
    horloge.instant = EN_FEVRIER
    definitif = take(maison, provisoire=True)
    assert not definitif.provisoire
    assert maison.indicateurs.arretes.find("091", "2023-01") == definitif


def test_figures_that_are_late_are_not_frozen_and_it_is_said_why(
    maison: Maison, monkeypatch: pytest.MonkeyPatch
) -> None:
    production = maison.services["production"]
    monkeypatch.setattr(type(production), "read", lambda *_: [])
    assert deposit(maison, arrivee("P-tard")) == ["accepte"]
    eventually(lambda: "production" in maison.indicateurs.explain_delay())
    with pytest.raises(PasAJour, match=r"rien n'est arrêté : .*production"):
        maison.indicateurs.arretes.take(Demande(None, "2023-01", "x"))
    assert maison.indicateurs.arretes.list(None, None).arretes == []


@pytest.mark.parametrize(
    ("periode", "caf", "refus"),
    [
        ("2023-13", None, PeriodeInvalide),
        ("2023-T5", None, PeriodeInvalide),
        ("janvier", None, PeriodeInvalide),
        ("2023-01\n", None, PeriodeInvalide),
        ("2023-01", "91", QuestionRefusee),
        ("2023-01", "681", RienAArreter),
        ("2019-01", None, PeriodeSansDonnees),
    ],
)
def test_what_can_not_be_frozen_is_refused_and_changes_nothing(
    maison: Maison, periode: str, caf: str | None, refus: type[Exception]
) -> None:
    with pytest.raises(refus):
        take(maison, periode, caf=caf)
    assert maison.indicateurs.arretes.list(None, None).arretes == []


def test_with_several_cafs_one_must_be_named(maison: Maison) -> None:
    give(maison, arrivee("P-ailleurs", caf="681"))
    with pytest.raises(CafAPreciser, match="091, 681"):
        take(maison)
    assert take(maison, caf="681").id == "681-1"


def test_quarters_and_years_are_periods_too(maison: Maison, horloge: Horloge) -> None:
    horloge.instant = parse_instant("2024-01-05T09:00:00Z")
    assert [take(maison, p).periode for p in ("2023-T1", "2023")] == ["2023-T1", "2023"]
    lu = json.loads(maison.indicateurs.arretes.get("091-1").document)
    assert (lu["du"], lu["au"]) == ("2023-01-01", "2023-03-31")


def test_nothing_has_moved_when_nothing_has_come(maison: Maison) -> None:
    ecarts = moved(maison, take(maison))
    assert (ecarts.ecarts, ecarts.formules, ecarts.cibles, ecarts.enregistrements) == ([], [], [], 0)
    assert ecarts.identiques == len(REGISTRE) - 1


def change(maison: Maison) -> None:
    """What comes after the arrêté: late, corrected, of other days, of other Cafs."""
    give(maison, arrivee("P-40", "2023-01-20T10:00:00Z", source="/oublis", id="late-1"))
    give(maison, traitee("P-12", "2023-01-25T10:00:00Z", id="T-12"), traitee("P-13", "2023-02-02T10:00:00Z"))
    give(maison, traitee("P-2", "2023-01-28T10:00:00Z", id="T-2-encore"))
    give(maison, fait("piece.annulee", "2023-01-30T10:00:00Z", piece="P-14", dossier="D-P-14", motif="doublon"))
    give(maison, appel("C-3"), appel("C-4", "2023-02-01T10:00:00Z"))
    give(maison, arrivee("P-60", "2023-02-01T10:00:00Z"), arrivee("P-61", caf="681"))


def test_the_movements_that_are_listed_explain_the_whole_difference(maison: Maison) -> None:
    arrete = take(maison)
    change(maison)
    ecarts = moved(maison, arrete)
    avant = {c["code"]: c for c in json.loads(maison.indicateurs.arretes.get(arrete.id).document)["chiffres"]}
    apres = {
        i.code: msgspec.to_builtins(i)
        for i in maison.indicateurs.figures("091", "2023-01-01", "2023-01-31", list(avant)).indicateurs
    }
    chiffre = ("valeur", "numerateur", "denominateur")
    bouges = {c for c in avant if [avant[c][m] for m in chiffre] != [apres[c][m] for m in chiffre]}
    assert {e.code for e in ecarts.ecarts} == bouges | {"BALANCE"}
    assert {"PIECES-ARRIVEES", "PIECES-TRAITEES", "PIECES-ANNULEES", "STOCK", "COG-08-29", "APPELS-RECUS"} <= bouges
    assert {"DELAI-P90", "SOLDE-JOURS-MOYEN"} <= bouges
    for e in ecarts.ecarts:
        assert e.explique, e
        assert e.mouvements, e
        dits = all_movements(maison, arrete, e.code)
        assert len(dits) == e.mouvements
        for membre in ("numerateur", "denominateur"):
            ecart, somme = getattr(e, membre), [getattr(d, membre) for d in dits]
            if getattr(e.arrete, membre) is not None:
                assert sum(somme) == ecart == apres[e.code][membre] - avant[e.code][membre], (e.code, membre)
    assert ecarts.inexplique is None


def test_a_movement_names_its_object_its_events_their_tool_and_when_it_was_recorded(
    maison: Maison, horloge: Horloge
) -> None:
    arrete = take(maison)
    avant = horloge.instant
    change(maison)
    (dit, *autres) = all_movements(maison, arrete, "PIECES-ARRIVEES")
    assert autres == []
    assert (dit.famille, dit.objet, dit.dossier, dit.numerateur) == ("piece", "P-40", "D-P-40", 1)
    assert [(e.id, e.source, e.type) for e in dit.evenements] == [("late-1", "/oublis", "fr.caf.piece.arrivee.v1")]
    assert avant < parse_instant(dit.enregistre_le) < horloge.instant
    assert dit.avant == msgspec.Raw(b"null")
    assert json.loads(bytes(dit.apres))["arrivee"] == "2023-01-20"
    traites = {d.objet: [e.id for e in d.evenements] for d in all_movements(maison, arrete, "COG-08-29")}
    assert traites == {"P-2": ["T-2-encore"], "P-12": ["T-12"]}
    assert {d.objet for d in all_movements(maison, arrete, "APPELS-RECUS")} == {"C-3"}


def test_movements_come_by_pages_that_say_the_same(maison: Maison) -> None:
    arrete = take(maison)
    change(maison)
    entiers = all_movements(maison, arrete, "STOCK")
    assert len(entiers) == 3
    assert all_movements(maison, arrete, "STOCK", 1) == entiers


def test_a_formula_that_changed_is_told_as_such_and_not_as_a_moved_figure(
    maison: Maison, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrete = take(maison)
    nouvelle = replace(REGISTRE["PART-15J"], version=2, calcul=REGISTRE["COG-08-29"].calcul)
    monkeypatch.setitem(REGISTRE, "PART-15J", nouvelle)
    ecarts = moved(maison, arrete)
    assert ecarts.ecarts == []
    (formule,) = ecarts.formules
    assert (formule.code, formule.formule_arretee, formule.formule) == ("PART-15J", 1, 2)
    assert formule.arrete.valeur == 1.0
    assert formule.alors == formule.maintenant
    assert formule.maintenant.valeur == 8.0


def test_every_alteration_of_what_is_kept_is_seen(maison: Maison, tmp_path: Path) -> None:
    for motif in (None, "deux", "trois"):
        take(maison, motif=motif)
    arretes, base = maison.indicateurs.arretes, tmp_path / "indicators.db"
    sain = arretes.verify()
    assert (sain.verifies, sain.anomalies, [d.id for d in sain.derniers]) == (3, [], ["091-3"])
    ((document,),) = query(base, "SELECT document FROM arrete WHERE numero = 2")
    change_ = document.replace(b'"auteur":"superviseur-1"', b'"auteur":"superviseur-2"')
    assert change_ != document
    execute(base, "UPDATE arrete SET document = ? WHERE numero = 2", change_)
    assert "091-2 : le document ne donne plus son empreinte" in arretes.verify().anomalies[0]
    # With a fingerprint of its own, the one after it tells.
    execute(base, "UPDATE arrete SET empreinte = ? WHERE numero = 2", sha256(change_).hexdigest())
    (anomalie,) = arretes.verify().anomalies
    assert "091-3 : il ne suit pas" in anomalie
    execute(
        base, "UPDATE arrete SET document = ?, empreinte = ? WHERE numero = 2", document, sha256(document).hexdigest()
    )
    execute(base, "UPDATE arrete SET periode = '2023-02' WHERE numero = 2")
    assert "la ligne de la base ne dit pas" in arretes.verify().anomalies[0]
    execute(base, "DELETE FROM arrete WHERE numero = 2")
    assert any("le numéro 2" in a for a in arretes.verify("091").anomalies)
    execute(base, "UPDATE arrete SET document = x'ff' WHERE numero = 1")
    assert any("ne se lit plus" in a for a in arretes.verify().anomalies)


def test_an_arrete_outlives_restarts_and_rebuilds_and_is_still_explained(tmp_path: Path) -> None:
    horloge = Horloge(EN_FEVRIER)
    with open_house(Reglages(tmp_path, clock=horloge)) as maison:
        give(maison, arrivee("P-1"))
        arrete = take(maison)
    with open_house(Reglages(tmp_path, clock=horloge)) as maison:
        give(maison, traitee("P-1"))
        assert maison.indicateurs.rebuild(accepter_restauration=True).egal
        assert maison.wait_until_current(PATIENCE)
        ecarts = moved(maison, arrete)
        assert {"PIECES-TRAITEES", "COG-08-29", "STOCK"} <= {e.code for e in ecarts.ecarts if e.explique}
        assert maison.indicateurs.arretes.verify().anomalies == []


def test_an_unknown_arrete_is_told(maison: Maison) -> None:
    for id_ in ("091-7", "091-0", "rien", "091-", "091-99999999999"):
        with pytest.raises(ArreteInconnu):
            moved(maison, ResumeArrete(id_, "091", "2023-01", False, "", ""))
    with pytest.raises(ArreteInconnu, match="2023-01"):
        maison.indicateurs.arretes.find(None, "2023-01")
