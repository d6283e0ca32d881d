"""A real Chromium for tests, and axe-core to judge what it shows."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.programmes import do_without, require_program

AXE: Final = "4.14.1"
# Seconds. The server waits longer between two images the longer one takes to compute.
_PATIENCE: Final = 60
_OPTIONS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_REGLES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def open_browser() -> Iterator[Browser]:
    """The Chromium of the machine."""
    chemin = require_program("chromium", "chromium")
    with sync_playwright() as playwright:
        expect.set_options(timeout=_PATIENCE * 1_000)
        navigateur = playwright.chromium.launch(executable_path=chemin, args=_OPTIONS)
        try:
            yield navigateur
        finally:
            navigateur.close()


def require_axe() -> str:
    """The text of axe-core, fetched once into the user's cache; without it the test is skipped, and in CI fails."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ecluse" / f"axe-core-{AXE}"
    fichier = cache / "node_modules" / "axe-core" / "axe.min.js"
    cache.parent.mkdir(parents=True, exist_ok=True)
    # Several test processes ask for it at once: one fetches, and none reads half a file.
    with cache.with_suffix(".verrou").open("w") as verrou:
        fcntl.flock(verrou, fcntl.LOCK_EX)
        if not fichier.exists():
            _fetch_axe(cache)
    return fichier.read_text("utf-8")


def _fetch_axe(cache: Path) -> None:
    npm = require_program("npm", "npm")
    cache.mkdir(exist_ok=True)
    commande = [npm, "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", f"axe-core@{AXE}"]
    resultat = subprocess.run(commande, cwd=cache, capture_output=True, text=True, check=False, timeout=120)
    if resultat.returncode:
        shutil.rmtree(cache)
        do_without(f"axe-core {AXE} introuvable : npm doit joindre un registre ({resultat.stderr.strip()[-200:]})")


def find_defects(page: Page, axe: str) -> list[str]:
    """What axe-core finds wrong with the page as it is shown, one line each."""
    page.evaluate(axe)
    trouves: dict[str, list[dict[str, Any]]] = page.evaluate(
        "regles => axe.run(document, {runOnly: regles, resultTypes: ['violations']})", _REGLES
    )
    return [
        f"{defaut['id']} : {noeud['target']} {noeud['failureSummary']}"
        for defaut in trouves["violations"]
        for noeud in defaut["nodes"]
    ]
