"""``python -m bench [measure…]``: prints Markdown. Without a name, all of them, at a size that ends in minutes."""

from bench import courbe, ecrans, importation, service
from bench.choix import Mesures, measure

MESURES: Mesures = {
    "import": lambda complet: importation.run(None),
    "http": lambda complet: service.run_http(200_000 if complet else 50_000),
    "direct": lambda complet: service.run_direct(120 if complet else 30),
    "ecrans": lambda complet: ecrans.run((1, 50, 200), 60 if complet else 20),
    "questions": lambda complet: service.run_questions(None if complet else 60_000),
    "corbeille": lambda complet: service.run_queue(),
    "courbe": lambda complet: courbe.run(courbe.TAILLES if complet else courbe.TAILLES[:2]),
}


if __name__ == "__main__":
    measure("bench", __doc__, MESURES, "un million d'événements")
