"""What may be said of an error where people who are not of the house read it: logs, health, state."""

from typing import Final

_MAISON: Final = ("ecluse", "services", "shared")
# Their texts speak of machines, connections and programs, never of rows.
_TEXTES_SURS: Final = ("OSError", "KafkaError", "RedisError", "NameError", "AttributeError", "ImportError")


def describe_error(erreur: BaseException) -> str:
    """An error in one line. The text of a library may hold what it was working on: only ours, and some, are shown."""
    classes = [c for c in type(erreur).__mro__ if issubclass(c, Exception)]
    sure = any(c.__module__.partition(".")[0] in _MAISON or c.__name__ in _TEXTES_SURS for c in classes)
    if sure:
        return f"{type(erreur).__name__}: {erreur}"
    code = getattr(getattr(erreur, "orig", erreur), "sqlstate", None)
    return f"{type(erreur).__name__} ({code})" if code else type(erreur).__name__
