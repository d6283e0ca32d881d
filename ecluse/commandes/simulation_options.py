"""What the options of ``ecluse simulate`` mean, each refused in one line where it can not be used."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from ecluse.commandes.commun import fail
from ecluse.simulateur.conditions import Conditions
from ecluse.simulateur.marques import ProfilRefuse
from ecluse.simulateur.profil import Profil, load_profil
from ecluse.simulateur.scenario import conditions_of, parse_demand
from shared.temps import from_iso, to_iso

EN_DIRECT: Final = "live"
SORTIE_STANDARD: Final = Path("-")
# What is carried in begins years before the period; an event is dated from 1970 to 2100.
_BORNES: Final = (from_iso("1980-01-01"), from_iso("2099-12-31"))
_VITESSE: Final = re.compile(r"[×x]?\s*(\d+(?:[.,]\d+)?)", re.IGNORECASE)
_DEFAUTS: Final = {
    "doublons": "doublons",
    "desordre": "retards",
    "corrections": "corrections",
    "tardifs": "tardifs",
    "refus": "refuses",
}
"""What the command line calls a rate, and its parameter of the profile."""


@dataclass(frozen=True)
class Periode:
    """The days to simulate, both included. ``en_direct``: from today on, until told to stop."""

    du: int
    au: int
    en_direct: bool = False


def read_profil(caf: str, outils: str | None) -> Profil:
    """The profile of a Caf, with the rates of ``outils`` in place of its own."""
    try:
        profil = load_profil(caf)
    except ProfilRefuse as refus:
        raise fail(f"--caf : {refus}") from None
    if outils is None:
        return profil
    return replace(profil, outils=replace(profil.outils, **_read_rates(outils)))


def _read_rates(outils: str) -> dict[str, float]:
    if outils == "parfaits":
        return dict.fromkeys(_DEFAUTS.values(), 0.0)
    taux: dict[str, float] = {}
    for partie in outils.split(","):
        nom, _, valeur = partie.partition("=")
        try:
            taux[_DEFAUTS[nom.strip()]] = lu = float(valeur)
        except (KeyError, ValueError):
            lu = -1.0
        if not 0 <= lu <= 1:
            raise fail(
                f"--outils : {partie.strip()!r} refusé ; attendu : « parfaits », ou des parts de 0 à 1 telles que "
                f"doublons=0.01,refus=0 ({', '.join(_DEFAUTS)})"
            )
    return taux


def refuse_beside(quoi: str, **options: object) -> None:
    """Options that would change nothing here, each by its name: none may be given."""
    donnees = [f"--{nom}" for nom, valeur in options.items() if valeur]
    if donnees:
        raise fail(f"{quoi} ne connaît pas {', '.join(donnees)} : l'ôter")


def read_scale(echelle: float) -> float:
    """The share of the real volumes."""
    if not 0 < echelle <= 1:
        raise fail(f"--scale : plus grand que 0 et au plus 1 attendu (1 : les volumes publiés), reçu {echelle}")
    return echelle


def read_period(profil: Profil, du: str | None, au: str | None, vitesse: str | None, aujourd_hui: int) -> Periode:
    """The period; without one, the year of the profile, and live from today to the end of next year."""
    if vitesse == EN_DIRECT:
        if du is not None:
            raise fail(
                "--speed live part d'aujourd'hui : retirer --from ; une émission commencée un autre jour se rattrape "
                "par --from, --to et une grande vitesse, qui ne dépasse jamais l'horloge"
            )
        horizon = date(date.fromordinal(aujourd_hui).year + 1, 12, 31).toordinal()
        return _check_period(aujourd_hui, horizon if au is None else _day("--to", au), en_direct=True)
    if (du is None) != (au is None):
        raise fail(f"donner --from et --to ensemble, ou aucun des deux pour l'année du profil ({profil.annee})")
    if du is None or au is None:
        return Periode(date(profil.annee, 1, 1).toordinal(), date(profil.annee, 12, 31).toordinal())
    return _check_period(_day("--from", du), _day("--to", au))


def _check_period(du: int, au: int, *, en_direct: bool = False) -> Periode:
    if au < du:
        raise fail(f"période inversée : --to {to_iso(au)} vient avant le {to_iso(du)}")
    if du < _BORNES[0] or au > _BORNES[1]:
        raise fail(f"période du {to_iso(du)} au {to_iso(au)} refusée : du {to_iso(_BORNES[0])} au {to_iso(_BORNES[1])}")
    return Periode(du, au, en_direct)


def _day(option: str, texte: str) -> int:
    try:
        return from_iso(texte)
    except ValueError:
        raise fail(f"{option} : jour attendu sous la forme AAAA-MM-JJ, reçu {texte!r}") from None


def read_speed(vitesse: str | None) -> float | None:
    """How many times faster than the real clock; None when nothing but the clock holds the flow back."""
    if vitesse is None or vitesse == EN_DIRECT:
        return None
    lu = _VITESSE.fullmatch(vitesse.strip())
    facteur = float(lu[1].replace(",", ".")) if lu else 0.0
    if not 0 < facteur <= 1e9:
        raise fail(f"--speed : ×60, 60 ou live attendu, reçu {vitesse!r}")
    return facteur


def read_destination(sortie: Path | None, emission: str | None, vitesse: str | None, *, ecraser: bool) -> Path | None:
    """The file to write, or None for the standard output and for a door."""
    if emission is not None and sortie is not None:
        raise fail("--out et --emit donnent deux destinations : n'en garder qu'une")
    if sortie is None or sortie == SORTIE_STANDARD:
        return None
    if vitesse is not None:
        raise fail("--speed règle un envoi : avec --emit ou sur la sortie standard (--out -), pas dans un fichier")
    if not sortie.parent.is_dir():
        raise fail(f"--out {sortie} : le dossier {sortie.parent} n'existe pas")
    if sortie.exists() and not sortie.is_file():
        raise fail(f"--out {sortie} : ce n'est pas un fichier")
    if sortie.exists() and not ecraser:
        raise fail(f"--out {sortie} : ce fichier existe ; ajouter --force pour le remplacer")
    return sortie


def read_conditions(demandes: Sequence[str], du: int, profil: Profil) -> Callable[[int], Conditions]:
    """What each day is like under scenarios, each ``NOM`` or ``NOM@AAAA-MM-JJ``; ``du``: the first day."""
    try:
        prevus = [parse_demand(demande, du) for demande in demandes]
        return conditions_of((scenario.in_sites(profil.contacts.visites), debut) for scenario, debut in prevus)
    except ValueError as erreur:
        raise fail(f"--scenario : {erreur}") from None
