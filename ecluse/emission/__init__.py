"""Emission: the durable spool that stands between a tool and the door, as a library (`Emitter`) and as a relais."""

from ecluse.emission.emitter import Emitter, EvenementRefuse
from ecluse.emission.fichier import SpoolIndisponible

__all__ = ["Emitter", "EvenementRefuse", "SpoolIndisponible"]
