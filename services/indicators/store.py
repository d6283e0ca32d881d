"""Checkpoints: what changed goes into the rows, and the rows come back as a fold. The caller commits."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from msgspec.json import Decoder, Encoder
from sqlalchemy import Connection, bindparam, delete, insert, select

from services.indicators.fold.columns import Modifiees, Profil
from services.indicators.fold.families import VERSION_PLI
from services.indicators.fold.pli import Pli
from services.indicators.models import TABLES_DU_PLI, Cellule, LigneProfil, VersionDuPli
from shared.base import insert_many, replace_many, table_of

VERSION: Final = table_of(VersionDuPli)
PROFIL: Final = table_of(LigneProfil)
CELLULE: Final = table_of(Cellule)
_NOM: Final = "pli"
_ENCODER: Final = Encoder()
_PROFILS: Final = Decoder(list[str | int | bool | None])
_MESURES: Final = Decoder(list[int])


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
        lignes = connexion.execute(select(CELLULE.c.cle, CELLULE.c.mesures).where(CELLULE.c.famille == nom)).all()
        colonnes.restore(
            [_read_profile(valeurs) for valeurs in profils],
            np.array([cle for cle, _ in lignes], np.int64),
            np.array([_MESURES.decode(m) for _, m in lignes], np.int64).reshape(
                len(lignes), len(colonnes.famille.mesures)
            ),
        )
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


def _read_profile(valeurs: bytes) -> Profil:
    return tuple(_PROFILS.decode(valeurs))
