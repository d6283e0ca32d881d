"""What looks like a NIR is refused wherever a person or a tool could write one (event contract, rule NIR)."""

import re
from typing import Final

_S = r"[\s.\-/_]*"
# Separators may stand anywhere. Lower-case letters are written out, so that the same text is a plain ECMA-262 pattern.
NIR: Final = rf"{_S}[1-478](?:{_S}\d){{4}}{_S}(?:\d{_S}\d|2{_S}[ABab])(?:{_S}\d){{6}}(?:{_S}\d{_S}\d)?{_S}"
_NIR = re.compile(NIR)


def looks_like_nir(texte: str) -> bool:
    """True when the whole text, separators removed and letters upper-cased, has the form of a NIR.

    Its key is not checked, so that a NIR written with a wrong key is refused as well.
    """
    return _NIR.fullmatch(texte) is not None
