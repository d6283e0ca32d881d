"""Replaying dead letters: a command through the runtime, outside the watermark; closes the letter or says why not."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import update

from shared.base import is_conflict
from shared.events.catalogue import TYPES
from shared.events.porte import Recu, judge
from shared.pannes import crash_point, declare_point
from shared.runtime.ecrivain import REFUSES_PAR_LA_BASE, Refuse
from shared.runtime.lettres import IMPOSSIBLE, LETTRES, REFUSE_A_LA_PORTE, close_letter, close_letters, get_letter
from shared.runtime.lot import Lot
from shared.runtime.objets import Objet

APRES_REJEU = declare_point(
    "rejeu.avant_commit", "l'effet du rejeu et la fermeture de la lettre sont écrits, non validés"
)


class LettreInconnue(Refuse):
    """No letter has this number."""

    probleme, statut = "lettre-inconnue", 404


class LettreClose(Refuse):
    """The letter is already closed."""

    probleme, statut = "lettre-close", 409


class ToujoursRefusee(Refuse):
    """The database still refuses to save the event of the letter."""

    probleme, statut = "lettre-toujours-refusee", 409


@dataclass(frozen=True)
class Rejeu:
    """What a replay did (``essai``: would do). ``effet``: applique, possible, toujours_impossible or refuse."""

    numero: int
    effet: str
    detail: str
    essai: bool


def replay(lot: Lot, numero: int, *, essai: bool) -> Rejeu:
    """Give the event of a letter its effect, if it can have one now.

    Raises ``LettreInconnue``, ``LettreClose``, ``ToujoursRefusee``.
    """
    lettre = get_letter(lot.connexion, numero)
    if lettre is None:
        raise LettreInconnue(f"aucune lettre morte n° {numero} dans {lot.service} : voir « ecluse dead-letters list »")
    if lettre["close_le"] is not None:
        raise LettreClose(f"la lettre n° {numero} est déjà close ({lettre['close_par']})")
    rejoue = _REJEUX.get(lettre["motif"], _replay_event)
    resultat = rejoue(lot, lettre, essai)
    crash_point(APRES_REJEU)
    return resultat


def _replay_fact(lot: Lot, lettre: Any, essai: bool) -> Rejeu:
    """A fact stays in the set of its object: ask the rules of today again."""
    objet = _object_of(lot, lettre)
    etat = objet.genre.reduce(objet)
    fait = (lettre["evenement_source"], lettre["evenement_id"])
    raison = next((i.detail for i in etat.impossibles if (i.fait.source, i.fait.id) == fait), None)
    if raison is not None:
        if not essai:
            _count(lot, lettre["numero"])
        return Rejeu(lettre["numero"], "toujours_impossible", raison, essai)
    if not essai:
        lot.save([objet])
        close_letters(lot.connexion, [fait], lot.maintenant, "rejeu")
    return Rejeu(lettre["numero"], "possible" if essai else "applique", "le fait prend effet", essai)


def _replay_event(lot: Lot, lettre: Any, essai: bool) -> Rejeu:
    """An event that could not be saved is judged and applied again."""
    recu = judge(bytes(lettre["octets"]), lot.maintenant)
    if not isinstance(recu, Recu):
        return Rejeu(lettre["numero"], "refuse", recu.detail, essai)
    if essai:
        return Rejeu(
            lettre["numero"], "possible", "l'événement passe la porte ; son enregistrement sera retenté", essai
        )
    try:
        lot.apply([recu])
    except REFUSES_PAR_LA_BASE as erreur:
        if is_conflict(erreur):
            raise
        raise _refused_again(lettre["numero"], erreur) from erreur
    close_letters(lot.connexion, [(recu.source, recu.id)], lot.maintenant, "rejeu")
    return Rejeu(lettre["numero"], "applique", "l'événement a pris effet", essai)


def _replay_refused(lot: Lot, lettre: Any, essai: bool) -> Rejeu:
    """What the door refused is judged by the door of today, and goes through the inbox like any event."""
    numero = lettre["numero"]
    recu = judge(bytes(lettre["octets"]), lot.maintenant)
    if not isinstance(recu, Recu):
        return _still_refused(lot, numero, recu.detail, essai)
    if recu.type.service != lot.service:
        return _still_refused(
            lot, numero, f"ce type appartient à {recu.type.service} : y envoyer de nouveau l'événement", essai
        )
    if essai:
        return Rejeu(numero, "possible", "l'événement passe la porte", essai)
    try:
        verdict = lot.take([recu])[0]
    except REFUSES_PAR_LA_BASE as erreur:
        if is_conflict(erreur):
            raise
        raise _refused_again(numero, erreur) from erreur
    if verdict.sort == "refuse":
        return _still_refused(lot, numero, verdict.detail, essai)
    close_letter(lot.connexion, numero, lot.maintenant, "rejeu")
    effet = "avait déjà pris effet" if verdict.sort == "doublon" else "a pris effet"
    return Rejeu(numero, "applique", f"l'événement {effet}", essai)


def _still_refused(lot: Lot, numero: int, detail: str, essai: bool) -> Rejeu:
    if not essai:
        _count(lot, numero)
    return Rejeu(numero, "refuse", detail, essai)


def _refused_again(numero: int, erreur: Exception) -> ToujoursRefusee:
    return ToujoursRefusee(
        f"la base refuse encore d'enregistrer l'événement de la lettre n° {numero} "
        f"({type(erreur).__name__}) : la lettre reste ouverte"
    )


def _object_of(lot: Lot, lettre: Any) -> Objet:
    genre = lot.deciders[TYPES[lettre["type"]].type]
    return lot.load(genre, [f"{lettre['caf']}|{lettre['objet']}"])[0]


def _count(lot: Lot, numero: int) -> None:
    lot.connexion.execute(update(LETTRES).where(LETTRES.c.numero == numero).values(essais=LETTRES.c.essais + 1))


_REJEUX: Final = {IMPOSSIBLE: _replay_fact, REFUSE_A_LA_PORTE: _replay_refused}
