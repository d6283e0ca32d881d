"""From when on something is counted of a Caf: earlier, or of a Caf nobody knows, a 0 would pass for a measure."""

from collections.abc import Iterable
from typing import Final

from services.indicators.cibles import Cibles
from services.indicators.fold.pli import Pli
from services.indicators.rules import CafInconnue, PeriodeSansDonnees, Role
from services.indicators.views import Vues
from shared.temps import to_iso

_CAFS_DITES: Final = 10


class Etendue:
    """What is known of the Cafs. First days are kept: an older event is looked for once a question needs it."""

    def __init__(self, pli: Pli, vues: Vues, cibles: Cibles) -> None:
        self._pli = pli
        self._vues = vues
        self._cibles = cibles
        self._premiers: dict[tuple[str, Role], tuple[tuple[int, ...], int | None]] = {}

    def check(self, caf: str, role: Role, au: int) -> None:
        """Raises ``CafInconnue`` or ``PeriodeSansDonnees`` for a period that ends on ``au``.

        A house that has counted nothing yet knows no Caf: it refuses none.
        """
        premier = self.first_day(caf, role, au)
        if premier is None:
            self._check_known(caf, role, au)
        elif au < premier:
            raise PeriodeSansDonnees(
                f"rien n'est compté de la Caf {caf} avant le {to_iso(premier)}, et la période finit le {to_iso(au)} : "
                f"en choisir une qui aille jusqu'à ce jour"
            )

    def first_day(self, caf: str, role: Role, au: int) -> int | None:
        """The first day of which something is counted of a Caf in this role; None when nothing is.

        A day known not to be after ``au`` is answered without looking whether an older one has come since.
        """
        versions, premier = self._premiers.get((caf, role), ((), None))
        if premier is not None and premier <= au:
            return premier
        if versions != self._vues.versions:
            premier = self.first_counted(self._vues.families(role), caf, role)
            self._premiers[caf, role] = self._vues.versions, premier
        return premier

    def first_counted(self, familles: Iterable[str], caf: str, role: Role) -> int | None:
        """The first day of which something is counted in some of the families; None when nothing is."""
        vues = (self._vues.view(famille, caf, role) for famille in familles)
        colonnes = [jours[jours > 0] for vue in vues for jours in vue.jours.values()]
        return min((int(jours.min()) for jours in colonnes if len(jours)), default=None)

    def _check_known(self, caf: str, role: Role, au: int) -> None:
        connues = self._pli.cafs()
        if not connues or caf in connues or caf in self._cibles.cafs():
            return
        if role is Role.traitante or self.first_day(caf, Role.traitante, au) is None:
            dites = ", ".join(connues[:_CAFS_DITES]) + ("…" if len(connues) > _CAFS_DITES else "")
            raise CafInconnue(f"aucun événement de la Caf {caf} n'est compté ici ; Cafs connues : {dites}")
