"""Quix Streams: the changes of each movement, grouped by day and nature, added to its state.

Its state belongs to the key of a record: sums by other keys go through a topic again, by ``group_by``. It is kept in
RocksDB, behind a cache in memory that goes there with each commit: the library offers no other.
"""

from typing import Any

from quixstreams import Application, State

from bench.fold.chiffres import Chiffres, changes
from bench.fold.demande import Chrono, Demande, Reponse, answer


class Calcul:
    """What the application does with each record. ``sommes``: what its state holds, by key."""

    def __init__(self, nombre: int) -> None:
        self.sommes: dict[str, list[int]] = {}
        self.vus = 0
        self._nombre = nombre
        self._suivis = 0
        self._faits = 0

    @property
    def fini(self) -> bool:
        """Whether all that the log holds is in the sums."""
        return self.vus >= self._nombre and self._faits == self._suivis

    def split(self, evenement: dict[str, Any]) -> list[dict[str, Any]]:
        """The changes that a movement makes."""
        if not evenement["type"].endswith(".mouvement.v1"):
            return []
        lignes = [{"cle": cle, "quatre": quatre} for cle, quatre in changes(evenement["data"])]
        self.vus += 1
        self._suivis += len(lignes)
        return lignes

    def add(self, ligne: dict[str, Any], etat: State) -> None:
        """Add a change to the state of its key."""
        sommes = [a + b for a, b in zip(etat.get("sommes", [0, 0, 0, 0]), ligne["quatre"], strict=True)]
        etat.set("sommes", sommes)
        self.sommes[ligne["cle"]] = sommes
        self._faits += 1


def run(demande: Demande) -> Reponse:
    """See ``answer``."""
    chrono, calcul = Chrono(), Calcul(demande.nombre)
    fin: list[float] = []

    def stop_at_end(sujet: str, partition: int, offset: int) -> None:
        del sujet, partition, offset
        if calcul.fini and not fin:
            fin.append(chrono.secondes)
            app.stop()

    app = Application(
        broker_address=demande.courtier,
        consumer_group=demande.essai,
        auto_offset_reset="earliest",
        state_dir=demande.dossier,
        loglevel="ERROR",
        on_message_processed=stop_at_end,
    )
    lignes = app.dataframe(app.topic(demande.sujet, value_deserializer="json", key_deserializer="bytes"))
    lignes = lignes.apply(calcul.split, expand=True)
    lignes = lignes.group_by(lambda ligne: ligne["cle"], name="cellule")
    lignes.update(calcul.add, stateful=True)
    app.run()
    return Reponse(fin[0], calcul.vus, Chiffres(calcul.sommes).document())


if __name__ == "__main__":
    answer(run)
