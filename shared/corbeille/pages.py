"""The work queues for a person: take the next item, end it, put it aside, give it back. No script is needed."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from shared.corbeille.endpoints import Accueil
from shared.corbeille.etal import address_of, new_key, read_caf
from shared.corbeille.refus import DateRefusee
from shared.corbeille.regles import MotifReport
from shared.corbeille.service import Corbeilles, Talon
from shared.corbeille.tenus import read_held
from shared.runtime.ecrivain import Indisponible, Refuse
from shared.temps import from_iso, to_iso
from shared.web.formats import jour_long
from shared.web.pages import PageRefusee, Pages
from shared.web.session import Formulaire, SessionRequise

T = TypeVar("T")
# A writer that takes longer is down, and the person sees a page that says so.
PATIENCE: Final = 20.0
_PAR_PAGE: Final = 50
_RIEN: Final = "Rien à prendre dans cette corbeille pour l'instant."
_SORTI: Final = "C'est enregistré : l'élément n'est plus dans aucune corbeille."


class Ecrans:
    """The pages of the work queues."""

    def __init__(self, accueil: Accueil, today: Callable[[], int]) -> None:
        self._accueil = accueil
        self._today = today
        self._pages = Pages(Path(__file__).parent / "templates")

    def queue(self, request: Request, corbeille: str, caf: str, apres: str, message: str) -> Response:
        """One corbeille: its items in the order in which they are handed out."""
        corbeilles = self._of(corbeille)
        cafs = [caf] if caf else []
        with refused_as_pages():
            rangees, suivant = corbeilles.page(corbeille, cafs, apres=apres or None, limite=_PAR_PAGE)
        return self._answer(
            request,
            "corbeille.html",
            definition=corbeilles.definitions[corbeille],
            compte=corbeilles.counts([corbeille], cafs)[corbeille],
            rangees=rangees,
            suivant=suivant,
            apres=apres,
            filtre=caf,
            message=message,
        )

    def item(self, request: Request, titulaire: str, talon: Talon, refus: str = "", statut: int = 200) -> Response:
        """The item that this person holds, and what can be done with it. Raises ``PageRefusee`` (404)."""
        corbeilles = self._of(talon.corbeille)
        pris = next((p for p in read_held(corbeilles, titulaire) if p.item.cle == talon.item), None)
        if pris is None:
            raise PageRefusee(
                404,
                "Élément non tenu",
                f"{refus or 'Cet élément a été terminé, reporté ou rendu, ou son bail a pris fin.'} "
                "Reprendre depuis la page des corbeilles.",
            )
        return self._answer(
            request,
            "element.html",
            statut,
            pris=pris,
            definition=corbeilles.definitions[talon.corbeille],
            motifs=list(MotifReport),
            maintenant=corbeilles.service.reglages.clock(),
            refus=refus,
            demain=to_iso(self._today() + 1),
        )

    def take(self, corbeille: str, titulaire: str, caf: str, cle: str) -> Response:
        """Take the best item and go to it; back to the corbeille when there is none."""
        with refused_as_pages():
            pris = _settle(self._of(corbeille).claim(corbeille, titulaire, [caf] if caf else [], cle=cle or None))
        return _go(address_of(pris)) if pris else _go(f"/corbeilles/{corbeille}", caf=caf, rien="1")

    def end(self, request: Request, titulaire: str, talon: Talon, geste: str, champs: Mapping[str, str]) -> Response:
        """Do what a form says; a refusal is told on the page of the item, with nothing done."""
        corbeilles = self._of(talon.corbeille)
        try:
            if geste == "prolonger":
                _settle(corbeilles.extend(talon))
                return _go(f"/corbeilles/{talon.corbeille}/{talon.caf}/{talon.objet}")
            reprise = self._finish(corbeilles, talon, geste, champs)
        except Refuse as refus:
            return self.item(request, titulaire, talon, _sentence(refus), refus.statut)
        except Indisponible as panne:
            raise PageRefusee(503, "Momentanément indisponible", f"{_sentence(panne)} Recommencer.") from None
        if champs.get("suite") == "prochain":
            return self.take(talon.corbeille, titulaire, champs.get("caf", ""), champs.get("cle", ""))
        return _go(f"/corbeilles/{talon.corbeille}", reprise="" if reprise is None else to_iso(reprise))

    def _finish(self, corbeilles: Corbeilles, talon: Talon, geste: str, champs: Mapping[str, str]) -> int | None:
        if geste == "terminer":
            return _settle(corbeilles.finish(talon, champs.get("issue", ""), _read_day(champs.get("date", "")))).reprise
        if geste == "reporter":
            jour = _read_day(champs.get("jusqu_a", ""))
            if jour is None:
                raise DateRefusee("dire jusqu'à quel jour mettre l'élément de côté")
            motif = MotifReport.__members__.get(champs.get("motif", ""), MotifReport.autre)
            return _settle(corbeilles.hold(talon, jour, motif)).reprise
        return _settle(corbeilles.release(talon)).reprise

    def _of(self, corbeille: str) -> Corbeilles:
        with refused_as_pages():
            return self._accueil.of(corbeille)

    def _answer(self, request: Request, gabarit: str, statut: int = 200, **contexte: Any) -> Response:
        return self._pages.answer(
            request, gabarit, statut, cle=new_key(), today=self._today(), address=address_of, **contexte
        )


def create_pages_router(corbeilles_by_service: Mapping[str, Corbeilles], today: Callable[[], int]) -> APIRouter:
    """The routes of each of these work queues; ``today``: the day in Paris."""
    ecrans = Ecrans(Accueil(corbeilles_by_service), today)
    router = APIRouter(prefix="/corbeilles", include_in_schema=False)

    @router.get("/{corbeille}")
    def show_queue(
        request: Request,
        _: SessionRequise,
        corbeille: str,
        caf: str = "",
        apres: str = "",
        rien: str = "",
        reprise: str | None = None,
    ) -> Response:
        message = _RIEN if rien else "" if reprise is None else _word_return(reprise)
        return ecrans.queue(request, corbeille, read_caf(caf), apres, message)

    @router.post("/{corbeille}/prochain")
    def take_next(session: SessionRequise, champs: Formulaire, corbeille: str) -> Response:
        return ecrans.take(corbeille, session.nom, read_caf(champs.get("caf", "")), champs.get("cle", ""))

    @router.get("/{corbeille}/{caf}/{objet}")
    def show_item(request: Request, session: SessionRequise, corbeille: str, caf: str, objet: str) -> Response:
        return ecrans.item(request, session.nom, Talon(corbeille, caf, objet, 0))

    @router.post("/{corbeille}/{caf}/{objet}/{geste}")
    def end_item(
        request: Request,
        session: SessionRequise,
        champs: Formulaire,
        corbeille: str,
        caf: str,
        objet: str,
        geste: str,
    ) -> Response:
        if geste not in ("terminer", "reporter", "rendre", "prolonger"):
            raise PageRefusee(404, "Geste inconnu", "Cette adresse n'est celle d'aucun geste.")
        talon = Talon(corbeille, caf, objet, _read_token(champs.get("jeton", "")), champs.get("cle") or None)
        return ecrans.end(request, session.nom, talon, geste, champs)

    return router


@contextmanager
def refused_as_pages() -> Iterator[None]:
    """A refused command is told as a page."""
    try:
        yield
    except Refuse as refus:
        raise PageRefusee(refus.statut, "Demande refusée", _sentence(refus)) from None
    except Indisponible as panne:
        raise PageRefusee(503, "Momentanément indisponible", f"{_sentence(panne)} Recommencer.") from None


def _settle(futur: "Future[T]") -> T:
    try:
        return futur.result(PATIENCE)
    except TimeoutError:
        raise Indisponible("l'enregistrement n'a pas abouti à temps") from None


def _go(chemin: str, **parametres: str) -> Response:
    gardes = {nom: valeur for nom, valeur in parametres.items() if valeur or nom == "reprise"}
    return RedirectResponse(f"{chemin}?{urlencode(gardes)}" if gardes else chemin, 303)


def _read_token(texte: str) -> int:
    """The token of a form; what is none names no claim."""
    return int(texte) if texte.isdecimal() and len(texte) < 20 else 0


def _read_day(texte: str) -> int | None:
    if not texte:
        return None
    try:
        return from_iso(texte)
    except ValueError:
        raise DateRefusee("la date n'en est pas une : la choisir dans le calendrier") from None


def _word_return(reprise: str) -> str:
    if not reprise:
        return _SORTI
    try:
        return f"C'est enregistré : l'élément revient dans la corbeille le {jour_long(from_iso(reprise))}."
    except ValueError:
        return ""


def _sentence(erreur: Exception) -> str:
    texte = str(erreur).rstrip(". ")
    return f"{texte[:1].upper()}{texte[1:]}."
