"""An arrêté taken in the middle of the small month: what came since explains every figure that moved, to the unit."""

from pathlib import Path

import pytest

from ecluse.maison import open_house
from services.indicators.arretes.service import Demande
from services.indicators.figures import Nombre, Rapport
from services.indicators.registre import REGISTRE
from shared.ndjson import read_lines
from shared.reglages import Reglages, read_clock
from tests.donnees import petit_mois
from tests.maisons import PATIENCE, eventually

LOT = 2_000


@pytest.fixture(scope="module")
def lignes() -> list[bytes]:
    """The events of the small month, in the order in which the tools gave them."""
    return [octets for _, octets in read_lines(petit_mois())]


def test_what_the_logs_recorded_since_is_the_whole_difference_of_every_figure(
    tmp_path: Path, lignes: list[bytes]
) -> None:
    milieu = len(lignes) * 2 // 3
    with open_house(Reglages(tmp_path, lot_max=LOT)) as maison:

        def give(siennes: list[bytes]) -> None:
            for debut in range(0, len(siennes), LOT):
                maison.guichet.deposit(siennes[debut : debut + LOT], read_clock()).answers()
            assert maison.wait_until_current(PATIENCE)
            eventually(lambda: maison.indicateurs.freshness().a_jour)

        give(lignes[:milieu])
        arrete = maison.indicateurs.arretes.take(Demande("091", "2023-01", "essai"))
        give(lignes[milieu:])
        confrontations = maison.indicateurs.confrontations
        ecarts = confrontations.compare(arrete.id)
        assert ecarts.inexplique is None
        assert len(ecarts.ecarts) > 40
        assert [e.code for e in ecarts.ecarts if not e.explique] == []
        for e in ecarts.ecarts:
            formule = REGISTRE[e.code].calcul
            assert e.mouvements, e.code
            for membre in ("numerateur", "denominateur"):
                avant, apres = (getattr(termes, membre) for termes in (e.arrete, e.maintenant))
                if isinstance(formule, Nombre | Rapport) and avant is not None:
                    assert getattr(e, membre) == apres - avant, (e.code, membre)
        for code in ("COG-08-29", "COG-08-33", "SOLDE-JOURS-MOYEN"):
            (attendu,) = (e for e in ecarts.ecarts if e.code == code)
            dits = confrontations.movements(arrete.id, code, None, 10**6).mouvements
            assert len(dits) == attendu.mouvements
            if attendu.numerateur is not None:
                assert sum(d.numerateur or 0 for d in dits) == attendu.numerateur
            assert all(d.evenements for d in dits)
