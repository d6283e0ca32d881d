"""The screens of those who steer: figures live, one indicator in depth, all of them at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from services.indicators.affiche import judging_target, word_figure, word_terms, word_value
from services.indicators.courbes import Courbe, build_curve, pick_step, widen, write_csv
from services.indicators.direct import (
    COURBES,
    COURTS,
    GRANDS,
    JOURNEE,
    RECOUVREMENT,
    Chiffres,
    Question,
    compose,
    word_freshness,
    word_last_day,
)
from services.indicators.exports.sortie import Format, is_installed
from services.indicators.fenetre import Choix, Fenetre, choose
from services.indicators.registre import REGISTRE
from services.indicators.registre.contacts import CONTACTS
from services.indicators.registre.pieces import PIECES
from services.indicators.registre.qualite import QUALITE
from services.indicators.registre.recouvrement import RECOUVREMENT as INDUS
from services.indicators.rules import CodeInconnu, Pas, Periode, QuestionRefusee, parse_caf, parse_step
from shared.temps import to_iso
from shared.web.flux import Diffuseur
from shared.web.formats import intervalle
from shared.web.pages import PageRefusee, Pages
from shared.web.partage import Partage
from shared.web.session import SessionRequise, session_open

_ENCODER: Final = msgspec.json.Encoder()
# What is shown before any event has come.
_CAF_PAR_DEFAUT: Final = "000"
THEMES: Final = (
    ("Pièces", PIECES),
    ("Qualité et contrôles", QUALITE),
    ("Contacts et rendez-vous", CONTACTS),
    ("Recouvrement", INDUS),
)
DIMENSIONS: Final = {
    "nature": "Nature",
    "canal": "Canal",
    "teleservice": "Téléservice",
    "pole": "Pôle",
    "site": "Site",
    "modalite": "Modalité",
    "caf_traitante": "Caf traitante",
}


class Cadre(NamedTuple):
    """What a page of figures is about: the Caf and the window, and what to choose among."""

    caf: str
    cafs: list[str]
    choix: Choix
    today: int

    @property
    def question(self) -> Question:
        """What is asked of the figures."""
        return Question(self.caf, self.choix.periode)

    @property
    def bornes(self) -> tuple[str, str]:
        """First and last day as the figures take them."""
        return to_iso(self.choix.periode.du), to_iso(self.choix.periode.au)


class Ecrans:
    """The pages, as questions to the figures."""

    def __init__(self, chiffres: Chiffres, today: Callable[[], int]) -> None:
        self._chiffres = chiffres
        self._today = today
        self._pages = Pages(Path(__file__).parent / "templates")

    def frame(self, caf: str, fenetre: str, du: str, au: str) -> Cadre:
        """The frame of a page. Raises ``CafInvalide``; a wrong period is told within the page."""
        cafs = self._chiffres.cafs()
        choisie = parse_caf(caf) if caf else cafs[0] if cafs else _CAF_PAR_DEFAUT
        today = self._today()
        return Cadre(choisie, sorted({*cafs, choisie}), choose(fenetre, du, au, today), today)

    def image(self, question: Question) -> bytes:
        """The JSON of the live page at this moment."""
        return _ENCODER.encode(compose(self._chiffres, question, self._today()).image)

    def live(self, request: Request, cadre: Cadre) -> Response:
        """The live page."""
        direct = compose(self._chiffres, cadre.question, cadre.today)
        periode = widen(cadre.choix.periode)
        return self._answer(
            request,
            cadre,
            "direct.html",
            direct=direct,
            image=direct.image,
            grands=GRANDS,
            courts=COURTS,
            journee=JOURNEE,
            recouvrement=RECOUVREMENT,
            dernier_jour=word_last_day(cadre.choix.periode.au, cadre.today),
            courbes=[self._curve(cadre.caf, code, periode, pick_step(periode), titre) for code, titre in COURBES],
        )

    def all(self, request: Request, cadre: Cadre) -> Response:
        """Every indicator, by theme."""
        reponse = self._chiffres.figures(cadre.caf, *cadre.bornes, ())
        figures = {i.code: word_figure(i) for i in reponse.indicateurs}
        themes = [(theme, [figures[i.code] for i in indicateurs]) for theme, indicateurs in THEMES]
        fraicheur = word_freshness(reponse.fraicheur)
        return self._answer(request, cadre, "indicateurs.html", themes=themes, fraicheur=fraicheur)

    def one(self, request: Request, cadre: Cadre, code: str, pas: str, par: str) -> Response:
        """One indicator: value, targets, formula, series, cut."""
        reponse = self._chiffres.figures(cadre.caf, *cadre.bornes, (code,))
        indicateur = REGISTRE[code]
        periode = cadre.choix.periode
        choisi = parse_step(pas) if pas else pick_step(periode)
        coupe = self._chiffres.cut(code, cadre.caf, *cadre.bornes, par) if par else None
        return self._answer(
            request,
            cadre,
            "indicateur.html",
            figure=word_figure(reponse.indicateurs[0]),
            indicateur=indicateur,
            fraicheur=word_freshness(reponse.fraicheur),
            courbe=self._curve(cadre.caf, code, periode, choisi, "Dans le temps") if indicateur.calcul else None,
            pas=choisi,
            liste_pas=list(Pas),
            par=par,
            dimensions=DIMENSIONS,
            coupe=coupe,
            plus_grande=max((abs(part.valeur or 0) for part in coupe.parts), default=0) if coupe else 0,
            word_value=word_value,
            word_terms=word_terms,
        )

    def table(self, cadre: Cadre, code: str, pas: str) -> Response:
        """The series of an indicator as a file."""
        choisi = parse_step(pas) if pas else pick_step(cadre.choix.periode)
        serie = self._chiffres.series(code, cadre.caf, *cadre.bornes, choisi)
        nom = f"{code}_{serie.caf}_{serie.du}_{serie.au}_{choisi}.csv"
        entetes = {"Content-Disposition": f'attachment; filename="{nom}"', "Cache-Control": "no-store"}
        return Response(write_csv(serie), media_type="text/csv; charset=utf-8", headers=entetes)

    def _curve(self, caf: str, code: str, periode: Periode, pas: Pas, titre: str) -> Courbe:
        bornes = to_iso(periode.du), to_iso(periode.au)
        cible = judging_target(self._chiffres.figures(caf, *bornes, (code,)).indicateurs[0])
        return build_curve(self._chiffres.series(code, caf, *bornes, pas), titre, cible)

    def _answer(self, request: Request, cadre: Cadre, gabarit: str, **contexte: Any) -> Response:
        return self._pages.answer(
            request,
            gabarit,
            400 if cadre.choix.erreur else 200,
            caf=cadre.caf,
            cadre=cadre,
            fenetres=list(Fenetre),
            formats=[f for f in Format if is_installed(f)],
            quand=intervalle(*cadre.choix.periode),
            **contexte,
        )


def create_pages_router(
    chiffres: Chiffres, version: Callable[[], int], today: Callable[[], int], partage: Partage | None = None
) -> tuple[APIRouter, Diffuseur[Question]]:
    """The routes of the screens, and what feeds their event streams, to be closed before the server stops.

    ``version`` grows with each change of the figures; ``today``: the day in Paris; ``partage``: see ``Diffuseur``.
    """
    ecrans = Ecrans(chiffres, today)
    diffuseur: Diffuseur[Question] = Diffuseur(ecrans.image, version, partage=partage)
    router = APIRouter(include_in_schema=False)

    def read_frame(_: SessionRequise, caf: str = "", fenetre: str = "", du: str = "", au: str = "") -> Cadre:
        with refused_as_pages():
            return ecrans.frame(caf, fenetre, du, au)

    @router.get("/")
    def show_live(request: Request, cadre: Cadre = Depends(read_frame)) -> Response:
        return ecrans.live(request, cadre)

    @router.get("/flux")
    async def stream(request: Request, cadre: Cadre = Depends(read_frame)) -> Response:
        return diffuseur.respond(cadre.question, lambda: session_open(request), request.headers.get("last-event-id"))

    @router.get("/indicateurs")
    def show_all(request: Request, cadre: Cadre = Depends(read_frame)) -> Response:
        return ecrans.all(request, cadre)

    @router.get("/indicateurs/{code}")
    def show_one(
        request: Request, code: str, cadre: Cadre = Depends(read_frame), pas: str = "", par: str = ""
    ) -> Response:
        with refused_as_pages():
            return ecrans.one(request, cadre, code, pas, par)

    @router.get("/indicateurs/{code}/serie.csv")
    def download(code: str, cadre: Cadre = Depends(read_frame), pas: str = "") -> Response:
        with refused_as_pages():
            return ecrans.table(cadre, code, pas)

    return router, diffuseur


@contextmanager
def refused_as_pages() -> Iterator[None]:
    """A question without an answer is told as a page."""
    try:
        yield
    except QuestionRefusee as erreur:
        statut = 404 if isinstance(erreur, CodeInconnu) else 400
        raise PageRefusee(statut, "Question sans réponse", f"{erreur}.") from None
