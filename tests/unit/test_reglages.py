"""Every setting of the distributed mode: read as the registry says, or refused in one line that names it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.distribue import docs
from ecluse.distribue import variables as v
from ecluse.distribue.courtier import reach_cluster
from ecluse.distribue.reglages import (
    VARIABLES,
    ReglageFaux,
    ReglagesProcessus,
    Role,
    Secret,
    Service,
    processes_of,
    read,
    read_kafka,
    read_one,
)
from ecluse.distribue.variables import Variable
from tests.donnees import RACINE

BONS: dict[str, str] = {
    "ECLUSE_KAFKA": "un:9092,deux:9092",
    "ECLUSE_DATABASE_URL": "postgresql://ecluse:motdepasse@base:5432/production",
    "ECLUSE_REDIS_URL": "redis://:motdepasse@redis:6379/0",
    "ECLUSE_TOKEN": "un-jeton-assez-long",
    "ECLUSE_URL_CONTACTS": "http://contacts:8080",
    "ECLUSE_URL_PRODUCTION": "http://production:8080/",
    "ECLUSE_URL_RECOVERY": "https://recovery",
    "ECLUSE_URL_INDICATORS": "http://[::1]:8080",
}
FAUX: dict[str, tuple[str, ...]] = {
    "ECLUSE_KAFKA": ("kafka", "kafka:", ":9092", "kafka:0", "kafka:99999", "un:9092,", "http://kafka:9092", "un :9092"),
    "ECLUSE_DATABASE_URL": ("production", "mysql://base/x", "postgresql://base:5432", "postgresql://base:zz/x"),
    "ECLUSE_REDIS_URL": ("redis.local", "http://redis:6379", "redis://:x@", "redis://redis:zz"),
    "ECLUSE_TOKEN": ("court", "un jeton avec des espaces", "jeton-accentué-trop-français"),
    "ECLUSE_HOST": ("deux mots",),
    "ECLUSE_PORT": ("-1", "65536", "huit", "8080.0", "٣", "9" * 5000),
    "ECLUSE_PROXIES": ("un, deux",),
    "ECLUSE_URL_CONTACTS": ("contacts:8080", "ftp://contacts", "http://", "http://un deux", "http://x:0", "http://[x"),
    "ECLUSE_PREFIXE": ("a.b", "é", "x" * 65, "a b"),
    "ECLUSE_SESSION_TIMEOUT_MS": ("45s", "5999", "1800001"),
    "ECLUSE_INSTANCE": ("un worker", "w.1"),
    "ECLUSE_WATCHDOG_S": ("0", "un"),
    "ECLUSE_RATE": ("0", "beaucoup"),
    "ECLUSE_RATE_BURST": ("0", "1e6"),
    "ECLUSE_LOG_LEVEL": ("verbeux",),
    "ECLUSE_OTLP_ENDPOINT": ("collecteur",),
    "ECLUSE_TRACES_PART": ("2", "-1", "1.1", "nan", "1e-1", "0,1", ".1", "un dixième"),
    "ECLUSE_KAFKA_SECURITY_PROTOCOL": ("TLS",),
    "ECLUSE_KAFKA_SASL_MECHANISM": ("GSSAPI",),
    "ECLUSE_KAFKA_SASL_USERNAME": ("deux mots",),
    "ECLUSE_KAFKA_SASL_PASSWORD": ("deux mots",),
    "ECLUSE_KAFKA_SSL_CAFILE": ("/nulle/part.pem",),
}
FAUX |= {f"ECLUSE_URL_{nom}": FAUX["ECLUSE_URL_CONTACTS"] for nom in ("PRODUCTION", "RECOVERY", "INDICATORS")}
SASL = {
    "ECLUSE_KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
    "ECLUSE_KAFKA_SASL_MECHANISM": "scram-sha-512",
    "ECLUSE_KAFKA_SASL_USERNAME": "ecluse",
    "ECLUSE_KAFKA_SASL_PASSWORD": "motdepasse",
}
LANCEMENTS: list[tuple[Service, Role]] = [
    (service, role) for service in get_args(Service) for role in get_args(Role) if service != "porte" or role == "api"
]
par_variable = pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.nom)
par_lancement = pytest.mark.parametrize(("service", "role"), LANCEMENTS)


def refused(environ: Mapping[str, str], service: Service = "production", role: Role = "all") -> str:
    """The line that a process says of this environment."""
    with pytest.raises(ReglageFaux) as refus:
        read(environ, service, role)
    ligne = str(refus.value)
    assert len(ligne.splitlines()) == 1
    return ligne


@par_lancement
def test_a_process_starts_on_what_it_requires_alone(service: Service, role: Role) -> None:
    requises = {var.nom for var in VARIABLES if var.requise & processes_of(service, role)}
    reglages = read({nom: BONS[nom] for nom in requises}, service, role)
    assert (reglages.service, reglages.role) == (service, role)
    assert reglages.jeton.reveal() == BONS["ECLUSE_TOKEN"]


@par_lancement
def test_each_required_variable_that_misses_is_named_with_what_is_expected(service: Service, role: Role) -> None:
    for variable in VARIABLES:
        if variable.requise & processes_of(service, role):
            ligne = refused({nom: texte for nom, texte in BONS.items() if nom != variable.nom}, service, role)
            assert ligne.startswith(f"{variable.nom} manque"), ligne
            assert variable.forme.attendu in ligne
            assert refused(BONS | {variable.nom: "  "}, service, role) == ligne


@par_variable
def test_each_wrong_value_is_refused_by_the_name_of_its_variable(variable: Variable) -> None:
    for texte in FAUX[variable.nom]:
        ligne = refused(BONS | {variable.nom: texte})
        assert ligne.startswith(f"{variable.nom} : valeur refusée"), ligne
        assert variable.forme.attendu in ligne
        assert (texte[:100] in ligne) != variable.secrete


@par_variable
def test_a_default_is_a_value_that_the_form_accepts(variable: Variable) -> None:
    assert variable.defaut is None or variable.forme.lit(variable.defaut) is not None
    assert not (variable.defaut and variable.requise)


def test_values_are_read_as_their_types() -> None:
    reglages = read(BONS | {"ECLUSE_PORT": "0", "ECLUSE_LOG_LEVEL": "WARNING"}, "production", "all")
    assert reglages.kafka is not None
    assert reglages.kafka.serveurs == ("un:9092", "deux:9092")
    assert (reglages.port, reglages.niveau, reglages.session_ms) == (0, "warning", 45_000)
    assert reglages.urls["production"] == "http://production:8080"


def test_an_all_role_requires_what_both_roles_require() -> None:
    assert processes_of("production", "all") == processes_of("production", "api") | processes_of("production", "worker")


@pytest.mark.parametrize("variable", [var for var in VARIABLES if var.secrete], ids=lambda variable: variable.nom)
def test_a_secret_comes_from_its_file_as_well(variable: Variable, tmp_path: Path) -> None:
    fichier = tmp_path / "secret"
    bon = (BONS | SASL)[variable.nom]
    fichier.write_text(f"{bon}\n")
    assert read_one({variable.fichier: str(fichier)}, variable) == Secret(bon)
    ensemble = {variable.fichier: str(fichier), variable.nom: bon}
    with pytest.raises(ReglageFaux, match=f"{variable.nom} et {variable.fichier}"):
        read_one(ensemble, variable)


@pytest.mark.parametrize(("contenu", "mot"), [(None, "illisible"), (b"", "est vide"), (b"\xff\xfe", "UTF-8")])
def test_a_secret_file_that_cannot_be_read_is_named(contenu: bytes | None, mot: str, tmp_path: Path) -> None:
    fichier = tmp_path / "secret"
    if contenu is not None:
        fichier.write_bytes(contenu)
    environ = {nom: texte for nom, texte in BONS.items() if nom != "ECLUSE_TOKEN"}
    ligne = refused(environ | {"ECLUSE_TOKEN_FILE": str(fichier)})
    assert ligne.startswith("ECLUSE_TOKEN_FILE : ")
    assert mot in ligne


@pytest.mark.parametrize("nom", [nom for nom in SASL if nom != "ECLUSE_KAFKA_SECURITY_PROTOCOL"])
def test_a_sasl_protocol_requires_its_mechanism_user_and_password(nom: str) -> None:
    assert refused(BONS | SASL | {nom: ""}).startswith(f"{nom} manque")
    kafka = read(BONS | SASL, "production", "worker").kafka
    assert kafka is not None
    assert (kafka.protocole, kafka.mecanisme, kafka.utilisateur) == ("SASL_SSL", "SCRAM-SHA-512", "ecluse")


def test_a_secret_of_a_file_is_read_again_and_stays_while_there_is_nothing_to_read(tmp_path: Path) -> None:
    fichier = tmp_path / "secret"
    fichier.write_text("avant\n")
    sasl = SASL | {"ECLUSE_KAFKA_SASL_PASSWORD": "", "ECLUSE_KAFKA_SASL_PASSWORD_FILE": str(fichier)}
    kafka = read_kafka(BONS | sasl)
    assert kafka is not None
    courtier = reach_cluster(kafka, "ecluse")
    lus = [courtier.options()["sasl_plain_password"]]
    for texte in ("apres\n", "", None):
        fichier.unlink() if texte is None else fichier.write_text(texte)
        lus.append(courtier.options()["sasl_plain_password"])
    assert lus == ["avant", "apres", "apres", "apres"]


def test_no_secret_is_seen_in_what_is_printed_of_the_settings() -> None:
    reglages = read(BONS | SASL, "production", "all")
    for vue in (repr(reglages), str(reglages), f"{reglages.jeton}", repr(replace(reglages, port=1))):
        assert "motdepasse" not in vue
        assert BONS["ECLUSE_TOKEN"] not in vue


@given(st.sampled_from(VARIABLES), st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_the_text_a_setting_is_read_or_refused_in_one_line(variable: Variable, texte: str) -> None:
    try:
        valeur: Any = read_one({variable.nom: texte}, variable)
        ligne = variable.nom
    except ReglageFaux as refus:
        valeur, ligne = "", str(refus)
    assert ligne.startswith(variable.nom)
    assert len(ligne.splitlines()) == 1
    assert valeur is not None or not texte.strip()


def test_settings_are_a_frozen_value() -> None:
    reglages: ReglagesProcessus = read(BONS, "porte", "api")
    with pytest.raises(AttributeError):
        reglages.port = 1  # type: ignore[misc]  # what the test forbids


def test_the_committed_table_is_that_of_the_registry() -> None:
    assert (RACINE / docs.PAGE).read_text() == docs.document()
    assert all(f"`{variable.nom}`" in docs.document() for variable in VARIABLES)
    assert v.KAFKA in VARIABLES
