"""Where an event goes: the partition of its key, the same in every log and in the ingress."""

import zlib

from shared.reglages import PARTITIONS


def partition_of(cle: str) -> int:
    """The partition of ``caf|dossier``, once and for all."""
    return zlib.crc32(cle.encode()) % PARTITIONS
