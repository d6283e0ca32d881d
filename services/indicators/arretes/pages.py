"""The arrêtés for those who steer: their list, one as it was told, what has moved since, and through what."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.indicators.affiche import Affiche
from services.indicators.arretes.affichage import (
    is_intact,
    word_formula,
    word_gap,
    word_line,
    word_targets,
    word_told,
)
from services.indicators.arretes.affichage_mouvements import word_movement
from services.indicators.arretes.document import Arrete, Garde, read_document
from services.indicators.arretes.endpoints import PLACE, read_place
from services.indicators.arretes.periodes import FORME
from services.indicators.arretes.refus import ArreteInconnu, JournalRestaure, SansDetail
from services.indicators.arretes.reponses import Ecarts, PageMouvements, ResumeArrete
from services.indicators.arretes.service import Demande
from services.indicators.arretes.suite import Place
from services.indicators.direct import word_freshness
from services.indicators.pages import THEMES
from services.indicators.registre import REGISTRE
from services.indicators.rules import QuestionRefusee, parse_caf
from shared.runtime.ecrivain import Indisponible, Refuse
from shared.temps import from_iso, parse_instant, to_iso
from shared.web.formats import intervalle, moment
from shared.web.pages import PageRefusee, Pages
from shared.web.session import Formulaire, SessionRequise

PAR_PAGE: Final = 25
MOUVEMENTS_PAR_PAGE: Final = 50
MOTIF_MAX: Final = 500
# What is shown before any event has come.
_CAF_PAR_DEFAUT: Final = "000"
_PLACE: Final = re.compile(PLACE)
_TITRES: Final = {
    ArreteInconnu: "Arrêté inconnu",
    JournalRestaure: "Journal restauré",
    SansDetail: "Sans mouvements à montrer",
}


class Gardes(Protocol):
    """The arrêtés, as pages ask for them: see ``Arretes``."""

    def newest(self, caf: str, avant: int | None, limite: int) -> Sequence[Garde]: ...
    def get(self, id_: str) -> Garde: ...
    def take(self, demande: Demande, dernier: int | None) -> ResumeArrete: ...


class Comparaisons(Protocol):
    """What has moved since: see ``Confrontations``."""

    def compare(self, id_: str) -> Ecarts: ...
    def movements(self, id_: str, code: str, apres: Place | None, limite: int) -> PageMouvements: ...


class Source(Protocol):
    """The service behind the pages."""

    @property
    def arretes(self) -> Gardes: ...
    @property
    def confrontations(self) -> Comparaisons: ...
    def cafs(self) -> list[str]: ...


class Saisie(NamedTuple):
    """What stands in the form."""

    periode: str
    motif: str = ""
    provisoire: bool = False


class Ecrans:
    """The pages, as questions to the arrêtés. ``today``: the day in Paris."""

    def __init__(self, source: Source, today: Callable[[], int]) -> None:
        self._source = source
        self._today = today
        self._pages = Pages(Path(__file__).parent.parent / "templates")

    def list(
        self, request: Request, caf: str, avant: str, saisie: Saisie | None = None, refus: str = "", statut: int = 200
    ) -> Response:
        """The arrêtés of a Caf, newest first, and the form that takes another."""
        cafs = self._source.cafs()
        choisie = parse_caf(caf) if caf else cafs[0] if cafs else _CAF_PAR_DEFAUT
        gardes = self._source.arretes.newest(choisie, _read_number(avant), PAR_PAGE + 1)
        tete = gardes[:1] if not avant else self._source.arretes.newest(choisie, None, 1)
        return self._pages.answer(
            request,
            "arretes.html",
            statut,
            caf=choisie,
            cafs=sorted({*cafs, choisie}),
            lignes=[word_line(garde) for garde in gardes[:PAR_PAGE]],
            suite=gardes[PAR_PAGE - 1].numero if len(gardes) > PAR_PAGE else None,
            avant=avant,
            dernier=tete[0].numero if tete else 0,
            saisie=saisie or Saisie(_last_month(self._today())),
            forme=FORME.strip("^$"),
            motif_max=MOTIF_MAX,
            refus=refus,
        )

    def take(self, request: Request, qui: str, champs: Mapping[str, str]) -> Response:
        """Take an arrêté as a form says; a refusal is told above the form, with nothing done."""
        caf = champs.get("caf", "")
        saisie = Saisie(champs.get("periode", "").strip(), champs.get("motif", "").strip(), "provisoire" in champs)
        try:
            if len(saisie.motif) > MOTIF_MAX:
                raise QuestionRefusee(f"le motif dépasse {MOTIF_MAX} caractères : le raccourcir")
            dernier = _read_number(champs.get("dernier", "")) or 0
            demande = Demande(parse_caf(caf), saisie.periode, qui, saisie.provisoire, saisie.motif or None)
            pris = self._source.arretes.take(demande, dernier)
        except (QuestionRefusee, Refuse) as refus:
            return self.list(request, caf, "", saisie, _sentence(refus), refus.statut)
        except Indisponible as panne:
            return self.list(request, caf, "", saisie, f"{_sentence(panne)} Recommencer.", 503)
        return RedirectResponse(f"/arretes/{pris.id}?pris=1", 303)

    def one(self, request: Request, id_: str, *, pris: bool) -> Response:
        """An arrêté as it was told: nothing is computed, nothing else is read."""
        garde = self._source.arretes.get(id_)
        arrete = read_document(garde.document)
        return self._answer(
            request,
            "arrete.html",
            arrete,
            empreinte=garde.empreinte,
            intact=is_intact(garde),
            pris=pris,
            quand=moment(parse_instant(arrete.pris_le)),
            alors=word_freshness(arrete.fraicheur)[0]["fraicheur.dernier"],
            themes=_by_theme(word_told(arrete)),
            textes={chiffre.code: (chiffre.formule, chiffre.texte) for chiffre in arrete.chiffres},
        )

    def document(self, id_: str) -> Response:
        """The exact bytes, as a file."""
        garde = self._source.arretes.get(id_)
        entetes = {
            "Content-Disposition": f'attachment; filename="arrete-{garde.caf}-{garde.numero}.json"',
            "Cache-Control": "no-store",
            "Ecluse-Empreinte": garde.empreinte,
        }
        return Response(garde.document, media_type="application/json", headers=entetes)

    def gaps(self, request: Request, id_: str) -> Response:
        """What has moved since."""
        arrete = read_document(self._source.arretes.get(id_).document)
        ecarts = self._source.confrontations.compare(id_)
        return self._answer(
            request,
            "ecarts.html",
            arrete,
            fraicheur=word_freshness(ecarts.fraicheur),
            document=ecarts,
            ecarts=[word_gap(e) for e in ecarts.ecarts],
            formules=[word_formula(f) for f in ecarts.formules],
            cibles=[word_targets(c) for c in ecarts.cibles],
            noms={code: REGISTRE[code].libelle for code in ecarts.nouveaux}
            | {c.code: c.libelle for c in arrete.chiffres},
        )

    def movements(self, request: Request, id_: str, code: str, apres: str) -> Response:
        """A page of the movements that moved a figure."""
        arrete = read_document(self._source.arretes.get(id_).document)
        page = self._source.confrontations.movements(id_, code, read_place(apres or None), MOUVEMENTS_PAR_PAGE)
        indicateur = REGISTRE[code]
        return self._answer(
            request,
            "mouvements.html",
            arrete,
            fraicheur=word_freshness(page.fraicheur),
            indicateur=indicateur,
            mouvements=[word_movement(arrete.caf, indicateur.unite, code, m) for m in page.mouvements],
            apres=apres,
            suite=page.suite,
        )

    def _answer(self, request: Request, gabarit: str, arrete: Arrete, **contexte: Any) -> Response:
        periode = intervalle(from_iso(arrete.du), from_iso(arrete.au))
        return self._pages.answer(request, gabarit, caf=arrete.caf, arrete=arrete, periode=periode, **contexte)


def create_arretes_pages(source: Source, today: Callable[[], int]) -> APIRouter:
    """The routes of the pages; ``today``: the day in Paris."""
    ecrans = Ecrans(source, today)
    router = APIRouter(prefix="/arretes", include_in_schema=False)

    @router.get("")
    def show_list(request: Request, _: SessionRequise, caf: str = "", avant: str = "") -> Response:
        with refused_as_pages():
            return ecrans.list(request, caf, avant)

    @router.post("")
    def take(request: Request, session: SessionRequise, champs: Formulaire) -> Response:
        with refused_as_pages():
            return ecrans.take(request, session.nom, champs)

    @router.get("/{id_}")
    def show_one(request: Request, _: SessionRequise, id_: str, pris: str = "") -> Response:
        with refused_as_pages():
            return ecrans.one(request, id_, pris=bool(pris))

    @router.get("/{id_}/document")
    def download(_: SessionRequise, id_: str) -> Response:
        with refused_as_pages():
            return ecrans.document(id_)

    @router.get("/{id_}/ecarts")
    def show_gaps(request: Request, _: SessionRequise, id_: str) -> Response:
        with refused_as_pages():
            return ecrans.gaps(request, id_)

    @router.get("/{id_}/ecarts/{code}")
    def show_movements(request: Request, _: SessionRequise, id_: str, code: str, apres: str = "") -> Response:
        with refused_as_pages():
            _check_place(apres)
            return ecrans.movements(request, id_, code, apres)

    return router


@contextmanager
def refused_as_pages() -> Iterator[None]:
    """A question without an answer, and a document that can not be read, are told as pages."""
    try:
        yield
    except QuestionRefusee as refus:
        # What is written in an address is a bad request there, and not a form that was filled in.
        statut = 400 if refus.statut == 422 else refus.statut
        raise PageRefusee(statut, "Question sans réponse", _sentence(refus)) from None
    except Refuse as refus:
        raise PageRefusee(refus.statut, _TITRES.get(type(refus), "Demande refusée"), _sentence(refus)) from None
    except Indisponible as panne:
        raise PageRefusee(503, "Momentanément indisponible", f"{_sentence(panne)} Recommencer.") from None
    except msgspec.DecodeError:
        raise PageRefusee(
            409,
            "Document illisible",
            "Le document de cet arrêté ne se lit plus : il a été modifié. Pour savoir lesquels tiennent encore :",
            commande="ecluse arrete verifier",
        ) from None


def _by_theme(figures: Mapping[str, Affiche]) -> list[tuple[str, list[Affiche]]]:
    """The figures by theme, those that the registry has lost since at the end."""
    themes = [(theme, [figures[i.code] for i in siens if i.code in figures]) for theme, siens in THEMES]
    disparus = [figure for code, figure in figures.items() if code not in REGISTRE]
    return [(theme, lignes) for theme, lignes in (*themes, ("Qui ne sont plus au registre", disparus)) if lignes]


def _last_month(today: int) -> str:
    """The month that ended last: what is most often frozen."""
    return to_iso(from_iso(f"{to_iso(today)[:7]}-01") - 1)[:7]


def _read_number(texte: str) -> int | None:
    if not texte:
        return None
    if not (texte.isascii() and texte.isdigit()) or len(texte) > 9:
        raise QuestionRefusee("la suite de la liste n'est pas un numéro d'arrêté : la rouvrir depuis son début")
    return int(texte)


def _check_place(apres: str) -> None:
    if apres and _PLACE.fullmatch(apres) is None:
        raise QuestionRefusee("la suite demandée n'est pas une place d'un journal : rouvrir la première page")


def _sentence(erreur: Exception) -> str:
    texte = str(erreur).rstrip(". ")
    return f"{texte[:1].upper()}{texte[1:]}."
