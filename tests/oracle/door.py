"""The door: what can be judged on one event without any state, then duplicates."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from tests.oracle.calendar import jour
from tests.oracle.catalogue import TYPES, Regle, TypeEvenement, identifiant, instant, lis_instant, numero_de_caf, parmi

TOLERANCE = timedelta(minutes=5)
AUTRE_CONTENU = "same source and id, other content"


class Refus(Exception):
    """The event is refused; the message is the reason."""


class Rejet(NamedTuple):
    """A refused line, numbered from 1."""

    ligne: int
    motif: str


@dataclass(frozen=True, slots=True)
class Evenement:
    """An accepted event. `type` without `fr.caf.` and `.v1`; instants in UTC; `jour` is the Paris day of `instant`."""

    ligne: int
    type: str
    service: str
    source: str
    id: str
    caf: str
    dossier: str
    instant: datetime
    jour: date
    data: Mapping[str, Any]

    @property
    def ordre(self) -> tuple[datetime, str, str]:
        """What orders the facts of one object (pieces add the rank of the type)."""
        return (self.instant, self.source, self.id)


@dataclass(slots=True)
class Jugement:
    """The verdict on every line: accepted events in file order, line numbers of duplicates, refusals."""

    acceptes: list[Evenement] = field(default_factory=list)
    doublons: list[int] = field(default_factory=list)
    rejets: list[Rejet] = field(default_factory=list)


def juge_fichier(chemin: Path, now: datetime) -> Jugement:
    """Judge an NDJSON file, plain or .gz, as received at the aware instant `now`."""
    if chemin.suffix == ".gz":
        with gzip.open(chemin) as lignes:
            return juge_lignes(lignes, now)
    with chemin.open("rb") as brut:
        return juge_lignes(brut, now)


def juge_lignes(lignes: Iterable[bytes], now: datetime) -> Jugement:
    """Judge raw lines in order. Blank lines are skipped but counted in the line numbers."""
    jugement = Jugement()
    premiers: dict[tuple[str, str, str], str] = {}
    for numero, ligne in enumerate(lignes, start=1):
        if not ligne.strip():
            continue
        try:
            brut, contenu = lis_objet(ligne)
            evenement = juge_evenement(brut, now, numero)
        except Refus as refus:
            jugement.rejets.append(Rejet(numero, str(refus)))
            continue
        cle = (evenement.service, evenement.source, evenement.id)
        if cle not in premiers:
            premiers[cle] = contenu
            jugement.acceptes.append(evenement)
        elif premiers[cle] == contenu:
            jugement.doublons.append(numero)
        else:
            jugement.rejets.append(Rejet(numero, AUTRE_CONTENU))
    return jugement


def lis_objet(ligne: bytes) -> tuple[dict[str, Any], str]:
    """The JSON object of a line of strict UTF-8 and strict JSON, and its canonical text; `Refus` if it is none."""
    try:
        valeur = json.loads(ligne.decode("utf-8"), parse_constant=_pas_du_json)
        contenu = canonique(valeur)
        contenu.encode("utf-8")  # fails on a lone surrogate, which is no text
    except (ValueError, RecursionError):
        raise Refus("json") from None
    if not isinstance(valeur, dict):
        raise Refus("not an object")
    return valeur, contenu


def _pas_du_json(constante: str) -> float:
    raise ValueError(constante)


def canonique(valeur: object) -> str:
    """One text for values that are equal as JSON: members sorted, 1.0 as 1, true apart from 1."""
    return json.dumps(_sans_fraction_nulle(valeur), sort_keys=True, ensure_ascii=False)


def _sans_fraction_nulle(valeur: object) -> object:
    if isinstance(valeur, dict):
        return {nom: _sans_fraction_nulle(membre) for nom, membre in valeur.items()}
    if isinstance(valeur, list):
        return [_sans_fraction_nulle(membre) for membre in valeur]
    return int(valeur) if isinstance(valeur, float) and valeur.is_integer() else valeur


def _un_a_deux_cents(valeur: object) -> bool:
    return isinstance(valeur, str) and 1 <= len(valeur) <= 200


ENVELOPPE: Mapping[str, Regle] = {
    "specversion": parmi("1.0"),
    "id": _un_a_deux_cents,
    "source": _un_a_deux_cents,
    "type": parmi(" ".join(TYPES)),
    "subject": identifiant,
    "time": instant,
    "caf": numero_de_caf,
}


def juge_evenement(brut: Mapping[str, Any], now: datetime, ligne: int = 0) -> Evenement:
    """The event of a JSON object received at `now`; `Refus`, with the name of the culprit, if it is not valid."""
    for nom, regle in ENVELOPPE.items():
        if not regle(brut.get(nom)):
            raise Refus(nom)
    emis = _instant_sur(brut["time"])
    if emis > now + TOLERANCE:
        raise Refus("time")
    if "data_base64" in brut:
        raise Refus("data_base64")
    data = brut.get("data")
    if not isinstance(data, dict):
        raise Refus("data")
    forme = TYPES[brut["type"]]
    _juge_data(forme, data)
    quand = _instant_sur(data[forme.date])
    if quand > emis + TOLERANCE:
        raise Refus(f"{forme.date} after time")
    nom_court = brut["type"].removeprefix("fr.caf.").removesuffix(".v1")
    return Evenement(
        ligne, nom_court, forme.service, brut["source"], brut["id"],
        brut["caf"], brut["subject"], quand, jour(quand), data,
    )  # fmt: skip


def _instant_sur(valeur: object) -> datetime:
    lu = lis_instant(valeur)
    assert lu is not None, "its rule has said that it is an instant"
    return lu


def _juge_data(forme: TypeEvenement, data: Mapping[str, Any]) -> None:
    for nom in data:
        if nom not in forme.membres:
            raise Refus(f"unknown member {nom}")
    for nom, regle in forme.membres.items():
        if nom not in data:
            if nom in forme.requis:
                raise Refus(f"missing {nom}")
        elif not regle(data[nom]):
            raise Refus(nom)
