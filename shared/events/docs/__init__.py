"""The published documents of the events: all of them are written from the catalogue, none by hand."""

import json
from pathlib import Path
from typing import Any, Final

import yaml

from shared.events.catalogue import TYPES
from shared.events.docs.asyncapi import asyncapi
from shared.events.docs.exemples import front_office_example, published_example
from shared.events.docs.publications import PUBLICATIONS
from shared.events.docs.reference import reference
from shared.events.docs.schemas import front_office_schema, published_schema

_FAITS_ICI: Final = ("contrat/schemas", "contrat/exemples")


def documents() -> dict[str, str]:
    """Every document by its path within the folder of documents; the same text at each call."""
    textes = {"evenements.md": reference(), "contrat/asyncapi.yaml": _yaml(asyncapi())}
    for nom, type_ in TYPES.items():
        textes[f"contrat/schemas/{nom}.json"] = _json(front_office_schema(type_))
        textes[f"contrat/exemples/{nom}.json"] = _json(front_office_example(type_))
    for nom, publication in PUBLICATIONS.items():
        textes[f"contrat/schemas/{nom}.json"] = _json(published_schema(publication))
        textes[f"contrat/exemples/{nom}.json"] = _json(published_example(publication))
    return textes


def write_docs(folder: Path) -> list[Path]:
    """Write every document below ``folder`` and remove schemas and examples of no type; the paths written."""
    for perime in _strangers(folder):
        perime.unlink()
    ecrits = []
    for chemin, texte in documents().items():
        fichier = folder / chemin
        fichier.parent.mkdir(parents=True, exist_ok=True)
        fichier.write_text(texte, encoding="utf-8")
        ecrits.append(fichier)
    return ecrits


def check_docs(folder: Path) -> list[str]:
    """What differs between ``folder`` and the catalogue, one French line per document; empty when all is equal."""
    differences = [f"{perime} : aucun type de ce nom" for perime in _strangers(folder)]
    for chemin, texte in documents().items():
        fichier = folder / chemin
        if not fichier.exists():
            differences.append(f"{fichier} : absent")
        elif fichier.read_text(encoding="utf-8") != texte:
            differences.append(f"{fichier} : ne dit plus ce que dit le catalogue")
    return differences


def _strangers(folder: Path) -> list[Path]:
    attendus = {folder / chemin for chemin in documents()}
    return [f for dossier in _FAITS_ICI for f in sorted((folder / dossier).glob("*.json")) if f not in attendus]


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


class _Dumper(yaml.SafeDumper):
    """Writes repeated parts in full."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _yaml(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
