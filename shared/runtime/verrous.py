"""Locks on dossiers, where several writers share a database: batches of the same dossier follow one another."""

from collections.abc import Set
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

from sqlalchemy import ARRAY, Connection, Integer, bindparam, func, select

from shared.reglages import PARTITIONS

# Dossiers share buckets, so that the locks of a server are never used up. A bucket lies within one partition, as ours
# produce to the ingress: workers that share the partitions out seldom wait for one another.
SEAUX: Final = PARTITIONS * 85
# A batch that is nearly everywhere takes everything at once.
SEAUX_UN_A_UN: Final = 256
_TOUT: Final = -1
_NOMS: Final = 0x45_43_4D
_CLASSE: Final = 0x45_43_4C
_SEAU: Final = func.unnest(bindparam("seaux", type_=ARRAY(Integer))).column_valued("seau")
# One after the other in the order of the list: two transactions never hold what the other waits for.
_PRENDRE: Final = select(func.pg_advisory_xact_lock(_CLASSE, _SEAU))
_TOUT_PRENDRE: Final = select(func.pg_advisory_xact_lock(_CLASSE, _TOUT))
_LAISSER_TOUT: Final = select(func.pg_advisory_xact_lock_shared(_CLASSE, _TOUT))


_NOMMER: Final = select(func.pg_advisory_xact_lock(_NOMS, bindparam("nom", type_=Integer)))


def hold_name(connexion: Connection, nom: str) -> None:
    """Wait until no other transaction works under this name, which is any text; until the end of the transaction."""
    if connexion.dialect.name == "postgresql":
        connexion.execute(_NOMMER, {"nom": crc32(nom.encode()) & 0x7FFFFFFF})


def bucket_of(dossier: str) -> int:
    """The bucket of ``caf|dossier``."""
    return crc32(dossier.encode()) % SEAUX


@dataclass
class Verrous:
    """The buckets that a transaction holds until its end."""

    tenus: set[int] = field(default_factory=set)
    tout: bool = False

    @classmethod
    def on(cls, connexion: Connection) -> "Verrous | None":
        """None where one writer has the database for itself."""
        return cls() if connexion.dialect.name == "postgresql" else None

    def copy(self) -> "Verrous":
        """What is held now: a savepoint that is rolled back gives up what was taken since."""
        return Verrous(set(self.tenus), self.tout)

    def hold(self, connexion: Connection, dossiers: Set[str]) -> None:
        """Wait until no other transaction works on these ``caf|dossier``."""
        if self.tout:
            return
        seaux = sorted({bucket_of(d) for d in dossiers} - self.tenus)
        if not seaux:
            return
        if not self.tenus:
            # Never both: two that hold a part and wait for all would wait for each other.
            self.tout = len(seaux) > SEAUX_UN_A_UN
            connexion.execute(_TOUT_PRENDRE if self.tout else _LAISSER_TOUT)
        if not self.tout:
            connexion.execute(_PRENDRE, {"seaux": seaux})
            self.tenus.update(seaux)
