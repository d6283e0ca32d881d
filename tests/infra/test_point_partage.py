"""Several processes fold the same logs on one PostgreSQL database: one at a time writes the checkpoint."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ecluse.maison import Maison, open_house
from services.indicators import store
from services.indicators.app import Indicateurs
from services.indicators.fold.pli import Pli
from shared.base import open_postgres
from shared.migrations import upgrade
from shared.reglages import Reglages
from shared.runtime.reperes import load_marks
from tests.infra.postgres import Postgres
from tests.maisons import PATIENCE, arrivee, deposit, eventually, traitee
from tests.pilotage import another

DOUZE = range(12)


@pytest.fixture
def base(nouvelle_base: Callable[[str], str]) -> str:
    """The database of the indicators."""
    url = nouvelle_base("indicators")
    upgrade("indicators", url)
    return url


@pytest.fixture
def maison(tmp_path: Path, base: str) -> Iterator[Maison]:
    """A house whose indicators share their database."""
    with open_house(Reglages(tmp_path, bases={"indicators": base})) as ouverte:
        yield ouverte


def catch_up(maison: Maison, *tous: Indicateurs) -> None:
    """Wait until everybody has applied everything."""
    tetes = {nom: s.tick().tete for nom, s in maison.services.items()}
    assert all(i.consommateur.wait_for(tetes, PATIENCE) for i in tous)


def kept(base: str) -> Pli:
    """The fold as the database keeps it."""
    moteur = open_postgres(base)
    with moteur.begin() as connexion:
        lu = store.load(connexion)
    moteur.dispose()
    return lu


def test_one_process_writes_the_checkpoint_and_another_goes_on_after_it(maison: Maison, base: str) -> None:
    premier = maison.indicateurs
    deposit(maison, *(arrivee(f"P{n}") for n in DOUZE))
    catch_up(maison, premier)
    assert premier.consommateur.checkpoint()
    with another(maison) as second:
        deposit(maison, *(traitee(f"P{n}") for n in DOUZE), *(arrivee(f"Q{n}", canal="courrier") for n in DOUZE))
        catch_up(maison, premier, second)
        assert not second.consommateur.checkpoint()
        assert premier.consommateur.checkpoint()
        premier.close()
        # The first has written since the second began: it takes the place of the whole checkpoint.
        deposit(maison, *(arrivee(f"R{n}", canal="accueil") for n in DOUZE))
        catch_up(maison, second)
        assert eventually(second.consommateur.checkpoint)
        assert kept(base).diff(second.puits.pli) == []
        assert second.rebuild().egal


def test_a_checkpoint_that_another_wrote_at_the_same_watermarks_is_replaced_whole(
    maison: Maison, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    premier = maison.indicateurs
    deposit(maison, *(arrivee(f"P{n}") for n in DOUZE))
    catch_up(maison, premier)
    assert premier.consommateur.checkpoint()
    with another(maison) as second:
        catch_up(maison, second)
        remplacements: list[int] = []
        entier = second.puits.start_over

        def start_over() -> None:
            remplacements.append(1)
            entier()

        monkeypatch.setattr(second.puits, "start_over", start_over)
        # Nothing has come since: the watermarks are the same, what they number may not be.
        assert premier.consommateur.checkpoint()
        premier.close()
        # PostgreSQL frees the lock a moment after the connection that held it is closed.
        assert eventually(second.consommateur.checkpoint)
        assert remplacements == [1]
        assert kept(base).diff(second.puits.pli) == []


def test_who_is_stopped_on_one_log_leaves_the_checkpoint_to_another(maison: Maison, base: str) -> None:
    premier = maison.indicateurs
    deposit(maison, *(arrivee(f"P{n}") for n in DOUZE))
    catch_up(maison, premier)
    assert premier.consommateur.checkpoint()
    with another(maison) as second:
        catch_up(maison, second)
        assert not second.consommateur.checkpoint()
        premier.consommateur.avances["production"].arret = "ancienne copie"
        assert eventually(second.consommateur.checkpoint)
        assert not premier.consommateur.checkpoint()
        assert kept(base).diff(second.puits.pli) == []


def test_a_restart_from_the_logs_reaches_every_process_whoever_is_asked(maison: Maison, base: str) -> None:
    premier = maison.indicateurs
    deposit(maison, *(arrivee(f"P{n}") for n in DOUZE))
    catch_up(maison, premier)
    assert premier.consommateur.checkpoint()
    with another(maison) as second:
        catch_up(maison, second)
        faux = premier.puits.pli
        with premier.consommateur.held_still():
            faux.apply(maison.services["production"].read(0, 100, faux.types))
        assert second.puits.pli.diff(faux) != []
        second.consommateur.avances["production"].arret = "ancienne copie"
        assert second.rebuild(accepter_restauration=True).egal
        assert [a.arret for a in second.consommateur.avances.values()] == [None] * 3
        # The other one held the checkpoint, and nothing of what it had is kept.
        eventually(lambda: premier.puits.pli is not faux)
        deposit(maison, *(traitee(f"P{n}") for n in DOUZE))
        catch_up(maison, premier, second)
        assert premier.puits.pli.diff(second.puits.pli) == []
        assert eventually(lambda: premier.consommateur.checkpoint() or second.consommateur.checkpoint())
        assert kept(base).diff(second.puits.pli) == []
        assert premier.rebuild().egal
    with another(maison) as suivant:
        catch_up(maison, suivant)
        assert suivant.puits.pli.diff(premier.puits.pli) == []


def test_who_lost_the_connection_that_held_the_checkpoint_writes_nothing_over_its_successor(
    maison: Maison, base: str, postgres: Postgres
) -> None:
    premier = maison.indicateurs
    deposit(maison, *(arrivee(f"P{n}") for n in DOUZE))
    catch_up(maison, premier)
    assert premier.consommateur.checkpoint()
    with another(maison) as second:
        # Nothing is left to apply: the first does not come back for its lock before the second has it.
        postgres.terminate_backends(base)
        assert eventually(second.consommateur.checkpoint)
        deposit(maison, *(traitee(f"P{n}") for n in DOUZE))
        catch_up(maison, premier, second)
        assert second.consommateur.checkpoint()
        assert not premier.consommateur.checkpoint()
        assert {a.arret for a in premier.consommateur.avances.values()} == {None}
        moteur = open_postgres(base)
        with moteur.begin() as connexion:
            marques = load_marks(connexion, "indicators")
        moteur.dispose()
        assert marques["production"].positions == second.consommateur.avances["production"].positions
        assert kept(base).diff(second.puits.pli) == []
