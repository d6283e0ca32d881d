"""What recovery reads of its own rows while it decides."""

from collections.abc import Iterable
from typing import Final

from msgspec.json import encode
from sqlalchemy import Select, String, and_, bindparam, select

from services.recovery.models import LigneCreance
from shared.base import JsonRows, json_field, table_of
from shared.runtime.objets import Lecture

CREANCE: Final = table_of(LigneCreance)


def creances_of(lecture: Lecture, dossiers: Iterable[tuple[str, str]]) -> list[str]:
    """Keys of the known créances of these (caf, dossier)."""
    return [cle for (cle,) in lecture.rows(_OF_DOSSIERS, {"dossiers": encode(list(dossiers)).decode()})]


def _of_dossiers() -> Select[str]:
    c = CREANCE.c
    dossiers = JsonRows(bindparam("dossiers", type_=String)).table_valued("value")
    caf, dossier = (json_field(dossiers.c.value, n) for n in range(2))
    return select(c.cle).select_from(dossiers).join(CREANCE, and_(c.caf == caf, c.dossier == dossier))


_OF_DOSSIERS: Final = _of_dossiers()
