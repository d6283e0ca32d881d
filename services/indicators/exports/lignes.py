"""What an export holds: rows of figures or of series, with what is needed to read them. Pure but for who is asked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, NamedTuple, Protocol

from msgspec import UNSET

from services.indicators.affiche import ETATS, MATURITES, word_origin
from services.indicators.answer import Fraicheur, Indication, Reponse, Serie
from services.indicators.cibles import CibleAffichee, Etat
from services.indicators.maturite import EtatDeMaturite
from services.indicators.registre import REGISTRE
from services.indicators.registre.base import Indicateur
from services.indicators.rules import (
    CodeInconnu,
    Role,
    parse_caf,
    parse_period,
    parse_role,
    parse_step,
    split,
)
from services.indicators.tableau import history_of
from shared.temps import from_iso

# Each of its points asks production to count its rows: a series of it is asked for by its code alone.
_A_DEMANDER: Final = frozenset({"BALANCE"})
_STATES: Final = {True: EtatDeMaturite.definitif, False: EtatDeMaturite.provisoire}


class Chiffres(Protocol):
    """The figures, as exports ask for them; the series of one export agree with one another."""

    def figures(self, caf: str, du: str, au: str, codes: Sequence[str], role: str = ...) -> Reponse: ...
    def all_series(
        self, caf: str, du: str, au: str, codes: Sequence[str], pas: str, role: str = ...
    ) -> Iterator[Serie]: ...


class Ligne(NamedTuple):
    """A figure over its own inclusive period (days).

    ``cible``, ``operateur``, ``nature_cible``: the target that judges; ``autres_cibles``: those beside it, in words;
    ``etat``: in words, empty for a point of a series; ``role``: of the Caf, owner or acting; ``maturite``: whether it
    may still move, in words; ``saisie``: where a value that was typed in comes from, in words.
    """

    caf: str
    code: str
    libelle: str
    du: int
    au: int
    valeur: float | None
    unite: str
    numerateur: int | None
    denominateur: int | None
    etat: str
    cible: float | None
    operateur: str
    nature_cible: str
    autres_cibles: str
    formule: int
    role: str
    maturite: str
    saisie: str


@dataclass(frozen=True)
class Extrait:
    """An export before it is written. ``pas``: step of its series, None for one figure by code; ``lignes`` are
    computed as they are read, once, ``nombre`` of them; ``extrait_le``: instant (ns)."""

    caf: str
    role: Role
    du: str
    au: str
    pas: str | None
    fraicheur: Fraicheur
    extrait_le: int
    definitions: Sequence[Indicateur]
    lignes: Iterator[Ligne]
    nombre: int

    @property
    def nom(self) -> str:
        """The name of its file, without extension."""
        precisions: list[str] = [self.role] if self.role is Role.traitante else []
        precisions += [self.pas] if self.pas else []
        return "_".join(["indicateurs", self.caf, self.du, self.au, *precisions])


def build_extract(
    chiffres: Chiffres,
    caf: str,
    du: str,
    au: str,
    codes: Sequence[str],
    pas: str | None,
    extrait_le: int,
    role: str = Role.proprietaire,
) -> Extrait:
    """The export of these codes (none: all of them). Raises ``QuestionRefusee``: nothing is refused later on."""
    parse_caf(caf)
    periode, choisi = parse_period(du, au), parse_role(role)
    definitions = [_find(code) for code in dict.fromkeys(codes)] or [*REGISTRE.values()]
    if pas is None:
        reponse = chiffres.figures(caf, du, au, [i.code for i in definitions], choisi)
        lignes = (_figure(reponse, i) for i in reponse.indicateurs)
        return Extrait(caf, choisi, du, au, None, reponse.fraicheur, extrait_le, definitions, lignes, len(definitions))
    morceaux = split(periode, parse_step(pas))
    definitions = [i for i in definitions if _has_series(i, choisi, demande=bool(codes))]
    series = chiffres.all_series(caf, du, au, [i.code for i in definitions], pas, choisi)
    premiere = next(series)
    points = (ligne for serie in chain([premiere], series) for ligne in _points(serie))
    nombre = len(definitions) * len(morceaux)
    return Extrait(caf, choisi, du, au, pas, premiere.fraicheur, extrait_le, definitions, points, nombre)


def _find(code: str) -> Indicateur:
    indicateur = REGISTRE.get(code)
    if indicateur is None:
        raise CodeInconnu(f"aucun indicateur n'a le code « {code} »")
    return indicateur


def _has_series(indicateur: Indicateur, role: Role, *, demande: bool) -> bool:
    """Whether it is exported as a series. Raises ``SerieImpossible`` or ``RoleImpossible`` for one that was named."""
    if demande:
        history_of(indicateur, role)
        return True
    dit = role is Role.proprietaire or "caf_traitante" in indicateur.coupes
    return indicateur.calcul is not None and dit and indicateur.code not in _A_DEMANDER


def _figure(reponse: Reponse, i: Indication) -> Ligne:
    juge = i.cibles[0] if i.cibles else CibleAffichee(None, None, "")
    return Ligne(
        reponse.caf,
        i.code,
        i.libelle,
        from_iso(reponse.du),
        from_iso(reponse.au),
        i.valeur,
        i.unite,
        i.numerateur,
        i.denominateur,
        ETATS[Etat(i.etat)],
        juge.valeur,
        juge.operateur or "",
        juge.nature,
        " ; ".join(_word(cible) for cible in i.cibles[1:]),
        i.formule,
        reponse.role,
        MATURITES[EtatDeMaturite(i.maturite.etat)] if i.maturite else "",
        word_origin(i.saisie),
    )


def _points(serie: Serie) -> Iterable[Ligne]:
    return (
        Ligne(
            serie.caf,
            serie.code,
            serie.libelle,
            from_iso(p.du),
            from_iso(p.au),
            p.valeur,
            serie.unite,
            p.numerateur,
            p.denominateur,
            "",
            None,
            "",
            "",
            "",
            serie.formule,
            serie.role,
            "" if p.definitif is UNSET else MATURITES[_STATES[p.definitif]],
            "",
        )
        for p in serie.points
    )


def _word(cible: CibleAffichee) -> str:
    valeur = "non transmise" if cible.valeur is None else f"{cible.operateur or ''} {cible.valeur}".strip()
    return f"{cible.nature} : {valeur}"
