"""The movements of a year as the log of production: our publisher's own records, batches, epoch and ticks."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from msgspec import Raw
from msgspec.json import Encoder

from bench.fold.annee import CAF, Annee, Pas
from shared.bus.admin import Administration
from shared.bus.courtier import Courtier
from shared.bus.emetteur import Emetteur
from shared.bus.fil import Envoi, EpoqueDuJournal, Ligne, write_opening, write_tick
from shared.bus.sujets import JOURNAUX, TICS
from shared.events.base import Service
from shared.events.journal import Maillon, TicPublie
from shared.partition import partition_of
from shared.reglages import PARTITIONS, read_clock
from shared.runtime.sortie import Mouvement, Sortie, write_output
from shared.temps import SECONDE, from_datetime, write_instant

SERVICE: Final[Service] = "production"
SUJET: Final = JOURNAUX[SERVICE]
TYPE: Final = "fr.caf.piece.mouvement.v1"
_EPOQUE: Final = EpoqueDuJournal(1, "mesure")
_LIGNEE: Final = Maillon(_EPOQUE.numero, _EPOQUE.marque, 0)
_LOT: Final = 20_000
_ENVOI_MS: Final = 30_000
# Pieces of one dossier.
_PAR_DOSSIER: Final = 14
_ENCODER: Final = Encoder()


class Journal:
    """A log that is written once; ``tetes``: the last position of each partition."""

    def __init__(self, courtier: Courtier) -> None:
        self.courtier = courtier
        self.tete = 0
        self.octets = 0
        self.tetes = [0] * PARTITIONS

    @property
    def sujet(self) -> str:
        """Its topic."""
        return SUJET.nom(self.courtier.prefixe)

    def write(self, annee: Annee, nombre: int | None = None) -> None:
        """Create the topics, and write the first movements of a year (None: all of them)."""
        with Administration(self.courtier) as administration:
            administration.create([SUJET, TICS])
        asyncio.run(self._write(annee, nombre))

    async def _write(self, annee: Annee, nombre: int | None) -> None:
        emetteur = Emetteur(self.courtier, SERVICE, _ENVOI_MS)
        await emetteur.start()
        try:
            ouverture = write_opening(SERVICE, _EPOQUE, [_LIGNEE], read_clock())
            await emetteur.deliver([[ouverture]] * PARTITIONS)
            lignes = self._rows(annee, nombre)
            while lot := list(islice(lignes, _LOT)):
                await emetteur.send(lot, _EPOQUE.encode())
            await emetteur.tick(self._tick())
        finally:
            await emetteur.stop()

    def _rows(self, annee: Annee, nombre: int | None) -> Iterator[Ligne]:
        debut = from_datetime(datetime.fromordinal(annee.premier).replace(tzinfo=UTC))
        for pas in annee.steps(nombre):
            instant = debut + pas.minute * 60 * SECONDE
            dossier = f"D-{pas.piece // _PAR_DOSSIER:07d}"
            cle = f"{CAF}|{dossier}"
            partition = partition_of(cle)
            self.tete += 1
            octets = _movement(pas, annee.annee, dossier, instant)
            self.octets += len(octets)
            yield Ligne(partition, self.tete, self.tetes[partition], cle, TYPE, octets, instant, None)
            self.tetes[partition] = self.tete

    def _tick(self) -> Envoi:
        numero, marque = _EPOQUE
        return write_tick(SERVICE, TicPublie(numero, marque, read_clock(), self.tete, tuple(self.tetes), 0, (_LIGNEE,)))


def _movement(pas: Pas, annee: int, dossier: str, instant: int) -> bytes:
    piece = f"P-{annee}-{pas.piece:08d}"
    avant = None if pas.avant is None else Raw(_ENCODER.encode(pas.avant))
    mouvement = Mouvement(piece, avant, Raw(_ENCODER.encode(pas.apres)))
    identifiant = f"piece-{CAF}-{piece}-{pas.version}"
    quand = write_instant(instant)
    return write_output(Sortie("1.0", identifiant, f"/ecluse/{SERVICE}", TYPE, dossier, quand, CAF, data=mouvement))
