"""The rules of créances: the ledger to the cent, the stays in the work queues and their order.

Days are ordinals, amounts cents.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple, Protocol

from shared.events.base import Liste
from shared.events.recovery import InduConstate
from shared.runtime.faits import Fait
from shared.temps import add_months

CONSTAT: Final = "fr.caf.indu.constate.v1"
NOTIFIEE: Final = "fr.caf.creance.notifiee.v1"
ENCAISSEMENT: Final = "fr.caf.encaissement.constate.v1"
ENCAISSEMENT_ANNULE: Final = "fr.caf.encaissement.annule.v1"
INDU_ANNULE: Final = "fr.caf.indu.annule.v1"
REMISE_DEMANDEE: Final = "fr.caf.remise.demandee.v1"
REMISE_ACCORDEE: Final = "fr.caf.remise.accordee.v1"
REMISE_REFUSEE: Final = "fr.caf.remise.refusee.v1"
FRAUDE: Final = "fr.caf.fraude.qualifiee.v1"

ETAPES_DE_REMISE: Final = {REMISE_DEMANDEE: "demandee", REMISE_ACCORDEE: "accordee", REMISE_REFUSEE: "refusee"}

# Days from the constat by which a créance should be notified (ours: the sources print none).
DELAI_NOTIFICATION: Final = 30

# More days than the years 1970 to 2100 hold, more euros than the largest amount of the contract: the rank of a
# créance carries both and stays a number that JSON readers keep exact (below 2**53).
_ECHELLE_JOURS: Final = 100_000
_ECHELLE_EUROS: Final = 20_000_000_000


class Corbeille(Liste):
    """The work queues of recovery: what to notify, then the three triggers of télérecouvrement (001, L1293-1299)."""

    a_notifier = "a_notifier", "À notifier"
    retard_1_mois = "retard_1_mois", "Retard d'un mois"
    retard_2_mois = "retard_2_mois", "Retard de deux mois"
    sans_droits = "sans_droits", "Sans droits"


_MOTIFS: Final[dict[str, str]] = {
    Corbeille.a_notifier: "Indu à notifier",
    Corbeille.retard_1_mois: "Aucun remboursement depuis un mois",
    Corbeille.retard_2_mois: "Aucun remboursement depuis deux mois",
    Corbeille.sans_droits: "Dossier sans droits, premier déclencheur du télérecouvrement",
}


class Compte(NamedTuple):
    """The ledger of a créance: what was constituted, cancelled, remitted, and paid in (cancelled payments out)."""

    montant: int
    annule: int
    remis: int
    encaisse: int

    @property
    def du_initial(self) -> int:
        """The amount less its cancellations: what the cohorts hold it against."""
        return max(0, self.montant - self.annule)

    @property
    def du(self) -> int:
        """What was to be paid back in all."""
        return max(0, self.montant - self.annule - self.remis)

    @property
    def solde_du(self) -> int:
        """What is still to be paid back."""
        return max(0, self.du - self.encaisse)

    @property
    def trop_rembourse(self) -> int:
        """What was paid back beyond what was due."""
        return max(0, self.encaisse - self.du)


class Creance(NamedTuple):
    """A créance as its whole log shows it.

    ``encaissements``: facts of those that are not cancelled; ``remises``: every step of a remise; ``notifiee``: day of
    the first notification; ``qualification``: the qualification of fraud that holds, the last.
    """

    constat: Fait
    compte: Compte
    encaissements: list[Fait]
    remises: list[Fait]
    notifiee: int | None
    qualification: Fait | None

    def recovered_within(self, mois: int) -> int:
        """What came in up to so many months after the constat, at most ``du_initial``; before it counts too."""
        if not self.encaissements:
            return 0
        limite = add_months(self.constat.jour, mois)
        return min(self.compte.du_initial, _total(f for f in self.encaissements if f.jour <= limite))


def fold_creance(faits: Sequence[Fait]) -> Creance | None:
    """The créance that facts in their order make; None while its constat is unknown."""
    constat = next((f for f in faits if f.type == CONSTAT), None)
    if constat is None:
        return None
    data: InduConstate = constat.data
    encaissements = _standing(faits)
    qualifications = [f for f in faits if f.type == FRAUDE]
    return Creance(
        constat,
        Compte(
            data.montant_centimes,
            _total(f for f in faits if f.type == INDU_ANNULE),
            _total(f for f in faits if f.type == REMISE_ACCORDEE),
            _total(encaissements),
        ),
        encaissements,
        [f for f in faits if f.type in ETAPES_DE_REMISE],
        next((f.jour for f in faits if f.type == NOTIFIEE), None),
        qualifications[-1] if qualifications else None,
    )


def _standing(faits: Sequence[Fait]) -> list[Fait]:
    """Of several encaissements with one identifier the first holds; one that any fact cancels, whenever, is out."""
    annules = {f.data.encaissement for f in faits if f.type == ENCAISSEMENT_ANNULE}
    premiers: dict[str, Fait] = {}
    for fait in faits:
        if fait.type == ENCAISSEMENT:
            premiers.setdefault(fait.data.encaissement, fait)
    return [f for identifiant, f in premiers.items() if identifiant not in annules]


def _total(faits: Iterable[Fait]) -> int:
    return sum(f.data.montant_centimes for f in faits)


class Sejour(NamedTuple):
    """The days ``du <= d < au`` of a créance in a corbeille (``au`` None: until the facts say otherwise)."""

    corbeille: Corbeille
    du: int
    au: int | None
    priorite: int
    echeance: int


def find_stays(creance: Creance, fin_des_droits: int | None) -> list[Sejour]:
    """Where a créance waits for someone; on any day it is in one corbeille at most.

    Nothing is still due: nowhere. Not notified: to be notified, from its constat. Notified: a delay of one month, then
    of two, counted from the first notification or the last encaissement, whichever comes later (ours); and once its
    dossier draws nothing any more (``fin_des_droits``), without rights instead. That one has priority 0 among the
    corbeilles, for there is nothing left to retain on; the others have priority 1.
    """
    if creance.compte.solde_du == 0:
        return []
    constat, notifiee = creance.constat.jour, creance.notifiee
    if notifiee is None:
        return [Sejour(Corbeille.a_notifier, constat, None, 1, constat + DELAI_NOTIFICATION)]
    reference = max([notifiee, *(f.jour for f in creance.encaissements)])
    un_mois, deux_mois = add_months(reference, 1), add_months(reference, 2)
    sejours = [
        Sejour(Corbeille.retard_1_mois, un_mois, deux_mois, 1, un_mois),
        Sejour(Corbeille.retard_2_mois, deux_mois, None, 1, deux_mois),
    ]
    if fin_des_droits is None:
        return sejours
    appel = max(fin_des_droits, notifiee)
    avant = [s._replace(au=appel if s.au is None else min(s.au, appel)) for s in sejours if s.du < appel]
    return [*avant, Sejour(Corbeille.sans_droits, appel, None, 0, appel)]


class ARanger(Protocol):
    """What the rank of an item needs to know of it (see ``Travail``)."""

    @property
    def corbeille(self) -> str: ...
    @property
    def priorite(self) -> int: ...
    @property
    def echeance(self) -> int: ...
    @property
    def depuis(self) -> int: ...
    @property
    def montant(self) -> int: ...


def rank(item: ARanger, today: int) -> tuple[int, str]:
    """The rank of a créance that waits (smaller first) and its reason in French.

    Without rights first, then days left to the due day, then the larger amount (in whole euros): on any day, the order
    in which items are kept; of equal ranks the kept order decides.
    """
    reste = item.echeance - today
    rang = (item.priorite * _ECHELLE_JOURS + reste) * _ECHELLE_EUROS - item.montant // 100
    raison = (
        f"{_MOTIFS[item.corbeille]} : échéance le {_write_day(item.echeance)}, {_left(reste)} ; "
        f"indu constaté le {_write_day(item.depuis)}, reste dû {write_euros(item.montant)}"
    )
    return rang, raison


def write_euros(centimes: int) -> str:
    """``1 234,56 €`` (no-break spaces)."""
    return f"{_group(centimes // 100)},{centimes % 100:02d}\u00a0€"


def _group(nombre: int) -> str:
    return f"{nombre:,}".replace(",", "\u00a0")


def _write_day(jour: int) -> str:
    return date.fromordinal(jour).strftime("%d/%m/%Y")


def _left(reste: int) -> str:
    if reste == 0:
        return "aujourd'hui"
    nombre = f"{_group(abs(reste))} jour{'s' if abs(reste) > 1 else ''}"
    return f"dans {nombre}" if reste > 0 else f"{nombre} de retard"
