"""What contacts reads of its own rows while it decides."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec.json import encode
from sqlalchemy import Select, String, and_, bindparam, select

from services.contacts.models import LigneContact
from services.contacts.rules import Fenetre, Place
from shared.base import JsonRows, bind_keys, json_field, select_keys, table_of
from shared.runtime.objets import Lecture

CONTACT: Final = table_of(LigneContact)


class Gardee(NamedTuple):
    """A received contact as its row keeps it."""

    cle: str
    place: Place
    repete: bool


def kept_places(lecture: Lecture, cles: Iterable[str]) -> list[Place]:
    """Where the contacts with these keys were received, as their rows keep it; unknown ones left out."""
    c = CONTACT.c
    lignes = lecture.rows(select_keys(CONTACT, c.cle, [c.caf, c.dossier, c.recu]), bind_keys(cles))
    return [Place(caf, dossier, recu) for caf, dossier, recu in lignes if recu is not None]


def kept_within(lecture: Lecture, fenetres: Iterable[Fenetre]) -> list[Gardee]:
    """The contacts received within these windows, as their rows keep them."""
    lignes = lecture.rows(_WITHIN, {"fenetres": encode(list(fenetres)).decode()})
    return [Gardee(cle, Place(caf, dossier, recu), repete) for cle, caf, dossier, recu, repete in lignes]


def _within() -> Select[str, str, str, int, bool]:
    c = CONTACT.c
    fenetres = JsonRows(bindparam("fenetres", type_=String)).table_valued("value")
    caf, dossier, du, au = (json_field(fenetres.c.value, n, entier=n >= 2) for n in range(4))
    dedans = and_(c.caf == caf, c.dossier == dossier, c.recu >= du, c.recu <= au)
    return select(c.cle, c.caf, c.dossier, c.recu, c.repete).select_from(fenetres).join(CONTACT, dedans)


_WITHIN: Final = _within()
