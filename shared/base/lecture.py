"""Statements over many keys: the keys travel as one JSON text, which both databases take apart."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Self

import msgspec
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Select,
    String,
    Table,
    bindparam,
    cast,
    literal_column,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType

_CLES: Final = "cles"


class JsonRows(FunctionElement[Any]):
    """The elements of a JSON list given as text, as rows of one column: ``JsonRows(x).table_valued("value")``."""

    name = "json_rows"
    inherit_cache = True


@compiles(JsonRows, "sqlite")
def _rows_sqlite(element: JsonRows, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(JsonRows, "postgresql")
def _rows_postgresql(element: JsonRows, compiler: Any, **options: Any) -> str:
    return f"json_array_elements(CAST({compiler.process(element.clauses, **options)} AS json))"


class _Element(FunctionElement[str]):
    """The text of one value of ``JsonRows``, or of its n-th member where the value is a list."""

    type = String()
    inherit_cache = True


@compiles(_Element, "sqlite")
def _element_sqlite(element: _Element, compiler: Any, **options: Any) -> str:
    valeur, *rang = (compiler.process(c, **options) for c in element.clauses)
    return f"json_extract({valeur}, '$[{rang[0]}]')" if rang else str(valeur)


@compiles(_Element, "postgresql")
def _element_postgresql(element: _Element, compiler: Any, **options: Any) -> str:
    valeur, *rang = (compiler.process(c, **options) for c in element.clauses)
    return f"({valeur} ->> {rang[0]})" if rang else f"({valeur} #>> '{{}}')"


def json_field(valeur: ColumnElement[Any], rang: int, *, entier: bool = False) -> ColumnElement[Any]:
    """The n-th member of a row of ``JsonRows`` that is a list: a text, or a whole number."""
    membre = _Element(valeur, literal_column(str(rang)))
    return cast(membre, BigInteger) if entier else membre


class _Among(FunctionElement[bool]):
    """A column, and the JSON list of which it is one of the texts."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> Self:
        """Itself: with the « = 1 » that SQLAlchemy adds for SQLite, no key is looked up: the table is read whole."""
        del against
        return self


@compiles(_Among, "sqlite")
def _among_sqlite(element: _Among, compiler: Any, **options: Any) -> str:
    colonne, cles = (compiler.process(c, **options) for c in element.clauses)
    return f"{colonne} IN (SELECT value FROM json_each({cles}))"  # noqa: S608  # made of the compiler's own text


@compiles(_Among, "postgresql")
def _among_postgresql(element: _Among, compiler: Any, **options: Any) -> str:
    # Not IN: PostgreSQL would join, and of a young table, not analysed yet, read all rows each time.
    colonne, cles = (compiler.process(c, **options) for c in element.clauses)
    return f"{colonne} = ANY (ARRAY(SELECT json_array_elements_text(CAST({cles} AS json))))"


def among_keys(colonne: Column[Any]) -> ColumnElement[bool]:
    """``colonne`` is one of the keys of ``bind_keys``."""
    cles: BindParameter[str] = bindparam(_CLES, type_=String)
    return _Among(colonne, cles)


def select_keys(table: Table, colonne: Column[Any], colonnes: Sequence[Column[Any]]) -> Select[Any]:
    """A select over ``table`` whose ``colonne`` is one of the keys of ``bind_keys``."""
    return select(*colonnes).select_from(table).where(among_keys(colonne))


def bind_keys(cles: Iterable[str]) -> dict[str, str]:
    """The parameter of ``select_keys`` and ``among_keys``. Keys hold no NUL."""
    return {_CLES: msgspec.json.encode(list(cles)).decode()}


def fetch_raw(connexion: Connection, requete: Select[Any], parametres: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows as the driver gives them (bytes, str, int, None): none of our columns needs a conversion."""
    return list(connexion.execute(requete, dict(parametres)).cursor.fetchall())
