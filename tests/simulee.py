"""A simulated Caf for tests: a small past, and what a house that received it would hold open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from ecluse.simulateur.generateur import history
from ecluse.simulateur.outils import without_late_or_refused
from ecluse.simulateur.port import ContactOuvert, CreanceOuverte, EnCours, PieceOuverte, RendezVousPris
from ecluse.simulateur.profil import load_profil
from shared.temps import HEURE, from_datetime
from tests.oracle import Etat, etat, juge_lignes

PROFIL = load_profil("091")
PARFAIT = without_late_or_refused(PROFIL)
MERCREDI = date(2024, 3, 13)
UN_JOUR = timedelta(days=1)
PETITE = 0.02


@lru_cache(maxsize=8)
def passe(fin: date, echelle: float = PETITE, graine: int = 0) -> tuple[bytes, ...]:
    """The history that ends on a day."""
    return tuple(history(PROFIL, fin.toordinal(), echelle=echelle, graine=graine))


def minuit_apres(fin: date) -> int:
    """About the first minute of the day after, in Paris, whatever the season: never later than it."""
    lendemain = fin + UN_JOUR
    return from_datetime(datetime(lendemain.year, lendemain.month, lendemain.day, tzinfo=UTC)) - HEURE


def etat_de(lignes: Sequence[bytes]) -> Etat:
    """What the oracle makes of lines, none of which it refuses."""
    jugement = juge_lignes(lignes, datetime(2090, 1, 1, tzinfo=UTC))
    assert jugement.rejets == []
    return etat(jugement.acceptes)


def lis(octets: bytes) -> dict[str, Any]:
    """An event, parsed."""
    lu: dict[str, Any] = msgspec.json.decode(octets)
    return lu


def en_cours(lignes: Sequence[bytes], au: date) -> EnCours:
    """What a house that received these lines holds open."""
    tout = etat_de(lignes)
    return EnCours(
        [
            PieceOuverte(p.id, p.dossier, p.arrivee.toordinal(), p.nature, p.en_attente(au))
            for p in tout.pieces
            if p.fin is None
        ],
        [CreanceOuverte(c.id, "D-1", c.du - sum(e.montant for e in c.encaissements)) for c in tout.creances],
        [ContactOuvert(c.id, c.dossier, c.canal) for c in tout.contacts if c.clos is None and c.canal != "accueil"],
        [RendezVousPris(r.id, "D-2", minuit_apres(au)) for r in tout.rendez_vous if not r.issue][:5],
    )
