"""What is known of one Caf at one moment, on its own: questions to it hold nobody up, and agree with one another."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from services.indicators.answer import Fraicheur
from services.indicators.fold.columns import pack, unpack
from services.indicators.fold.pli import Pli
from services.indicators.rules import Role
from services.indicators.tableau import Tableau
from services.indicators.views import MEMBRES
from shared.runtime.reperes import Avance


@dataclass(frozen=True)
class Instantane:
    """The figures of a Caf as they were: ``pli`` holds its cells alone; ``reperes``: how far each log was applied."""

    pli: Pli
    tableau: Tableau
    fraicheur: Fraicheur
    reperes: Mapping[str, Avance]


def extract(pli: Pli, caf: str, role: Role = Role.proprietaire) -> Pli:
    """The cells that a Caf answers for in a role, copied into a fold of their own."""
    extrait, membre = Pli(), MEMBRES[role]
    for nom, colonnes in pli.colonnes.items():
        categories = ("caf", *colonnes.famille.dims)
        if membre not in categories:
            continue
        siennes, rang = extrait.colonnes[nom], categories.index(membre)
        numeros = np.full(len(colonnes.profils) + 1, -1, np.int64)
        for numero, profil in enumerate(colonnes.profils):
            if profil[rang] == caf:
                numeros[numero] = siennes.number(profil)
        cles, valeurs = colonnes.nonzero()
        profils, jours, seconds = unpack(cles)
        gardees = numeros[profils] >= 0
        siennes.add(
            pack(numeros[profils[gardees]], jours[gardees], seconds[gardees]),
            valeurs[gardees],
        )
    return extrait


def explain_delay(avances: Mapping[str, Avance]) -> str:
    """Why figures are not à jour, of how far each log is applied (French)."""
    raisons = [raison for nom, avance in avances.items() if (raison := _explain(nom, avance))]
    return " ; ".join(raisons) or "des événements viennent d'arriver, réessayer"


def _explain(nom: str, avance: Avance) -> str | None:
    if avance.arret or avance.trou:
        return avance.arret or avance.trou
    tic = avance.tic
    if tic is None:
        return f"le publieur de {nom} n'a pas encore parlé"
    reste = max(0, tic.tete - avance.curseur) + tic.attente
    return f"il reste {reste} enregistrements de {nom} à compter, réessayer bientôt" if reste else None
