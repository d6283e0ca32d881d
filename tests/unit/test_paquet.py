"""What the package promises before its code runs: dependencies, contents, setup."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from outils.verrous import VERROUS, uv_settings

RACINE = Path(__file__).resolve().parents[2]
PAQUETS = ("ecluse", "services", "shared")
PYPROJECT = tomllib.loads((RACINE / "pyproject.toml").read_text())
PRODUIT = PYPROJECT["project"]["dependencies"]
DISTRIBUE = PYPROJECT["project"]["optional-dependencies"]["distribue"]
EXPORTS = PYPROJECT["project"]["optional-dependencies"]["exports"]
GROUPES = PYPROJECT["dependency-groups"]
DECLARES = {
    "requirements.lock": [*PRODUIT, *GROUPES["build"]],
    "requirements-distribue.lock": [*PRODUIT, *DISTRIBUE, *EXPORTS, *GROUPES["build"]],
    "requirements-dev.lock": [*PRODUIT, *DISTRIBUE, *EXPORTS, *GROUPES["build"], *GROUPES["dev"]],
    "bench/requirements.lock": [*PRODUIT, *DISTRIBUE, *GROUPES["build"], *GROUPES["bench"]],
}
# Modules of the distributed mode whose distribution has another name, and is not installed by default.
DISTRIBUTION = {"faust": "faust-streaming", "kafka": "kafka-python", "mode": "mode-streaming"}


def read_pins(lock: str) -> dict[str, str]:
    """The version that a lock gives to each distribution on this machine. Fails on a pin without a hash."""
    pins: dict[str, str] = {}
    for entry in re.split(r"\n(?=[a-z0-9])", (RACINE / lock).read_text()):
        if entry.startswith("#"):
            continue
        requirement = Requirement(entry.split("\\\n")[0])
        assert "--hash=sha256:" in entry, requirement.name
        if requirement.marker is None or requirement.marker.evaluate():
            pins[canonicalize_name(requirement.name)] = str(requirement.specifier).removeprefix("==")
    return pins


@pytest.mark.parametrize("lock", VERROUS)
def test_every_declared_dependency_is_pinned_at_a_version_that_it_accepts(lock: str) -> None:
    pins = read_pins(lock)
    for declared in map(Requirement, DECLARES[lock]):
        assert declared.specifier.contains(pins[canonicalize_name(declared.name)]), declared


def test_tests_run_on_the_versions_that_users_get() -> None:
    assert read_pins("requirements.lock").items() <= read_pins("requirements-dev.lock").items()


@pytest.mark.parametrize("lock", VERROUS)
def test_a_lock_names_no_host_and_no_folder_of_a_machine(lock: str) -> None:
    lines = (RACINE / lock).read_text().splitlines()
    assert [line for line in lines if "://" in line or line.startswith("-") or "/" in line] == []


def imported_modules(package: str) -> Iterator[tuple[str, Path]]:
    for path in (RACINE / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((alias.name.partition(".")[0], path) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition(".")[0], path


@pytest.mark.parametrize("package", PAQUETS)
def test_the_code_imports_only_what_pyproject_declares(package: str) -> None:
    declared = {canonicalize_name(Requirement(line).name) for line in [*PRODUIT, *DISTRIBUE, *EXPORTS]}
    installed = packages_distributions()
    undeclared = {
        f"{path.relative_to(RACINE)} : {module}"
        for module, path in imported_modules(package)
        if module not in sys.stdlib_module_names and module not in PAQUETS
        if declared.isdisjoint(map(canonicalize_name, installed.get(module, [DISTRIBUTION.get(module, module)])))
    }
    assert undeclared == set()


def test_the_wheel_holds_every_file_of_the_three_packages_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)],
        cwd=RACINE,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    present = {
        str(path.relative_to(RACINE))
        for package in PAQUETS
        for path in (RACINE / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == present


def test_the_licence_is_the_same_wherever_it_is_named() -> None:
    licence = PYPROJECT["project"]["license"]
    assert yaml.safe_load((RACINE / "publiccode.yml").read_text())["legal"]["license"] == licence
    assert (RACINE / "LICENSE").read_text().startswith(f"SPDX-License-Identifier: {licence}\n")


def test_make_help_lists_every_gesture() -> None:
    makefile = (RACINE / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert phony
    printed = subprocess.run(["make", "-s"], cwd=RACINE, check=True, capture_output=True, text=True).stdout
    assert re.findall(r"^  make (\S+) +\S", printed, re.MULTILINE) == phony[1].split()


def test_setup_on_a_python_too_old_says_so_in_one_line_and_makes_nothing(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "dirname"):
        (tools / tool).symlink_to(shutil.which(tool) or "")
    old = tools / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2"\nexit 1\n')
    old.chmod(0o755)
    venv = tmp_path / "venv"

    done = subprocess.run(
        [str(RACINE / "outils/preparer.sh"), str(venv), "requirements.lock"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert "3.11, 3.12 ou 3.13" in done.stderr
    assert "Python 3.9.2" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not venv.exists()


def test_uv_follows_the_mirror_of_pip_and_the_environment_wins() -> None:
    settings = uv_settings(
        ":env:.index-url='https://miroir.example/b'\n"
        "global.cert='/etc/ca.pem'\n"
        "global.extra-index-url='\\nhttps://un.example\\nhttps://deux.example'\n"
        "global.timeout='60'\n"
        "install.index-url='https://miroir.example/a'\n"
    )
    assert settings == {
        "UV_DEFAULT_INDEX": "https://miroir.example/b",
        "UV_INDEX": "https://un.example https://deux.example",
        "SSL_CERT_FILE": "/etc/ca.pem",
    }
