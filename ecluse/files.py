"""Recovery's work queues, as the indicators ask for them: a gauge of now, read from recovery's own rows."""

from services.indicators.answer import EtatFile
from shared.corbeille.service import Corbeilles
from shared.temps import to_iso


class FilesDeRecouvrement:
    """See ``services.indicators.answer.FilesDeRecouvrement``."""

    def __init__(self, corbeilles: Corbeilles) -> None:
        self._corbeilles = corbeilles

    def queues(self, caf: str) -> list[EtatFile]:
        """The queues of a Caf now."""
        return [
            EtatFile(code, c.prets, c.pris, None if c.plus_ancien is None else to_iso(c.plus_ancien))
            for code, c in self._corbeilles.gauge(caf).items()
        ]
