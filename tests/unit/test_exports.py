"""Exports, read back by other readers than those that wrote them."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from services.indicators.exports import sortie
from services.indicators.exports.lignes import Extrait, build_extract
from services.indicators.exports.sortie import (
    ExportTropGrand,
    Format,
    FormatInconnu,
    FormatNonInstalle,
    name_file,
    parse_format,
    write_export,
)
from services.indicators.exports.texte import COLONNES, guard
from services.indicators.registre import REGISTRE
from services.indicators.rules import CodeInconnu, QuestionRefusee
from shared.web.acces import Acces
from tests.ecrans import EXTRAIT_LE, FauxChiffres, Page, Visiteur, build_app

JANVIER = ("091", "2023-01-01", "2023-01-31")
FORMULES = ["=1+1", "+33", "-2+3", "@SUM(A1)", "\t=1", "＝1"]


@pytest.fixture
def chiffres() -> FauxChiffres:
    """Figures with every kind of value: means, rates, counts, amounts, none."""
    return FauxChiffres()


def extract(chiffres: FauxChiffres, *codes: str, pas: str | None = None) -> Extrait:
    """An export of January."""
    return build_extract(chiffres, *JANVIER, codes, pas, EXTRAIT_LE)


def written(extrait: Extrait, format_: Format) -> bytes:
    """The whole file."""
    return b"".join(write_export(extrait, format_))


def read_csv(octets: bytes, separateur: str) -> list[dict[str, str]]:
    """The rows of a text."""
    return list(csv.DictReader(io.StringIO(octets.decode(), newline=""), delimiter=separateur))


def test_the_csv_of_people_is_what_a_french_spreadsheet_opens_at_once(chiffres: FauxChiffres) -> None:
    octets = written(extract(chiffres), Format.csv_excel)
    assert octets.startswith(b"\xef\xbb\xbfcaf;code;libelle;du;au;valeur;")
    assert octets.count(b"\n") == octets.count(b"\r\n") == len(REGISTRE) + 1
    lignes = {ligne["code"]: ligne for ligne in read_csv(octets.removeprefix(b"\xef\xbb\xbf"), ";")}
    assert list(lignes) == list(REGISTRE)
    delai = lignes["COG-08-29"]
    assert (delai["du"], delai["au"]) == ("01/01/2023", "31/01/2023")
    assert float(delai["valeur"].replace(",", ".")) == 60_687 / 4_466
    assert "." not in delai["valeur"]
    assert (delai["numerateur"], delai["denominateur"], delai["cible"]) == ("60687", "4466", "16")
    assert (delai["dernier_evenement"], delai["a_jour"]) == ("31/01/2023 14:02:31", "oui")
    montant = lignes["INDUS-MONTANT"]
    assert (montant["caf"], montant["valeur"], montant["unite"]) == ("Caf 091", "123456,78", "euros")
    assert lignes["COG-10-43"]["numerateur"] == "73124,5"
    assert lignes["PART-DIRECT"]["valeur"] == ""
    assert lignes["COG-08-30"]["autres_cibles"] == "nationale : <= 14"


def test_the_plain_csv_is_what_programs_read(chiffres: FauxChiffres) -> None:
    octets = written(extract(chiffres), Format.csv)
    assert octets.startswith(b"caf,code,libelle,du,au,valeur,")
    lignes = {ligne["code"]: ligne for ligne in read_csv(octets, ",")}
    assert tuple(next(iter(lignes.values()))) == COLONNES
    assert float(lignes["COG-08-33"]["valeur"]) == 116 / 1_863
    assert (lignes["STOCK"]["valeur"], lignes["STOCK"]["du"]) == ("1863", "2023-01-01")
    assert lignes["STOCK"]["a_jour"] == "true"


def test_no_number_is_written_with_an_exponent(chiffres: FauxChiffres) -> None:
    chiffres.set("COG-08-33", 1 / 3_000_000, 1, 3_000_000)
    chiffres.set("INDUS-MONTANT", 10**17, 10**17)
    (part, somme) = read_csv(written(extract(chiffres, "COG-08-33", "INDUS-MONTANT"), Format.csv), ",")
    assert float(part["valeur"]) == 1 / 3_000_000
    assert "e" not in part["valeur"].lower()
    assert somme["valeur"] == "1" + 17 * "0"


@pytest.mark.parametrize("texte", FORMULES)
def test_no_text_of_a_csv_is_taken_for_a_formula(
    chiffres: FauxChiffres, monkeypatch: pytest.MonkeyPatch, texte: str
) -> None:
    monkeypatch.setitem(REGISTRE, "STOCK", replace(REGISTRE["STOCK"], libelle=texte))
    for format_, separateur in ((Format.csv, ","), (Format.csv_excel, ";")):
        (ligne,) = read_csv(written(extract(chiffres, "STOCK"), format_).removeprefix(b"\xef\xbb\xbf"), separateur)
        assert ligne["libelle"] == f"'{texte}"
    assert guard("Pièces -1") == "Pièces -1"


def test_a_negative_number_stays_a_number(chiffres: FauxChiffres) -> None:
    chiffres.set("BALANCE", -2)
    (ligne,) = read_csv(written(extract(chiffres, "BALANCE"), Format.csv), ",")
    assert ligne["valeur"] == "-2"


@pytest.fixture
def classeur(chiffres: FauxChiffres, tmp_path: Path) -> Any:
    """The workbook, as another library reads it."""
    fichier = tmp_path / "x.xlsx"
    fichier.write_bytes(written(extract(chiffres), Format.xlsx))
    return openpyxl.load_workbook(fichier)


def test_the_workbook_has_typed_numbers_and_dates_with_their_formats(classeur: Any) -> None:
    assert classeur.sheetnames == ["Indicateurs", "Définitions"]
    feuille = classeur["Indicateurs"]
    assert feuille["A1"].value == "Indicateurs de la Caf 091 du 01/01/2023 au 31/01/2023"
    # The hour of Paris, to the second: a spreadsheet rounds below.
    assert feuille["D2"].value.replace(microsecond=0) == datetime(2023, 1, 31, 14, 2, 31)  # noqa: DTZ001  # no zone there
    assert feuille["D3"].value == "oui"
    entetes = {cellule.value: cellule.column for cellule in feuille[6]}
    lignes = {ligne[entetes["Code"] - 1].value: ligne for ligne in feuille.iter_rows(min_row=7)}
    assert list(lignes) == list(REGISTRE)

    def cell(code: str, colonne: str) -> Any:
        return lignes[code][entetes[colonne] - 1]

    # A workbook holds as many digits as a spreadsheet computes with.
    assert cell("COG-08-33", "Valeur").value == pytest.approx(116 / 1_863, rel=1e-15)
    assert cell("COG-08-33", "Valeur").number_format == "0.00%"
    assert (cell("STOCK", "Valeur").value, cell("STOCK", "Valeur").data_type) == (1_863, "n")
    assert cell("STOCK", "Du").value == datetime(2023, 1, 1)  # noqa: DTZ001  # a day
    assert cell("STOCK", "Du").is_date
    assert (cell("INDUS-MONTANT", "Valeur").value, cell("INDUS-MONTANT", "Unité").value) == (123_456.78, "euros")
    assert "€" in cell("INDUS-MONTANT", "Valeur").number_format
    assert cell("COG-10-43", "Numérateur").value == 73_124.5
    assert cell("PART-DIRECT", "Valeur").value is None
    assert cell("COG-08-29", "État").value == "Cible atteinte"


def test_the_workbook_says_what_each_figure_is(classeur: Any) -> None:
    entetes, *lignes = classeur["Définitions"].iter_rows(values_only=True)
    definitions = {ligne[0]: dict(zip(entetes, ligne, strict=True)) for ligne in lignes}
    assert list(definitions) == list(REGISTRE)
    for code, i in REGISTRE.items():
        d = definitions[code]
        assert (d["Formule"], d["Population"], d["Source"]) == (i.formule, i.population, i.source)
        assert (d["Version de la formule"], d["Formule d'Écluse"]) == (i.version, "oui" if i.maison else "non")


@pytest.mark.parametrize("texte", [*FORMULES, "http://exemple", "'=1"])
def test_no_text_of_a_workbook_is_a_formula_or_a_link(
    chiffres: FauxChiffres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, texte: str
) -> None:
    monkeypatch.setitem(REGISTRE, "STOCK", replace(REGISTRE["STOCK"], libelle=texte, formule=texte))
    fichier = tmp_path / "x.xlsx"
    fichier.write_bytes(written(extract(chiffres, "STOCK"), Format.xlsx))
    lu = openpyxl.load_workbook(fichier)
    cellules = [lu["Indicateurs"]["C7"], lu["Définitions"]["B2"], lu["Définitions"]["E2"]]
    # A reader of ours may normalise the blanks at the ends.
    assert {c.value.strip() for c in cellules} == {texte.strip()}
    assert {(c.data_type, c.hyperlink) for c in cellules} <= {("s", None), ("inlineStr", None)}


def query(requete: str, fichier: Path) -> list[tuple[Any, ...]]:
    """What DuckDB answers of a file."""
    with duckdb.connect() as base:
        return base.execute(requete, [str(fichier)]).fetchall()


@pytest.fixture
def parquet(chiffres: FauxChiffres, tmp_path: Path) -> Path:
    """Weekly series of a few figures."""
    fichier = tmp_path / "x.parquet"
    extrait = extract(chiffres, "COG-08-29", "STOCK", "PART-DIRECT", pas="semaine")
    fichier.write_bytes(written(extrait, Format.parquet))
    return fichier


def test_parquet_has_typed_columns_and_one_row_for_each_point(parquet: Path, chiffres: FauxChiffres) -> None:
    types = {nom: type_ for nom, type_, *_ in query("DESCRIBE SELECT * FROM read_parquet(?)", parquet)}
    assert [types[n] for n in ("du", "valeur", "numerateur", "formule")] == ["DATE", "DOUBLE", "BIGINT", "INTEGER"]
    lignes = query("SELECT code, du, au, valeur FROM read_parquet(?)", parquet)
    attendues = [
        (code, date.fromisoformat(p.du), date.fromisoformat(p.au), None if p.valeur is None else float(p.valeur))
        for code in ("COG-08-29", "STOCK", "PART-DIRECT")
        for p in chiffres.series(code, *JANVIER, "semaine").points
    ]
    assert lignes == attendues


def test_parquet_says_how_fresh_it_is_and_by_which_formulas(parquet: Path) -> None:
    lues = dict(query("SELECT decode(key), decode(value) FROM parquet_kv_metadata(?)", parquet))
    assert json.loads(lues["ecluse.fraicheur"])["a_jour"] is True
    assert json.loads(lues["ecluse.formules"])["STOCK"]["version"] == REGISTRE["STOCK"].version
    assert (lues["ecluse.caf"], lues["ecluse.pas"], lues["ecluse.du"]) == ("091", "semaine", "2023-01-01")


def test_series_of_all_indicators_leave_out_what_has_none(chiffres: FauxChiffres) -> None:
    lignes = read_csv(written(extract(chiffres, pas="mois"), Format.csv), ",")
    absents = set(REGISTRE) - {ligne["code"] for ligne in lignes}
    assert absents == {code for code, i in REGISTRE.items() if i.calcul is None} | {"BALANCE"}
    assert [ligne["code"] for ligne in read_csv(written(extract(chiffres, "BALANCE", pas="an"), Format.csv), ",")] == [
        "BALANCE"
    ]


def test_text_is_written_as_it_is_computed(chiffres: FauxChiffres) -> None:
    lues = 0

    def count(lignes: Iterator[Any]) -> Iterator[Any]:
        nonlocal lues
        for ligne in lignes:
            lues += 1
            yield ligne

    extrait = build_extract(chiffres, "091", "2014-01-01", "2023-12-31", ["STOCK", "COG-08-29"], "jour", EXTRAIT_LE)
    morceaux = write_export(replace(extrait, lignes=count(extrait.lignes)), Format.csv)
    assert len(next(morceaux)) + len(next(morceaux)) < 200_000
    assert lues <= 1_000
    assert sum(m.count(b"\r\n") for m in morceaux) + lues > 7_000


@pytest.mark.parametrize(
    ("question", "refus"),
    [
        (("91", "2023-01-01", "2023-01-31", [], None), QuestionRefusee),
        (("091", "2023-02-01", "2023-01-31", [], None), QuestionRefusee),
        (("091", "2023-01-01", "2023-01-31", ["COG"], None), CodeInconnu),
        (("091", "2023-01-01", "2023-01-31", [], "siecle"), QuestionRefusee),
        (("091", "1970-01-01", "2100-01-31", [], "jour"), QuestionRefusee),
        (("091", "2023-01-01", "2023-01-31", ["FILES-RECOUVREMENT"], "jour"), QuestionRefusee),
    ],
)
def test_a_question_without_an_answer_is_refused_before_anything_is_written(
    chiffres: FauxChiffres, question: tuple[Any, ...], refus: type[Exception]
) -> None:
    caf, du, au, codes, pas = question
    with pytest.raises(refus):
        build_extract(chiffres, caf, du, au, codes, pas, EXTRAIT_LE)


def test_a_workbook_takes_no_more_rows_than_a_spreadsheet_opens_with_ease(chiffres: FauxChiffres) -> None:
    extrait = build_extract(chiffres, "091", "2013-01-01", "2023-12-31", [], "semaine", EXTRAIT_LE)
    with pytest.raises(ExportTropGrand, match="csv-excel"):
        write_export(extrait, Format.xlsx)
    petit = extract(chiffres, pas="jour")
    assert petit.nombre == len(list(petit.lignes))


def test_a_format_that_is_unknown_or_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FormatInconnu, match="csv-excel, xlsx, csv, parquet"):
        parse_format("ods")
    monkeypatch.setattr(sortie, "find_spec", lambda _: None)
    with pytest.raises(FormatNonInstalle, match=r"pip install 'ecluse\[exports\]'"):
        parse_format("parquet")
    assert parse_format("xlsx") is Format.xlsx


def test_the_pages_offer_each_format_and_give_the_file(chiffres: FauxChiffres, monkeypatch: pytest.MonkeyPatch) -> None:
    visiteur = Visiteur(build_app(Acces("jeton"), chiffres))
    assert visiteur.get("/exports/indicateurs?format=csv").status_code == 401
    visiteur.enter()
    for adresse, suffixe in (("/indicateurs", ""), ("/indicateurs/STOCK?pas=semaine", "_semaine")):
        liens = [a["href"] for a in Page(visiteur.get(adresse).text).all("a") if "/exports/" in a.get("href", "")]
        assert len(liens) == len(Format)
        for lien, format_ in zip(liens, Format, strict=True):
            reponse = visiteur.get(lien)
            nom = f"indicateurs_091_2023-01-01_2023-01-31{suffixe}.{sortie.TRAITS[format_].extension}"
            assert reponse.headers["content-disposition"] == f'attachment; filename="{nom}"'
            assert reponse.content
    assert visiteur.get("/exports/indicateurs?format=ods").status_code == 400
    monkeypatch.setattr(sortie, "find_spec", lambda _: None)
    refus = visiteur.get("/exports/indicateurs?format=parquet&caf=091&du=2023-01-01&au=2023-01-31")
    assert (refus.status_code, "ecluse[exports]" in refus.text) == (409, True)
    assert "format=parquet" not in visiteur.get("/indicateurs").text


def test_files_are_named_by_what_they_hold(chiffres: FauxChiffres) -> None:
    assert name_file(extract(chiffres, pas="mois"), Format.xlsx) == "indicateurs_091_2023-01-01_2023-01-31_mois.xlsx"
