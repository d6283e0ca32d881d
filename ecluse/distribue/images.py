"""The images of a service on their way to the process that explains a figure: one answer, line by line."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx
import msgspec

from ecluse.distribue.voisins import Voisin
from shared.runtime.ecrivain import Indisponible
from shared.runtime.imagier import Demande, Entete, Flot, Rangee

# The rows are sorted before the first of them comes.
ATTENTE: Final = httpx.Timeout(45.0, connect=2.0)
CHEMIN: Final = "/v1/interne/images"
_PAQUET: Final = 500
_LIGNE: Final = msgspec.json.Encoder()
_ENTETE: Final = msgspec.json.Decoder(Entete)
_RANGEE: Final = msgspec.json.Decoder(Rangee)
_FIN: Final = b"fin"


class FlotCoupe(Exception):
    """The answer ends before its last line."""


def write_lines(flot: Flot) -> Iterator[bytes]:
    """The answer as lines: the head, the rows, and a last one without which it was cut short."""
    yield _LIGNE.encode(flot.entete) + b"\n"
    paquet: list[bytes] = []
    for rangee in flot.rangees:
        paquet.append(_LIGNE.encode(rangee))
        if len(paquet) == _PAQUET:
            yield b"\n".join(paquet) + b"\n"
            paquet = []
    yield b"\n".join([*paquet, _FIN, b""])


def read_lines(morceaux: Iterator[bytes]) -> Flot:
    """What ``write_lines`` wrote. Its rows raise ``FlotCoupe`` when the last line is missing."""
    lignes = _split(morceaux)
    try:
        return Flot(_ENTETE.decode(next(lignes)), _rows(lignes))
    except StopIteration:
        raise FlotCoupe("réponse vide") from None


def _rows(lignes: Iterator[bytes]) -> Iterator[Rangee]:
    for ligne in lignes:
        if ligne == _FIN:
            return
        yield _RANGEE.decode(ligne)
    raise FlotCoupe("réponse interrompue")


def _split(morceaux: Iterator[bytes]) -> Iterator[bytes]:
    # Not ``splitlines``: a text may hold one of the many characters that it takes for an end of line.
    reste = b""
    for morceau in morceaux:
        *lignes, reste = (reste + morceau).split(b"\n")
        yield from lignes


class ImagierDistant:
    """The images of another process. See ``shared.runtime.imagier.Imagier``."""

    def __init__(self, voisin: Voisin) -> None:
        self._voisin = voisin

    @contextmanager
    def read(self, demande: Demande) -> Iterator[Flot]:
        """See ``Imagier``."""
        try:
            with self._voisin.stream(CHEMIN, ATTENTE, demande=_LIGNE.encode(demande).decode()) as morceaux:
                yield read_lines(morceaux)
        except (httpx.HTTPError, msgspec.DecodeError, FlotCoupe) as erreur:
            raise Indisponible(f"le service {self._voisin.nom} ne répond pas : réessayer") from erreur
