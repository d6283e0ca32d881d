"""Compile les verrous de dépendances, ou vérifie qu'ils suivent pyproject.toml.

    python -m outils.verrous                 met à jour les quatre verrous
    python -m outils.verrous --verifier      ne change rien ; sort en 1 si un verrou ne suit plus

uv résout pour toutes les plateformes à la fois. Les verrous existants lui servent de préférence : la vérification ne
propose donc jamais une version plus récente, elle ne voit que ce que pyproject.toml demande de changer.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

RACINE = Path(__file__).resolve().parent.parent
PRODUIT = "requirements.lock"
DISTRIBUE = "requirements-distribue.lock"
# Le verrou de développement contient le verrou du produit, aux mêmes versions.
VERROUS = {
    PRODUIT: ["--group", "build"],
    # L'image des services écrit et lit aussi les archives.
    DISTRIBUE: ["--extra", "distribue", "--extra", "exports", "--group", "build", "--constraint", PRODUIT],
    "requirements-dev.lock": [
        *("--extra", "distribue", "--extra", "exports", "--group", "build", "--group", "dev", "--constraint", DISTRIBUE)
    ],
    "bench/requirements.lock": [
        *("--extra", "distribue", "--group", "build", "--group", "bench", "--constraint", DISTRIBUE)
    ],
}
# Le plus ancien Python promis : avec --universal, la borne basse de la résolution.
PYTHON = "3.11"
# Ce que uv ne lit pas dans la configuration de pip, et le nom que uv lui donne.
DE_PIP_A_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}


def uv_settings(pip_config: str) -> dict[str, str]:
    """Translate the output of `pip config list` into uv's environment variables.

    The section is ignored; the environment (`:env:`) wins over files, as it does for pip.
    """
    settings: dict[str, str] = {}
    for line in sorted(pip_config.splitlines(), key=lambda line: line.startswith(":env:")):
        name, separator, value = line.partition("=")
        variable = DE_PIP_A_UV.get(name.rpartition(".")[2])
        if separator and variable:
            settings[variable] = " ".join(str(ast.literal_eval(value)).split())
    return settings


def compile_lock(name: str, folder: Path, environment: dict[str, str], *, upgrade: bool) -> None:
    """Write the lock `name` into `folder`. Raises CalledProcessError when uv fails, having said why."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--quiet", "--universal"]
    command += ["--python-version", PYTHON, "--generate-hashes", "--no-emit-index-url", *VERROUS[name]]
    command += ["--custom-compile-command", "make lock", "--output-file", str(folder / name)]
    if upgrade:
        command.append("--upgrade")
    subprocess.run(command, cwd=RACINE, env=environment, check=True)


def check_locks(environment: dict[str, str]) -> list[str]:
    """Name the locks that pyproject.toml no longer gives."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in VERROUS:
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(RACINE / name, folder / name)
            compile_lock(name, folder, environment, upgrade=False)
        return [name for name in VERROUS if (folder / name).read_text() != (RACINE / name).read_text()]


def main() -> int:
    parser = argparse.ArgumentParser(description="Compile ou vérifie les verrous de dépendances.")
    parser.add_argument("--verifier", action="store_true", help="ne change rien ; sort en 1 si un verrou ne suit plus")
    arguments = parser.parse_args()
    pip_config = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    # Ce que la personne a dit à uv lui-même passe avant ce qu'elle a dit à pip.
    environment = uv_settings(pip_config) | dict(os.environ)
    try:
        if not arguments.verifier:
            for name in VERROUS:
                compile_lock(name, RACINE, environment, upgrade=True)
            return 0
        stale = check_locks(environment)
    except subprocess.CalledProcessError:
        print("uv n'a pas pu résoudre les dépendances : voir son message ci-dessus.", file=sys.stderr)
        return 1
    for name in stale:
        print(f"{name} ne suit plus pyproject.toml. Lancez « make lock » et versez le résultat.", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
