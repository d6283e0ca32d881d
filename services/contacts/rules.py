"""The rules of contacts and rendez-vous: what the facts of each say. Instants are nanoseconds, days are ordinals."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from msgspec import UNSET

from shared.events.contacts import ContactTransfere, RendezVousPropose
from shared.runtime.faits import Fait
from shared.temps import HEURE, parse_instant, to_jour

RECU: Final = "fr.caf.contact.recu.v1"
TRANSFERE: Final = "fr.caf.contact.transfere.v1"
CLOS: Final = "fr.caf.contact.clos.v1"
DEMANDE: Final = "fr.caf.rendez_vous.demande.v1"
PROPOSE: Final = "fr.caf.rendez_vous.propose.v1"
PRIS: Final = "fr.caf.rendez_vous.pris.v1"
DEPLACE: Final = "fr.caf.rendez_vous.deplace.v1"
HONORE: Final = "fr.caf.rendez_vous.honore.v1"
MANQUE: Final = "fr.caf.rendez_vous.manque.v1"
ANNULE: Final = "fr.caf.rendez_vous.annule.v1"

# Elapsed time, not days: an answer within 48 h (COG-08-27, COURRIELS-PEC-48H), a contact again within 168 h.
REPONSE: Final = 48 * HEURE
REITERATION: Final = 168 * HEURE
# Paris days from the demand to the slot first offered (RDV-7J).
PROPOSITION: Final = 7

_ISSUES: Final = {HONORE: "honore", MANQUE: "manque", ANNULE: "annule"}
# Across types the rank does not decide: the last outcome is the last by instant, then source, then id.
_PAR_INSTANT: Final = attrgetter("instant", "source", "id")


class Contact(NamedTuple):
    """A received contact: its first gesture (taken on, transferred or closed), its first closing, its last pôle."""

    reception: Fait
    geste: Fait | None
    cloture: Fait | None
    pole: str | None

    @property
    def clos_sous_48h(self) -> bool:
        """Closed at most 48 h after the reception."""
        return self.cloture is not None and self.cloture.instant - self.reception.instant <= REPONSE

    @property
    def pris_en_charge_avant_48h(self) -> bool:
        """Someone took it on less than 48 h after the reception."""
        return self.geste is not None and self.geste.instant - self.reception.instant < REPONSE


def fold_contact(faits: Sequence[Fait]) -> Contact | None:
    """The contact that facts in their order make; None while its reception is unknown."""
    reception = next((f for f in faits if f.type == RECU), None)
    if reception is None:
        return None
    geste: Fait | None = None
    cloture: Fait | None = None
    pole: str | None = None
    for fait in faits:
        type_ = fait.type
        if type_ == RECU:
            continue
        geste = geste or fait
        if type_ == CLOS:
            cloture = cloture or fait
        elif type_ == TRANSFERE:
            data: ContactTransfere = fait.data
            pole = pole if data.pole is UNSET else data.pole
    return Contact(reception, geste, cloture, pole)


class RendezVous(NamedTuple):
    """A demanded rendez-vous: first and last proposals, the outcome that holds, the instant of the slot taken."""

    demande: Fait
    premiere: Fait | None
    derniere: Fait | None
    issue: Fait | None
    creneau: int | None

    @property
    def propose_sous_7j(self) -> bool:
        """The slot first offered is at most 7 Paris days after the demand."""
        if self.premiere is None:
            return False
        data: RendezVousPropose = self.premiere.data
        return to_jour(parse_instant(data.debut)) - self.demande.jour <= PROPOSITION

    @property
    def issue_nom(self) -> str | None:
        """``honore``, ``manque`` or ``annule``."""
        return None if self.issue is None else _ISSUES[self.issue.type]


def fold_rendez_vous(faits: Sequence[Fait]) -> RendezVous | None:
    """The rendez-vous that facts in their order make; None while its demand is unknown."""
    demande = next((f for f in faits if f.type == DEMANDE), None)
    if demande is None:
        return None
    propositions = [f for f in faits if f.type == PROPOSE]
    creneaux = [f for f in faits if f.type in (PRIS, DEPLACE)]
    return RendezVous(
        demande,
        propositions[0] if propositions else None,
        propositions[-1] if propositions else None,
        max((f for f in faits if f.type in _ISSUES), key=_PAR_INSTANT, default=None),
        parse_instant(creneaux[-1].data.debut) if creneaux else None,
    )


class Place(NamedTuple):
    """Where and when a contact was received; only those of one Caf and dossier can repeat one another."""

    caf: str
    dossier: str
    recu: int


class Fenetre(NamedTuple):
    """The instants ``du`` to ``au`` (both included) of one dossier."""

    caf: str
    dossier: str
    du: int
    au: int


class Voisins:
    """Receptions by dossier, to find the one before an instant."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._recus: dict[tuple[str, str], list[int]] = defaultdict(list)
        for place in places:
            self._recus[place.caf, place.dossier].append(place.recu)
        for recus in self._recus.values():
            recus.sort()

    def before(self, place: Place) -> int | None:
        """The last reception of the same dossier strictly before, if any."""
        recus = self._recus.get((place.caf, place.dossier), [])
        rang = bisect_left(recus, place.recu)
        return recus[rang - 1] if rang else None


def repeats(recu: int, precedent: int | None) -> bool:
    """A contact repeats another that came more than 0 and at most 168 h before (REITERATION-7J)."""
    return precedent is not None and 0 < recu - precedent <= REITERATION


def windows(places: Iterable[Place]) -> list[Fenetre]:
    """What must be known around these receptions: 168 h on both sides, overlaps merged."""
    fenetres: list[Fenetre] = []
    for caf, dossier, recu in sorted(set(places)):
        derniere = fenetres[-1] if fenetres else None
        if derniere and derniere[:2] == (caf, dossier) and recu - REITERATION <= derniere.au:
            fenetres[-1] = derniere._replace(au=recu + REITERATION)
        else:
            fenetres.append(Fenetre(caf, dossier, recu - REITERATION, recu + REITERATION))
    return fenetres
