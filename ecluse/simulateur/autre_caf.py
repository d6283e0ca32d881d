"""A live day's work for another Caf: its pieces come in and are treated here, and stay its own."""

from collections.abc import Iterator
from typing import Final

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.caisse import Caisse, Choix, count, office_hour, web_hour
from ecluse.simulateur.conditions import AutreCaf
from ecluse.simulateur.pieces import Pieces, treat
from ecluse.simulateur.port import EnCours

_CANAL: Final = "web"


def work_for_other(caisse: Caisse, autre: AutreCaf | None, encours: EnCours, jour: int) -> Iterator[list[Acte]]:
    """The acts of each piece of the other Caf: as many are treated, the oldest first, as come in."""
    if autre is None:
        return
    tirage, pieces = caisse.draw_for(jour, "autre caf"), Pieces(caisse)
    natures = Choix(caisse.profil.pieces.natures)
    nombre = count(tirage, caisse.per_working_day(autre.pieces_par_an))
    ouvertes = [p for p in encours.pieces if not p.en_attente][:nombre]
    for piece in ouvertes:
        traitee = treat(tirage, piece.piece, piece.dossier, office_hour(tirage, jour))
        yield [traitee._replace(caf=autre.caf)]
    for rang in range(nombre):
        instant = web_hour(tirage, jour)
        arrivee = pieces.arrival(tirage, instant, instant, _CANAL, (natures.pick(tirage), ""))
        arrivee.data["caf_traitante"] = caisse.caf
        actes = [arrivee]
        if rang < nombre - len(ouvertes):
            data = arrivee.data["piece"], arrivee.dossier, max(instant, office_hour(tirage, jour))
            actes.append(treat(tirage, *data))
        yield [acte._replace(caf=autre.caf) for acte in actes]
