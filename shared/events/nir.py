"""What looks like a NIR is refused wherever a person or a tool could write one (event contract, rule NIR)."""

import re

_SEPARATEURS = re.compile(r"[\s.\-/_]+")
_NIR = re.compile(r"[1-478]\d{4}(\d{2}|2[AB])\d{6}(\d{2})?")
_PLUS_COURT = 13


def looks_like_nir(texte: str) -> bool:
    """True when the whole text, separators removed and letters upper-cased, has the form of a NIR.

    Its key is not checked, so that a NIR written with a wrong key is refused as well.
    """
    if len(texte) < _PLUS_COURT:
        return False
    return _NIR.fullmatch(_SEPARATEURS.sub("", texte).upper()) is not None
