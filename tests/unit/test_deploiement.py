"""The deployment files agree with the code, and ask for no right that nothing needs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from jsonschema import Draft201909Validator
from packaging.specifiers import SpecifierSet
from typer.main import get_command

from ecluse import __version__
from ecluse.cli import app
from ecluse.distribue.reglages import processes_of, read
from ecluse.distribue.variables import VARIABLES
from shared.bus.sujets import SUJETS
from tests.deploiement import COMPOSE, PAQUET, prepare, processes, read_compose, resolve, variables_in
from tests.donnees import RACINE
from tests.infra.jars import VERSION as KAFKA
from tests.programmes import require_program
from tests.unit.test_paquet import PYPROJECT

DEPLOY: Final = RACINE / "deploy"
SERVICES: Final[dict[str, dict[str, Any]]] = read_compose()["services"]
GUIDE: Final = RACINE / "docs" / "deploiement.md"
# How the guide words what the registry of topics counts in milliseconds.
GARDES: Final = {None: "toujours", 3_600_000: "1 heure", 7 * 86_400_000: "7 jours"}
NOTRES: Final = processes(SERVICES)
# Where Debian's package keeps the schema of the format.
SCHEMA: Final = Path("/usr/lib/python3/dist-packages/compose/config/compose_spec.json")
CONNUES: Final = {nom for v in VARIABLES for nom in ([v.nom, v.fichier] if v.secrete else [v.nom])}
par_service = pytest.mark.parametrize("nom", SERVICES)


@pytest.fixture
def reglages(tmp_path: Path) -> Path:
    """The settings of a first start."""
    return prepare(tmp_path)


def test_docker_compose_takes_the_file_with_the_settings_of_a_first_start(reglages: Path) -> None:
    assert set(resolve(reglages)["services"]) == set(SERVICES)


def test_nothing_starts_with_the_example_settings_which_hold_no_secret() -> None:
    with pytest.raises(subprocess.CalledProcessError) as refus:
        resolve(RACINE / ".env.example")
    assert "manque dans .env, lancer deploy/preparer.sh" in refus.value.stderr


def test_the_file_obeys_the_schema_of_the_format() -> None:
    require_program("docker-compose", PAQUET)
    Draft201909Validator(json.loads(SCHEMA.read_text())).validate(read_compose())


def test_a_second_preparation_keeps_the_secrets_of_the_first(reglages: Path) -> None:
    jeton = reglages.parent / "secrets" / "jeton"
    avant = reglages.read_text(), jeton.read_text()
    prepare(reglages.parent)
    assert (reglages.read_text(), jeton.read_text()) == avant
    secrets = [ligne.partition("=")[2] for ligne in avant[0].splitlines() if ligne.startswith("MDP_")] + [avant[1]]
    assert all(re.fullmatch("[0-9a-f]{48}", secret) for secret in secrets)
    assert len(set(secrets)) == len(secrets)
    assert reglages.stat().st_mode & 0o077 == 0
    assert jeton.parent.stat().st_mode & 0o077 == 0


def test_no_file_to_commit_holds_a_secret_of_this_machine() -> None:
    ignores = (RACINE / ".gitignore").read_text().splitlines()
    assert {"/.env", "/secrets/"} <= set(ignores)
    exemple = (RACINE / ".env.example").read_text()
    assert re.findall(r"^MDP_\w+=.+$", exemple, re.MULTILINE) == []


@pytest.mark.parametrize("nom", NOTRES)
def test_each_process_gets_settings_that_it_accepts_and_only_addresses_that_it_needs(nom: str, reglages: Path) -> None:
    environ = resolve(reglages)["services"][nom]["environment"]
    assert {v for v in environ if v.startswith("ECLUSE_")} <= CONNUES
    assert environ["ECLUSE_TOKEN_FILE"] == f"/run/secrets/{SERVICES[nom]['secrets'][0]}"
    environ["ECLUSE_TOKEN_FILE"] = str(reglages.parent / "secrets" / "jeton")
    service, role = NOTRES[nom]
    lus = read(environ, service, role)
    assert (lus.hote, lus.port) == ("0.0.0.0", 8080)  # noqa: S104  # within its container
    requises = {v.nom for v in VARIABLES if v.requise & processes_of(service, role) and v.nom != "ECLUSE_TOKEN"}
    demandees = {v.nom for v in VARIABLES if v.requise}
    assert {v for v in environ if environ[v] and v in demandees} == requises


def test_every_service_runs_as_api_and_worker_beside_the_door() -> None:
    attendus = {(s, r) for s in ("contacts", "production", "recovery", "indicators") for r in ("api", "worker")}
    assert set(NOTRES.values()) == {*attendus, ("porte", "all")}


@pytest.mark.parametrize("service", ["contacts", "production", "recovery", "indicators"])
def test_only_the_migrations_of_a_service_use_the_owner_of_its_database(service: str) -> None:
    urls = {nom: s["environment"].get("ECLUSE_DATABASE_URL", "") for nom, s in SERVICES.items() if "environment" in s}
    assert {nom for nom, url in urls.items() if f"//{service}_proprietaire:" in url} == {f"migrations-{service}"}
    assert SERVICES[f"migrations-{service}"]["command"] == ["migrations", "upgrade", service]
    base = {nom for nom, url in urls.items() if url.endswith(f"@postgres:5432/{service}")}
    assert base == {f"{service}-api", f"{service}-worker", f"migrations-{service}"}


@pytest.mark.parametrize("fichier", [COMPOSE, RACINE / ".env.example", DEPLOY / "Dockerfile",
                                     GUIDE], ids=lambda f: f.name)  # fmt: skip
def test_every_setting_that_the_deployment_names_is_in_the_registry(fichier: Path) -> None:
    assert variables_in(fichier.read_text()) <= CONNUES


def test_the_example_settings_are_those_that_the_file_reads() -> None:
    exemple = re.findall(r"^([A-Z_]+)=", (RACINE / ".env.example").read_text(), re.MULTILINE)
    lues = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text()))
    assert len(exemple) == len(set(exemple))
    assert set(exemple) == lues
    guide = GUIDE.read_text()
    assert [nom for nom in exemple if nom not in guide and not nom.startswith("MDP_")] == []


def test_the_guide_tells_how_long_each_topic_is_kept() -> None:
    lignes = re.findall(r"^\| (`ecluse\..+?) \| (\d+) \| (.+?) \|", GUIDE.read_text(), re.MULTILINE)
    guide = {nom: (int(n), garde) for noms, n, garde in lignes for nom in re.findall(r"`(.+?)`", noms)}
    declares = {
        re.sub(r"\.controle\.\w+\.", ".controle.*.", sujet.nom()): (sujet.partitions, GARDES[sujet.retention_ms])
        for sujet in SUJETS
    }
    assert guide == declares


def test_every_link_of_the_guide_leads_somewhere() -> None:
    cibles = re.findall(r"\]\(([^)\s]+)\)", GUIDE.read_text())
    assert cibles
    assert [cible for cible in cibles if not (GUIDE.parent / cible).exists()] == []


@pytest.mark.parametrize("nom", [nom for nom, service in SERVICES.items() if "build" in service])
def test_each_container_of_ours_runs_a_command_that_exists(nom: str) -> None:
    groupe = get_command(app)
    for mot in SERVICES[nom]["command"]:
        if not hasattr(groupe, "commands"):
            break
        assert mot in groupe.commands
        groupe = groupe.commands[mot]


def test_images_are_versions_that_the_code_knows() -> None:
    images = {nom: service["image"] for nom, service in SERVICES.items()}
    assert {image for nom, image in images.items() if "build" in SERVICES[nom]} == {f"ecluse:{__version__}"}
    assert images["kafka"] == f"apache/kafka:{KAFKA}"
    for image in set(images.values()):
        assert re.search(r":v?\d+(\.\d+)*(-[a-z]+)?$", image), image


def test_the_image_holds_a_python_that_the_package_accepts_and_its_lock() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    version = re.search(r"^ARG PYTHON=python:([\d.]+)-slim", dockerfile, re.MULTILINE)
    assert version
    assert SpecifierSet(PYPROJECT["project"]["requires-python"]).contains(version[1])
    assert "--require-hashes --no-deps --requirement requirements-distribue.lock" in dockerfile
    assert re.findall(r"^USER (.+)$", dockerfile, re.MULTILINE) == [SERVICES["porte"]["user"]]


def test_what_the_image_copies_is_there_and_nothing_else_is_sent_to_the_builder() -> None:
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    noms = {nom for ligne in copies for nom in ligne.split()}
    lignes = (RACINE / ".dockerignore").read_text().splitlines()
    assert lignes.index("*") < lignes.index("!ecluse")
    assert {ligne[1:] for ligne in lignes if ligne.startswith("!")} == noms
    assert all((RACINE / nom).exists() for nom in noms)
    assert {*PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]} <= noms


@par_service
def test_no_container_has_a_right_that_it_does_not_need(nom: str) -> None:
    service = SERVICES[nom]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc", "container_name"} & set(service)
    assert int(service["user"].partition(":")[0]) > 0
    assert service["read_only"] is (nom != "kafka")
    assert not any("docker.sock" in volume for volume in service.get("volumes", []))
    assert all(volume.endswith(":ro") for volume in service.get("volumes", []) if volume.startswith("."))
    assert service["pids_limit"] > 0
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}


@par_service
def test_each_container_is_watched_and_restarted_unless_it_runs_once(nom: str) -> None:
    service = SERVICES[nom]
    une_fois = service["restart"] == "no"
    assert une_fois or (service["restart"] == "unless-stopped" and service["healthcheck"]["test"])
    attendu = "service_completed_successfully" if une_fois else ("service_healthy", "service_started")
    conditions = [s["depends_on"][nom]["condition"] for s in SERVICES.values() if nom in s.get("depends_on", {})]
    assert all(condition in attendu for condition in conditions)
    assert conditions or not une_fois


def test_only_the_proxy_and_grafana_are_published_and_on_the_loopback() -> None:
    publies = {nom: service["ports"] for nom, service in SERVICES.items() if "ports" in service}
    assert publies == {
        "proxy": ["${ADRESSE:-127.0.0.1}:${PORT:-8080}:8080"],
        "grafana": ["127.0.0.1:${PORT_GRAFANA:-3000}:3000"],
    }
    facade = {nom for nom, service in SERVICES.items() if "facade" in service["networks"]}
    reseaux = read_compose()["networks"]
    assert facade == set(publies)
    assert {nom for nom, reseau in reseaux.items() if not (reseau or {}).get("internal")} == {"facade"}


def test_ports_and_names_agree_from_one_file_to_the_next() -> None:
    kafka = SERVICES["kafka"]["environment"]
    assert kafka["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{SERVICES['sujets']['environment']['ECLUSE_KAFKA']}"
    texte = COMPOSE.read_text()
    urls = dict(re.findall(r"ECLUSE_URL_(\w+): (?:&\S+ )?http://([a-z-]+):8080", texte))
    assert urls == {nom.upper(): f"{nom}-api" for nom in ("contacts", "production", "recovery", "indicators")}
    amonts = dict(re.findall(r"^    (\w+) +([a-z-]+):8080;$", (DEPLOY / "proxy/amonts.conf").read_text(), re.MULTILINE))
    assert amonts == {"porte": "porte", **{nom.lower(): hote for nom, hote in urls.items()}}
    assert set(amonts.values()) < set(NOTRES)


def test_every_process_of_ours_is_measured() -> None:
    mesures = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    (ecluse,) = [s for s in mesures["scrape_configs"] if s["job_name"] == "ecluse"]
    (noms,) = ecluse["dns_sd_configs"]
    assert (set(noms["names"]), noms["port"]) == (set(NOTRES), 8080)
    assert "jeton" in SERVICES["prometheus"]["secrets"]
    for nom in NOTRES:
        assert "services" in SERVICES[nom]["networks"]


def test_promtool_takes_the_settings_of_prometheus(tmp_path: Path, reglages: Path) -> None:
    promtool = require_program("promtool", "prometheus")
    copie = tmp_path / "prometheus"
    shutil.copytree(DEPLOY / "prometheus", copie)
    fichier = copie / "prometheus.yml"
    jeton = str(reglages.parent / "secrets" / "jeton")
    fichier.write_text(fichier.read_text().replace("/run/secrets/jeton", jeton))
    fin = subprocess.run([promtool, "check", "config", fichier], capture_output=True, text=True, check=False)
    assert fin.returncode == 0, fin.stdout + fin.stderr


def test_grafana_reads_the_prometheus_of_the_house() -> None:
    (source,) = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    assert set(SERVICES["grafana"]["networks"]) & set(SERVICES["prometheus"]["networks"]) == {"mesures"}
