"""Life cycles: which steps the accepted events suppose that never came (event contract, "Rules of state")."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from ecluse.verification.rapport import Objets
from shared.events.catalogue import TYPES
from shared.events.porte import Recu
from shared.events.recovery import EncaissementAnnule, EncaissementConstate

# Kinds of objects that other facts speak of, beside the one that creates them.
_GENRES: Final = tuple(dict.fromkeys(t.genre for t in TYPES.values() if not t.cree))
_CREATIONS: Final = {t.genre: t.type for t in TYPES.values() if t.cree}


class Manque(NamedTuple):
    """An event of ``source`` on ``objet`` that supposes what is not there."""

    source: str
    evenement: str
    manque: str
    objet: str


class _Pas(NamedTuple):
    """A fact of a piece; the order of the first two is the order in which facts apply."""

    instant: int
    rang: int
    source: str
    type: str
    jour: int


class Cycles:
    """Keeps of each object what its missing steps depend on, and no more."""

    def __init__(self) -> None:
        self._connus: dict[str, set[str]] = {genre: set() for genre in _GENRES}
        self._attente: dict[str, dict[str, list[tuple[str, str]]]] = {genre: defaultdict(list) for genre in _GENRES}
        self._arrivees: dict[str, tuple[int, int]] = {}
        self._pas: dict[str, list[_Pas]] = defaultdict(list)
        self._encaissements: set[str] = set()
        self._annulations: list[tuple[str, str, str]] = []

    def add(self, recu: Recu, source: str) -> None:
        """Take an accepted event into account; ``source`` is the one string that stands for its source."""
        genre = recu.type.genre
        if genre not in self._connus:
            return
        objet = f"{recu.caf}|{recu.objet}"
        if recu.type.cree:
            self._connus[genre].add(objet)
            self._attente[genre].pop(objet, None)
        elif objet not in self._connus[genre]:
            self._attente[genre][objet].append((source, recu.type.type))
        if genre == "piece":
            self._add_piece(recu, source, objet)
        elif isinstance(recu.donnees, EncaissementConstate):
            self._encaissements.add(f"{objet}|{recu.donnees.encaissement}")
        elif isinstance(recu.donnees, EncaissementAnnule):
            self._annulations.append((source, objet, recu.donnees.encaissement))

    def _add_piece(self, recu: Recu, source: str, objet: str) -> None:
        if recu.type.cree:
            arrivee = (recu.instant, recu.jour)
            self._arrivees[objet] = min(arrivee, self._arrivees.get(objet, arrivee))
        else:
            self._pas[objet].append(_Pas(recu.instant, recu.type.rang, source, recu.type.type, recu.jour))

    def objects(self) -> list[Objets]:
        """How many objects of each kind are known, and how many are only spoken of."""
        return [Objets(genre, len(self._connus[genre]), len(self._attente[genre])) for genre in _GENRES]

    def missing(self) -> Iterator[Manque]:
        """Every event that supposes a step which no accepted event tells."""
        for genre in _GENRES:
            for objet, evenements in self._attente[genre].items():
                yield from (
                    Manque(source, _short(type_), _short(_CREATIONS[genre]), objet) for source, type_ in evenements
                )
        for source, objet, encaissement in self._annulations:
            connue = objet in self._connus["creance"]
            if connue and f"{objet}|{encaissement}" not in self._encaissements:
                yield Manque(source, "encaissement.annule", "encaissement.constate", objet)
        for objet, (_, jour) in self._arrivees.items():
            yield from _missing_of_piece(objet, jour, sorted(self._pas.get(objet, ())))


def _missing_of_piece(objet: str, arrivee: int, pas: list[_Pas]) -> Iterator[Manque]:
    en_pause = traitee = False
    for fait in pas:
        nom = _short(fait.type)
        if fait.jour < arrivee:
            yield Manque(fait.source, nom, "piece.arrivee ce jour-là ou avant", objet)
            continue
        if nom == "piece.reprise" and not en_pause:
            yield Manque(fait.source, nom, "pause ouverte", objet)
        if nom == "piece.rouverte" and not traitee:
            yield Manque(fait.source, nom, "piece.traitee", objet)
        en_pause = nom == "piece.suspendue" or (en_pause and nom not in ("piece.reprise", "piece.traitee"))
        traitee = nom == "piece.traitee" or (traitee and nom != "piece.rouverte")


def _short(type_: str) -> str:
    return type_.removeprefix("fr.caf.").removesuffix(".v1")
