"""What the workers of a service tell in its database is in the state that any of its processes gives."""

from collections.abc import Callable

import pytest

from ecluse.etat import read_service_state
from shared.reglages import PARTITIONS, read_clock
from shared.runtime.journal import take_lead
from shared.runtime.presence import PRESENCE, Travaux, tell_presence
from shared.runtime.service import ServiceDeFaits
from shared.temps import SECONDE
from tests.infra.ecrivains import PRODUCTION, writers

LIT_TOUT = Travaux(PARTITIONS, 0, None)


def told(service: ServiceDeFaits, **dits: Travaux) -> tuple[bool, int | None, str | None]:
    """What the state says once processes have told this, and nothing else."""
    with service.ecriture.begin() as connexion:
        connexion.execute(PRESENCE.delete())
        for processus, travaux in dits.items():
            tell_presence(connexion, processus, Travaux(9, 9, "avant"))
            tell_presence(connexion, processus, travaux)
    etat = read_service_state(service, read_clock())
    return etat.a_jour, etat.services[0].retard_entrees, etat.services[0].arret


def test_a_service_is_up_to_date_while_its_workers_have_read_all_of_the_ingress(
    nouvelle_base: Callable[[str], str],
) -> None:
    moitie = PARTITIONS // 2
    with writers(PRODUCTION, nouvelle_base("production"), 1) as [service]:
        with service.ecriture.begin() as connexion:
            take_lead(connexion, "production", "m1")
        assert told(service, a=LIT_TOUT) == (True, 0, None)
        assert told(service, a=Travaux(moitie, 0, None), b=Travaux(moitie, 0, None)) == (True, 0, None)
        assert told(service, a=Travaux(PARTITIONS, 3, None)) == (False, 3, None)
        assert told(service, a=Travaux(moitie, 0, None)) == (False, None, None)
        assert told(service) == (False, None, None)
        assert told(service, a=LIT_TOUT, b=Travaux(0, 0, "topic recréé")) == (False, 0, "topic recréé")


@pytest.mark.parametrize(("age", "vaut"), [(1, True), (30, False), (600, False)])
def test_what_was_told_long_ago_is_worth_nothing(age: int, vaut: bool, nouvelle_base: Callable[[str], str]) -> None:
    with writers(PRODUCTION, nouvelle_base("production"), 1) as [service]:
        with service.ecriture.begin() as connexion:
            take_lead(connexion, "production", "m1")
            tell_presence(connexion, "mort", LIT_TOUT)
            connexion.execute(PRESENCE.update().values(vu_le=PRESENCE.c.vu_le - age * SECONDE))
        assert read_service_state(service, read_clock()).a_jour is vaut
        with service.ecriture.begin() as connexion:
            tell_presence(connexion, "vivant", LIT_TOUT)
            connus = connexion.execute(PRESENCE.select().with_only_columns(PRESENCE.c.processus)).scalars().all()
        # Those that are gone for good leave nothing behind them.
        assert set(connus) == ({"vivant"} if age > 60 else {"mort", "vivant"})
