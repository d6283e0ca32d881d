"""Types of columns that hold the same values on both databases."""

from typing import Any, Final

from sqlalchemy import BigInteger, Dialect, String, Table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

# PostgreSQL holds no NUL in a text: this character of private use and a digit stand for it, and for itself.
_ECHAPPE: Final = "\ue000"


class Grand(BigInteger):
    """Whole numbers beyond 2³¹: instants in ns, cents, positions. SQLite numbers only ``INTEGER`` keys by itself."""


@compiles(Grand, "sqlite")
def _compile_grand(*_: Any, **__: Any) -> str:
    return "INTEGER"


class Trie(TypeDecorator[str]):
    """Text that is ordered by its characters, as SQLite and Python order it, whatever the locale of the database."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """The column type of a database."""
        return dialect.type_descriptor(String(collation="C" if dialect.name == "postgresql" else None))


class TexteLibre(TypeDecorator[str]):
    """Text that comes from outside and may hold the character NUL."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text as it is kept."""
        if value is None or dialect.name != "postgresql":
            return value
        return value.replace(_ECHAPPE, f"{_ECHAPPE}1").replace("\0", f"{_ECHAPPE}0")

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """The text as it came."""
        if value is None or dialect.name != "postgresql":
            return value
        return value.replace(f"{_ECHAPPE}0", "\0").replace(f"{_ECHAPPE}1", _ECHAPPE)


def table_of(modele: type[SQLModel]) -> Table:
    """The Core table of a SQLModel class: rows travel through Core, the class declares the schema."""
    return SQLModel.metadata.tables[str(modele.__tablename__)]
