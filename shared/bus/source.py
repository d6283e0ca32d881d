"""The log of a service on Kafka, as the consumer follows it (see ``Source``)."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Protocol

from shared.bus.fil import FilIllisible, Ouverture, read_record
from shared.bus.rangement import Rangement
from shared.bus.recepteur import Message, Recepteur
from shared.bus.sujets import way_back
from shared.bus.tics import Lignee, TicsLus
from shared.runtime.journal import Enregistrement
from shared.runtime.reperes import Arret, Avance, PasEncore, Trou
from shared.runtime.service import Cloche, MaillonEpoque, Tic
from shared.runtime.suivi import Lecture

# A record may come after those of other partitions; for longer, it is missing (seconds).
PATIENCE_TROU: Final = 10.0
PATIENCE_EPOQUE: Final = 30.0
PATIENCE_RELECTURE: Final = 20.0
# The one consumer of logs is that of the indicators.
RETOUR: Final = way_back("indicators")
REFAIRE: Final = way_back("indicators --refaire")


class LecteurOuvert(Protocol):
    """A running reader of a topic. ``arret``: why it has stopped."""

    @property
    def arret(self) -> str | None: ...
    def reseek(self) -> None: ...


class Recue(Recepteur):
    """What the partitions of one log gave, in order: taken from a reader, given to a consumer."""

    def __init__(self, nom: str, types: Collection[str], lignee: Lignee, ring: Callable[[], None]) -> None:
        self.nom = nom
        self._types = frozenset(types)
        self._lignee = lignee
        self._ring = ring
        self._rangement = Rangement()
        self._avance = Avance()
        self._attendue: tuple[int, float] = (-1, 0.0)
        self._inconnue: tuple[str, float] = ("", 0.0)

    @property
    def retour(self) -> str:
        """See ``Recepteur.retour``."""
        return RETOUR

    @property
    def redemande(self) -> str:
        """See ``Recepteur.redemande``."""
        return f"Les faire envoyer de nouveau ({way_back(self.nom)})"

    def assigned(self, partitions: Collection[int]) -> Mapping[int, int]:
        """One record before the watermark: its instant is that of the last event applied.

        Without one, the log is read from wherever it begins: what is missing before shows as a hole.
        """
        return {p: self._avance.offsets[p] - 1 for p in partitions if self._avance.offsets[p]}

    def ready(self, partition: int) -> bool:
        """See ``Recepteur.ready``."""
        return self._rangement.has_room(partition)

    def apply(self, partition: int, records: Sequence[Message]) -> None:
        """Take the records of a batch. Raises ``Arret`` on what is not of this log or can not be read."""
        avance, nouveaux = self._avance, []
        nom, types, curseur, connue = self.nom, self._types, self._avance.curseur, ""
        for brut in records:
            try:
                record = read_record(nom, partition, brut.offset, brut.headers, brut.value, types)
            except FilIllisible as erreur:
                raise Arret(_tell_unreadable(nom, partition, brut.offset, erreur)) from erreur
            if isinstance(record, Ouverture):
                self._lignee.learn(record.lignee)
                continue
            lu, marque = record.enregistrement, record.epoque.marque
            if lu.position <= curseur:
                avance.dernier = max(avance.dernier, lu.enregistre_le)
            elif marque == connue or self._lignee.knows(marque):
                # An epoch that was told once stays so.
                connue = marque
                nouveaux.append(lu)
            else:
                self._wait_for_epoch(marque, partition, brut.offset)
        if nouveaux:
            self._rangement.add(nouveaux)
        if records:
            # Of what was applied before too: whoever waits for the rest knows that it is on its way.
            self._ring()

    def read(self, apres: int, limite: int, types: Sequence[str]) -> list[Enregistrement]:
        """See ``Lecture.read``. Raises ``Trou`` when the next record does not come."""
        del types
        records = self._rangement.take(apres, limite)
        if not records:
            self._look_for_hole(apres)
        return records

    @property
    def marque(self) -> str | None:
        """The epoch that the consumer has judged."""
        return self._avance.marque

    @property
    def held(self) -> int:
        """Records that wait to be taken, or for those before them."""
        return self._rangement.held

    def go_to(self, avance: Avance) -> None:
        """What is read next follows these watermarks."""
        self._avance = avance
        self._rangement.clear()
        self._attendue, self._inconnue = (-1, 0.0), ("", 0.0)

    def _wait_for_epoch(self, marque: str, partition: int, offset: int) -> None:
        """A publisher tells its epoch beside the log too, maybe later. Raises ``PasEncore``, then ``Arret``."""
        if self._inconnue[0] != marque:
            self._inconnue = (marque, time.monotonic())
        if time.monotonic() - self._inconnue[1] < PATIENCE_EPOQUE:
            raise PasEncore(f"époque {marque} du journal de {self.nom} : son publieur n'a pas encore parlé")
        raise Arret(
            f"le journal de {self.nom} porte des événements d'une époque inconnue ({marque}, partition {partition}, "
            f"offset {offset}) : une ancienne copie de la base a été restaurée. Remettre la base d'origine, ou "
            f"refaire les chiffres des journaux tels qu'ils sont : {REFAIRE}"
        )

    def _look_for_hole(self, apres: int) -> None:
        # Whatever is held follows ``apres``, and not at once: looking for what is missing costs more, and can wait.
        if not self._rangement.held or self._attendue[0] != apres:
            self._attendue = (apres, time.monotonic())
            return
        attente = time.monotonic() - self._attendue[1]
        manque = self._rangement.missing(apres) if attente > PATIENCE_TROU else None
        if manque is not None:
            raise Trou(
                f"trou dans le journal de {self.nom} : la position {manque[0]} manque, {manque[1]} est arrivée. Si son "
                f"sujet a été recréé : {RETOUR}"
            )


def _tell_unreadable(nom: str, partition: int, offset: int, erreur: FilIllisible) -> str:
    return (
        f"le journal de {nom} porte un enregistrement illisible (partition {partition}, offset {offset}) : "
        f"{erreur}. Rien n'a été sauté : mettre Écluse à jour, ou trouver qui d'autre écrit dans ce topic"
    )


Lance = Callable[[Recue], AbstractContextManager[LecteurOuvert]]


class SourceKafka:
    """The log of a service, read from its topic; ``lance`` starts a reader of it for a ``Recue``."""

    def __init__(self, nom: str, types: Collection[str], tics: TicsLus, cloche: Cloche, lance: Lance) -> None:
        self.nom = nom
        self._types = types
        self._tics = tics
        self._lance = lance
        self._recue = Recue(nom, types, tics.lignee(nom), cloche.ring)
        self._ouverture: AbstractContextManager[LecteurOuvert] | None = None
        self._lecteur: LecteurOuvert | None = None
        self._inconnue_depuis: float | None = None
        self._retour_le = 0.0

    def tick(self) -> Tic:
        """The last tick heard, with the newest epoch that was met. Raises ``PasEncore``, ``Arret``."""
        if self._lecteur is not None and self._lecteur.arret:
            raise Arret(self._lecteur.arret)
        tic = self._tics.latest(self.nom)
        if tic is None:
            raise PasEncore(f"le publieur de {self.nom} n'a pas encore parlé")
        marque = self._judge(self._recue.marque)
        return Tic(self.nom, tic.donnees.tete, tic.donnees.attente, marque, tic.donnees.instant, tic.entendu)

    def _judge(self, appliquee: str | None) -> str:
        """The newest epoch; that of a deposed publisher may be the first that is heard. Raises ``PasEncore``."""
        lignee = self._tics.lignee(self.nom)
        if appliquee is None or any(m.marque == appliquee for m in lignee.links()):
            self._inconnue_depuis = None
        elif self._inconnue_depuis is None or time.monotonic() - self._inconnue_depuis < PATIENCE_EPOQUE:
            self._inconnue_depuis = self._inconnue_depuis or time.monotonic()
            raise PasEncore(f"le publieur de {self.nom} ne parle pas encore de l'époque qui a été lue")
        return lignee.marque

    def lineage(self) -> list[MaillonEpoque]:
        """See ``Source.lineage``."""
        return self._tics.lignee(self.nom).links()

    def resume(self, avance: Avance) -> None:
        """See ``Source.resume``."""
        if self._lecteur is not None and self._lecteur.arret:
            self.close()
        self._recue.go_to(avance)
        if self._lecteur is None:
            ouverture = self._lance(self._recue)
            self._lecteur = ouverture.__enter__()
            self._ouverture = ouverture
        else:
            self._lecteur.reseek()

    def read(self, apres: int, limite: int, types: Sequence[str]) -> list[Enregistrement]:
        """See ``Source.read``; nothing of an epoch that the consumer has not judged yet."""
        if self._tics.lignee(self.nom).marque != self._recue.marque:
            return []
        try:
            return self._recue.read(apres, limite, types)
        except Trou:
            if self._lecteur is not None and time.monotonic() - self._retour_le > PATIENCE_TROU:
                self._retour_le = time.monotonic()
                self._lecteur.reseek()
            raise

    @contextmanager
    def reread(self, depuis: Avance | None = None, types: Sequence[str] = ()) -> Iterator[Lecture]:
        """See ``Source.reread``: another reader, from the beginning of the topic or from the offsets of watermarks."""
        cloche = Cloche()
        recue = Recue(self.nom, types or self._types, self._tics.lignee(self.nom), cloche.ring)
        recue.go_to(depuis or Avance())
        with self._lance(recue) as lecteur:
            yield _Relecture(recue, cloche, lecteur)

    @property
    def held(self) -> int:
        """Records that have come and are not applied."""
        return self._recue.held

    @property
    def heard(self) -> bool:
        """Whether a publisher of the log has spoken since this start."""
        return bool(self._tics.lignee(self.nom).marque)

    def close(self) -> None:
        """Stop reading."""
        if self._ouverture is not None:
            self._ouverture.__exit__(None, None, None)
            self._ouverture = self._lecteur = None


class _Relecture:
    """A log read from its beginning: each read waits until something has come."""

    def __init__(self, recue: Recue, cloche: Cloche, lecteur: LecteurOuvert) -> None:
        self.nom = recue.nom
        self._lecteur = lecteur
        self._recue = recue
        self._cloche = cloche

    def read(self, apres: int, limite: int, types: Sequence[str]) -> list[Enregistrement]:
        """See ``Lecture.read``. Raises ``Trou`` when nothing comes, ``Arret``."""
        coups, fin = self._cloche.coups, time.monotonic() + PATIENCE_RELECTURE
        while True:
            if coups != self._cloche.coups:
                # As long as something comes, what is missing may be next.
                coups, fin = self._cloche.coups, time.monotonic() + PATIENCE_RELECTURE
            patient = time.monotonic() < fin
            try:
                if records := self._recue.read(apres, limite, types):
                    return records
            except Trou:
                if not patient:
                    raise
            if self._lecteur.arret:
                raise Arret(self._lecteur.arret)
            if not patient:
                raise Trou(f"le journal de {self.nom} ne donne rien après la position {apres} : vérifier Kafka")
            self._cloche.wait(coups, 1.0)
