"""Checkpoints: what changed goes into the rows, and the rows come back as a fold. The caller commits."""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from msgspec.json import Decoder, Encoder
from sqlalchemy import Connection, Text, bindparam, cast, delete, insert, select, text

from services.indicators.fold.columns import Entiers, Modifiees, Profil
from services.indicators.fold.families import VERSION_PLI
from services.indicators.fold.pli import Pli
from services.indicators.models import TABLES_DU_PLI, Cellule, LigneProfil, VersionDuPli
from shared.base import fetch_raw, insert_many, replace_many, table_of

VERSION: Final = table_of(VersionDuPli)
PROFIL: Final = table_of(LigneProfil)
CELLULE: Final = table_of(Cellule)
_NOM: Final = "pli"
_ENCODER: Final = Encoder()
_PROFILS: Final = Decoder(list[str | int | bool | None])
_SANS_CROCHETS: Final = str.maketrans("", "", "[]")
# Cells read at once.
_TRANCHE: Final = 200_000
_PAQUET: Final = text(
    "SELECT string_agg(int8send(cle), ''::bytea ORDER BY cle), string_agg(mesures, ','::bytea ORDER BY cle) FROM "
    "(SELECT cle, mesures FROM pli_cellule WHERE famille = :famille AND cle > :apres ORDER BY cle LIMIT :nombre) suite"
)


class PliPerime(Exception):
    """The checkpoint was written by another version of the fold: its sums are not ours. Rebuild from the log."""


def save(connexion: Connection, modifiees: Iterable[Modifiees]) -> None:
    """Write what changed since the last checkpoint (``Pli.dirty``), within the caller's transaction.

    Once it is committed, and only then, tell the fold with ``Pli.mark_saved``.
    """
    if connexion.execute(select(VERSION.c.version)).scalar() is None:
        connexion.execute(insert(VERSION).values(nom=_NOM, version=VERSION_PLI))
    for famille in modifiees:
        _save_family(connexion, famille)


def load(connexion: Connection) -> Pli:
    """The fold of the last checkpoint, empty if there is none. Raises ``PliPerime``."""
    version = connexion.execute(select(VERSION.c.version)).scalar()
    if version not in (None, VERSION_PLI):
        raise PliPerime(
            f"le point de reprise des indicateurs est de la version {version}, ce programme écrit la version "
            f"{VERSION_PLI} : relire les journaux avec « ecluse rebuild »"
        )
    pli = Pli()
    for nom, colonnes in pli.colonnes.items():
        profils = connexion.execute(
            select(PROFIL.c.valeurs).where(PROFIL.c.famille == nom).order_by(PROFIL.c.numero)
        ).scalars()
        lues = list(_read_cells(connexion, nom))
        valeurs = np.concatenate([v for _, v in lues]).reshape(-1, len(colonnes.famille.mesures))
        colonnes.restore([_read_profile(p) for p in profils], np.concatenate([c for c, _ in lues]), valeurs)
    return pli


def erase(connexion: Connection) -> None:
    """Forget the checkpoint, before a rebuilt fold is saved in its place."""
    for modele in TABLES_DU_PLI:
        connexion.execute(delete(table_of(modele)))


def _save_family(connexion: Connection, modifiees: Modifiees) -> None:
    profils = enumerate(modifiees.profils, modifiees.premier_profil)
    insert_many(
        connexion,
        PROFIL,
        [(modifiees.famille, n, _ENCODER.encode(profil)) for n, profil in profils],
    )
    cellules = list(zip(modifiees.cles.tolist(), modifiees.valeurs.tolist(), strict=True))
    vides = [{"vide": cle} for cle, mesures in cellules if not any(mesures)]
    if vides:
        connexion.execute(
            delete(CELLULE).where(CELLULE.c.famille == modifiees.famille, CELLULE.c.cle == bindparam("vide")), vides
        )
    replace_many(
        connexion,
        CELLULE,
        [(modifiees.famille, cle, _ENCODER.encode(mesures)) for cle, mesures in cellules if any(mesures)],
    )


def _read_cells(connexion: Connection, famille: str) -> Iterator[tuple[Entiers, Entiers]]:
    """Keys in order and their measures, one after the other; an empty slice comes first."""
    read = _read_packed if connexion.dialect.name == "postgresql" else _read_rows
    cles, mesures = np.zeros(0, np.int64), ""
    while True:
        # Numbers are read as text without an object for each: there are millions of them.
        yield cles, np.fromstring(mesures.translate(_SANS_CROCHETS), np.int64, sep=",")
        lues = read(connexion, famille, int(cles[-1]) if len(cles) else -1)
        if lues is None:
            return
        cles, mesures = lues


def _read_packed(connexion: Connection, famille: str, apres: int) -> tuple[Entiers, str] | None:
    """The cells that follow a key, packed by the server."""
    cles, mesures = connexion.execute(_PAQUET, {"famille": famille, "apres": apres, "nombre": _TRANCHE}).one()
    return None if cles is None else (np.frombuffer(cles, ">i8").astype(np.int64), mesures.decode())


def _read_rows(connexion: Connection, famille: str, apres: int) -> tuple[Entiers, str] | None:
    """The cells that follow a key."""
    texte = cast(CELLULE.c.mesures, Text)
    requete = select(CELLULE.c.cle, texte).where(CELLULE.c.famille == famille, CELLULE.c.cle > apres)
    lignes = fetch_raw(connexion, requete.order_by(CELLULE.c.cle).limit(_TRANCHE), {})
    if not lignes:
        return None
    cles, mesures = zip(*lignes, strict=True)
    return np.array(cles, np.int64), ",".join(mesures)


def _read_profile(valeurs: bytes) -> Profil:
    return tuple(_PROFILS.decode(valeurs))
