"""The rules of Prometheus, judged by promtool: each alert speaks, and is silent when it must be."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml

from ecluse.distribue.mesures import DE_LA_MAISON, DES_CHIFFRES, MESURES, PEUT_ETRE, Genre
from services.indicators.registre import REGISTRE
from tests.programmes import require_program
from tests.regles import FICHIERS, alerts, names_in, records

ALERTES: Final = {regle["alert"]: regle for regle in alerts()}
MAISON: Final = "http://maison.example"
OUVERTE: Final = {'ecluse_office_open{caf="091"}': "1x2000"}
FERMEE: Final = {'ecluse_office_open{caf="091"}': "0x2000"}
PIECES: Final = 'ecluse_queue_items{caf="091",corbeille="pieces",etat="%s"}'


class Cas(NamedTuple):
    """Series that make an alert speak after ``apres``; ``calme``: what of them, changed, silences it."""

    series: dict[str, str]
    apres: str
    calme: dict[str, str]


def indicator(mesure: str, code: str, fenetre: str = "mois") -> str:
    """A series of an indicator of the Caf 091."""
    return f'ecluse_indicator_{mesure}{{caf="091",code="{code}",fenetre="{fenetre}",instance="a"}}'


def target(code: str, nature: str, juge: str = "oui") -> str:
    """A target of the Caf 091."""
    return f'ecluse_target{{caf="091",code="{code}",juge="{juge}",nature="{nature}",operateur="<="}}'


CAS: Final = {
    "EcluseSoldeAuDessusDeLaCible": Cas(
        {
            indicator("numerator", "SOLDE-JOURS"): "1200x100",
            indicator("denominator", "SOLDE-JOURS"): "200x100",
            target("SOLDE-JOURS", "locale"): "5x100",
        },
        "31m",
        {indicator("numerator", "SOLDE-JOURS"): "1000x100"},
    ),
    "EcluseDelaiQuiDerive": Cas(
        {
            indicator("numerator", "COG-08-29", "7j"): "120x100",
            indicator("denominator", "COG-08-29", "7j"): "10x100",
            indicator("numerator", "COG-08-29", "28j"): "400x100",
            indicator("denominator", "COG-08-29", "28j"): "40x100",
        },
        "61m",
        {indicator("numerator", "COG-08-29", "7j"): "110x100"},
    ),
    "EcluseStockAncien": Cas(
        {
            indicator("numerator", "COG-08-33"): "11x100",
            indicator("denominator", "COG-08-33"): "100x100",
        },
        "31m",
        {target("COG-08-33", "cog"): "0.11x100"},
    ),
    "EcluseInvariantRompu": Cas(
        {indicator("value", "BALANCE"): "-1x100", 'ecluse_little_gap{caf="091"}': "0x100"},
        "6m",
        {indicator("value", "BALANCE"): "0x100"},
    ),
    "EcluseCorbeilleSansPersonne": Cas(
        {PIECES % "pret": "12x2000", PIECES % "pris": "1 0x2000"}, "70m", {PIECES % "pris": "0x2000"}
    ),
    "EcluseChiffresPasFrais": Cas(
        {"ecluse_figures_up_to_date": "0x100", "ecluse_figures_age_seconds": "0+60x100"},
        "10m",
        {"ecluse_figures_age_seconds": "60x100"},
    ),
    "EcluseRetard": Cas(
        {'ecluse_consumer_lag_seconds{source="production"}': "0+60x100"},
        "9m",
        {'ecluse_consumer_lag_seconds{source="production"}': "120x100"},
    ),
    "EcluseLectureArretee": Cas(
        {'ecluse_consumer_stopped{source="production"}': "1x100"},
        "2m",
        {'ecluse_consumer_stopped{source="production"}': "0x100"},
    ),
    "EcluseLettresMortes": Cas(
        {'ecluse_dead_letters{service="production"}': "1x100"},
        "16m",
        {'ecluse_dead_letters{service="production"}': "0x100"},
    ),
    "EcluseProcessusMuet": Cas(
        {'up{job="ecluse",instance="porte"}': "0x100"}, "3m", {'up{job="ecluse",instance="porte"}': "1x100"}
    ),
    "EcluseLecteurEnRetard": Cas(
        {'ecluse_reader_lag_seconds{topic="t"}': "121x100"}, "6m", {'ecluse_reader_lag_seconds{topic="t"}': "119x100"}
    ),
    "EcluseJournalNonPublie": Cas(
        {'ecluse_publisher_backlog_seconds{service="production"}': "121x100"},
        "6m",
        {'ecluse_publisher_backlog_seconds{service="production"}': "119x100"},
    ),
}


def promtool(dossier: Path, *essais: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """What promtool says of these tests of the rules."""
    document = {
        "rule_files": [str(fichier) for fichier in FICHIERS],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "external_labels": {"maison": MAISON}, **essai} for essai in essais],
    }
    fichier = dossier / "essais.yml"
    fichier.write_text(yaml.safe_dump(document))
    commande = [require_program("promtool", "prometheus"), "test", "rules", str(fichier)]
    return subprocess.run(commande, capture_output=True, text=True, check=False)


def speaks(alerte: str, series: dict[str, str], apres: str, *, oui: bool) -> dict[str, Any]:
    """A test of promtool: the alert is firing, or not, after so long."""
    return {
        "input_series": [{"series": nom, "values": valeurs} for nom, valeurs in series.items()],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{alerte}", alertstate="firing"}})',
                "eval_time": apres,
                "exp_samples": [{"labels": "{}", "value": 1}] if oui else [],
            }
        ],
    }


def test_every_alert_has_its_case() -> None:
    assert ALERTES.keys() == CAS.keys()


@pytest.mark.parametrize("alerte", CAS)
def test_an_alert_speaks_when_it_must_and_only_then(alerte: str, tmp_path: Path) -> None:
    cas = CAS[alerte]
    fin = promtool(
        tmp_path,
        speaks(alerte, cas.series | OUVERTE, cas.apres, oui=True),
        speaks(alerte, cas.series | OUVERTE | cas.calme, cas.apres, oui=False),
        # Outside opening hours it is silent; when nobody knows whether it is open, it speaks.
        speaks(alerte, cas.series | FERMEE, cas.apres, oui=False),
        speaks(alerte, cas.series, cas.apres, oui=True),
        # Not at once: what passes by itself wakes nobody.
        speaks(alerte, cas.series | OUVERTE, "0m", oui=False),
    )
    assert fin.returncode == 0, fin.stdout + fin.stderr


def test_a_national_target_does_not_judge_in_place_of_one_that_was_not_given(tmp_path: Path) -> None:
    alerte = "EcluseSoldeAuDessusDeLaCible"
    cas = CAS[alerte]
    series = {nom: valeurs for nom, valeurs in cas.series.items() if not nom.startswith("ecluse_target")}
    series |= {target("SOLDE-JOURS", "nationale", juge="non"): "5x100"}
    fin = promtool(tmp_path, speaks(alerte, series | OUVERTE, cas.apres, oui=False))
    assert fin.returncode == 0, fin.stdout + fin.stderr


def test_an_alert_says_what_happens_and_leads_to_our_page(tmp_path: Path) -> None:
    alerte = "EcluseSoldeAuDessusDeLaCible"
    cas, textes = CAS[alerte], ALERTES[alerte]["annotations"]
    etiquettes = {"caf": "091", "code": "SOLDE-JOURS", "fenetre": "mois", "severite": "avertissement"}
    attendus = {
        "summary": "Caf 091 : solde au-dessus de la cible",
        "description": f"SOLDE-JOURS est à 6.0 jours, {textes['description'].split(' jours, ')[1]}",
        "page": f"{MAISON}/indicateurs/SOLDE-JOURS?caf=091&fenetre=mois&par=nature",
    }
    constat = {"exp_labels": etiquettes, "exp_annotations": attendus}
    essai = speaks(alerte, cas.series | OUVERTE, cas.apres, oui=True)
    essai["alert_rule_test"] = [{"eval_time": cas.apres, "alertname": alerte, "exp_alerts": [constat]}]
    fin = promtool(tmp_path, essai)
    assert fin.returncode == 0, fin.stdout + fin.stderr


def test_a_figure_is_counted_once_whoever_shows_it_and_has_no_value_without_a_denominator(tmp_path: Path) -> None:
    def values(mesure: str, code: str, *valeurs: int) -> dict[str, str]:
        noms = [indicator(mesure, code).replace('"a"', f'"{rang}"') for rang in range(len(valeurs))]
        return {nom: str(valeur) for nom, valeur in zip(noms, valeurs, strict=True)}

    series = {
        **values("numerator", "COG-08-29", 30, 30),
        **values("denominator", "COG-08-29", 4, 4),
        **values("numerator", "IQL0", 0),
        **values("denominator", "IQL0", 0),
        **values("numerator", "STOCK", 7, 7),
        **values("value", "AGE-MAX", 93, 93),
        target("COG-08-29", "nationale"): "16",
    }
    essai = {
        "input_series": [{"series": nom, "values": valeurs} for nom, valeurs in series.items()],
        "promql_expr_test": [
            {
                "expr": "ecluse:indicator:figure",
                "eval_time": "0m",
                "exp_samples": [
                    {"labels": f'ecluse:indicator:figure{{caf="091",code="{code}",fenetre="mois"}}', "value": valeur}
                    for code, valeur in (("COG-08-29", 7.5), ("STOCK", 7), ("AGE-MAX", 93))
                ],
            },
            {
                "expr": "ecluse:indicator:on_target",
                "eval_time": "0m",
                "exp_samples": [
                    {"labels": 'ecluse:indicator:on_target{caf="091",code="COG-08-29",fenetre="mois"}', "value": 1}
                ],
            },
        ],
    }
    fin = promtool(tmp_path, essai)
    assert fin.returncode == 0, fin.stdout + fin.stderr


def test_rules_read_measures_that_exist() -> None:
    suffixes = {Genre.histogramme: ("_bucket", "_count", "_sum")}
    mesures = (*MESURES, *DE_LA_MAISON, *DES_CHIFFRES, *PEUT_ETRE)
    connues = {m.nom + suffixe for m in mesures for suffixe in suffixes.get(m.genre, ("",))} | {"up"}
    for regle in (*records(), *alerts()):
        assert names_in(regle["expr"]) <= connues, regle
        connues |= {regle.get("record", "")}


def test_no_series_is_recorded_twice() -> None:
    noms = [regle["record"] for regle in records()]
    assert len(noms) == len(set(noms))


@pytest.mark.parametrize("nom", ALERTES)
def test_an_alert_is_written_for_the_person_who_reads_it(nom: str) -> None:
    regle = ALERTES[nom]
    assert regle["annotations"].keys() == {"summary", "description", "page"}
    assert regle["labels"]["severite"] in ("avertissement", "grave")
    adresse = regle["annotations"]["page"].removeprefix("{{ $externalLabels.maison }}")
    page = re.fullmatch(r"/(etat|(?:indicateurs|corbeilles)/(\{\{ \$labels\.\w+ }}|[A-Z0-9-]+)\?caf=.+)", adresse)
    assert page, adresse
    assert page[2] is None or page[2].startswith("{{") or page[2] in REGISTRE
