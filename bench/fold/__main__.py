"""``python -m bench.fold [mesure…]``: the fold beside its peers on one log, and what it costs to ask it."""

from collections.abc import Iterator

from bench.choix import Mesures, measure
from bench.fold import clients, questions
from bench.fold.annee import Annee
from bench.fold.course import CONCURRENTS, ESSAIS, lay, race, tell
from tests.infra.kafka import Kafka
from tests.infra.postgres import Postgres


def run_race(complet: bool) -> Iterator[str]:
    """Markdown lines."""
    yield "## Le même journal, les mêmes chiffres"
    yield ""
    annee = Annee(part=1.0 if complet else 0.05)
    with Kafka(memoire="1g") as kafka, Postgres() as postgres:
        piste = lay(kafka, postgres, annee, 200_000 if complet else 20_000)
        resultats = race(piste, CONCURRENTS, ESSAIS if complet else 1)
        yield from tell(piste, resultats)


MESURES: Mesures = {
    "course": run_race,
    "questions": lambda complet: questions.run(1.0 if complet else 0.05),
    "direct": lambda complet: clients.run(200, 60 if complet else 10),
}


if __name__ == "__main__":
    measure("bench.fold", __doc__, MESURES, "une année de pièces des Pyrénées-Orientales")
