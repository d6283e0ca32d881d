"""The screens of those who steer: figures live, one indicator in depth, all of them at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Depends
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response

from services.indicators.affiche import judging_target, word_figure, word_terms, word_typed, word_value, word_with_unit
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
from services.indicators.explication.affichage import (
    Adresses,
    word_cells,
    word_days,
    word_elements,
    word_ranks,
    word_terms_of,
)
from services.indicators.exports.sortie import Format, is_installed
from services.indicators.fenetre import Choix, Fenetre, choose
from services.indicators.flux import ask
from services.indicators.mots import AVECS, Rapprochement, is_provisional, word_comparison, word_maturity
from services.indicators.registre import REGISTRE
from services.indicators.registre.contacts import CONTACTS
from services.indicators.registre.pieces import PIECES
from services.indicators.registre.qualite import QUALITE
from services.indicators.registre.recouvrement import RECOUVREMENT as INDUS
from services.indicators.registre.saisis import SAISIS
from services.indicators.rules import (
    Pas,
    Periode,
    QuestionRefusee,
    Role,
    parse_caf,
    parse_role,
    parse_step,
)
from services.indicators.scene import SceneJouee
from shared.runtime.ecrivain import Indisponible
from shared.temps import to_iso
from shared.web.flux import Diffuseur
from shared.web.formats import intervalle
from shared.web.pages import PageRefusee, Pages
from shared.web.session import SessionRequise, session_open

# What is shown before any event has come.
_CAF_PAR_DEFAUT: Final = "000"
# Elements of a figure on one page.
PAR_PAGE: Final = 50
THEMES: Final = (
    ("Pièces", PIECES),
    ("Qualité et contrôles", QUALITE),
    ("Contacts et rendez-vous", CONTACTS),
    ("Recouvrement", INDUS),
    ("Contrat : valeurs saisies", SAISIS),
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
    role: Role = Role.proprietaire

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

    def __init__(self, chiffres: Chiffres, today: Callable[[], int], scene: Callable[[], SceneJouee] | None) -> None:
        self._chiffres = chiffres
        self._today = today
        self._scene = scene
        self._pages = Pages(Path(__file__).parent / "templates")

    def frame(self, caf: str, fenetre: str, du: str, au: str, role: str = "") -> Cadre:
        """The frame of a page. Raises ``CafInvalide``, ``RoleInvalide``; a wrong period is told within the page."""
        cafs = self._chiffres.cafs()
        choisie = parse_caf(caf) if caf else cafs[0] if cafs else _CAF_PAR_DEFAUT
        today = self._today()
        choix = choose(fenetre, du, au, today)
        return Cadre(choisie, sorted({*cafs, choisie}), choix, today, parse_role(role or Role.proprietaire))

    def check(self, cadre: Cadre) -> None:
        """Raises a ``QuestionRefusee`` when there is nothing to show: a stream has no place to say so."""
        ask(self._chiffres, cadre.caf, *cadre.bornes)

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
            scene=self._scene() if self._scene else None,
            dernier_jour=word_last_day(cadre.choix.periode.au, cadre.today),
            courbes=[self._curve(cadre.caf, code, periode, pick_step(periode), titre) for code, titre in COURBES],
        )

    def all(self, request: Request, cadre: Cadre) -> Response:
        """Every indicator, by theme."""
        reponse = self._chiffres.figures(cadre.caf, *cadre.bornes, (), cadre.role)
        figures = {i.code: word_figure(i) for i in reponse.indicateurs}
        provisoires = {i.code for i in reponse.indicateurs if is_provisional(i)}
        inexpliques = {i.code for i in reponse.indicateurs if i.raison is not UNSET}
        themes = [(theme, [figures[i.code] for i in indicateurs]) for theme, indicateurs in THEMES]
        fraicheur = word_freshness(reponse.fraicheur)
        return self._answer(
            request,
            cadre,
            "indicateurs.html",
            themes=themes,
            fraicheur=fraicheur,
            provisoires=provisoires,
            inexpliques=inexpliques,
            roles=Role,
        )

    def one(self, request: Request, cadre: Cadre, code: str, pas: str, par: str, avec: str) -> Response:
        """One indicator: value, targets, formula, another period beside it, series, cut."""
        reponse = self._chiffres.figures(cadre.caf, *cadre.bornes, (code,), cadre.role)
        indication, indicateur = reponse.indicateurs[0], REGISTRE[code]
        dit = indicateur.calcul is not None and indication.raison is UNSET
        periode = cadre.choix.periode
        choisi = parse_step(pas) if pas else pick_step(periode)
        coupe = self._chiffres.cut(code, cadre.caf, *cadre.bornes, par, cadre.role) if par else None
        return self._answer(
            request,
            cadre,
            "indicateur.html",
            figure=word_figure(indication),
            raison=indication.raison or "",
            provisoire=is_provisional(indication),
            maturite=word_maturity(indication, indicateur),
            comparaison=self._compare(cadre, code, avec) if dit else None,
            avec=avec,
            avecs=AVECS,
            roles=Role,
            indicateur=indicateur,
            fraicheur=word_freshness(reponse.fraicheur),
            courbe=self._curve(cadre.caf, code, periode, choisi, "Dans le temps", cadre.role) if dit else None,
            pas=choisi,
            liste_pas=list(Pas),
            par=par,
            dimensions=DIMENSIONS,
            coupe=coupe,
            saisies=self._chiffres.values(cadre.caf, code) if indicateur.genre == "saisi" else None,
            plus_grande=max((abs(part.valeur or 0) for part in coupe.parts), default=0) if coupe else 0,
            word_value=word_value,
            word_terms=word_terms,
            word_with_unit=word_with_unit,
        )

    def _compare(self, cadre: Cadre, code: str, avec: str) -> Rapprochement:
        return word_comparison(self._chiffres.compare(cadre.caf, *cadre.bornes, (code,), cadre.role, avec))

    def explain(self, request: Request, cadre: Cadre, code: str, par: str, terme: str, apres: str) -> Response:
        """What a figure is made of: formula, terms, cells, and the objects of one of its terms."""
        question = (code, cadre.caf, *cadre.bornes)
        explication = self._chiffres.explain(*question, par or None, cadre.role)
        adresses = Adresses(
            f"/indicateurs/{code}/expliquer",
            {"caf": cadre.caf, "fenetre": cadre.choix.fenetre.value, "du": cadre.bornes[0], "au": cadre.bornes[1]}
            | {"par": par, "role": cadre.role.value if cadre.role is Role.traitante else ""},
        )
        elements, absence = None, ""
        if explication.termes:
            try:
                page = self._chiffres.elements(*question, terme or None, apres or None, PAR_PAGE, cadre.role)
                elements = word_elements(page, adresses)
            except Indisponible as panne:
                absence = f"Les objets comptés ne peuvent pas être montrés : {panne}."
        return self._answer(
            request,
            cadre,
            "expliquer.html",
            explication=explication,
            valeur=word_with_unit(explication.valeur, explication.unite, None if explication.unite == "nombre" else 2),
            fraicheur=word_freshness(explication.fraicheur),
            termes=word_terms_of(explication, adresses),
            cellules=word_cells(explication),
            jours=word_days(explication, adresses),
            rangs=word_ranks(explication),
            elements=elements,
            saisie=word_typed(explication.saisie),
            absence=absence,
            apres=apres,
            dimensions=DIMENSIONS,
            roles=Role if "caf_traitante" in explication.coupes else (),
        )

    def table(self, cadre: Cadre, code: str, pas: str) -> Response:
        """The series of an indicator as a file."""
        choisi = parse_step(pas) if pas else pick_step(cadre.choix.periode)
        serie = self._chiffres.series(code, cadre.caf, *cadre.bornes, choisi, cadre.role)
        nom = f"{code}_{serie.caf}_{serie.du}_{serie.au}_{choisi}.csv"
        entetes = {"Content-Disposition": f'attachment; filename="{nom}"', "Cache-Control": "no-store"}
        return Response(write_csv(serie), media_type="text/csv; charset=utf-8", headers=entetes)

    def _curve(
        self, caf: str, code: str, periode: Periode, pas: Pas, titre: str, role: Role = Role.proprietaire
    ) -> Courbe:
        bornes = to_iso(periode.du), to_iso(periode.au)
        cible = judging_target(self._chiffres.figures(caf, *bornes, (code,), role).indicateurs[0])
        return build_curve(self._chiffres.series(code, caf, *bornes, pas, role), titre, cible)

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
    chiffres: Chiffres,
    today: Callable[[], int],
    diffuseur: Diffuseur[Question],
    scene: Callable[[], SceneJouee] | None = None,
) -> APIRouter:
    """The routes of the screens. ``today``: the day in Paris; ``diffuseur`` feeds their event streams; ``scene``: what
    a demonstration plays now, when one runs."""
    ecrans = Ecrans(chiffres, today, scene)
    router = APIRouter(include_in_schema=False)

    def read_frame(
        _: SessionRequise, caf: str = "", fenetre: str = "", du: str = "", au: str = "", role: str = ""
    ) -> Cadre:
        with refused_as_pages():
            return ecrans.frame(caf, fenetre, du, au, role)

    def read_live_frame(cadre: Cadre = Depends(read_frame)) -> Cadre:
        with refused_as_pages():
            ecrans.check(cadre)
        return cadre

    @router.get("/")
    def show_live(request: Request, cadre: Cadre = Depends(read_frame)) -> Response:
        with refused_as_pages():
            return ecrans.live(request, cadre)

    @router.get("/flux")
    async def stream(request: Request, cadre: Cadre = Depends(read_live_frame)) -> Response:
        return diffuseur.respond(cadre.question, lambda: session_open(request), request.headers.get("last-event-id"))

    @router.get("/indicateurs")
    def show_all(request: Request, cadre: Cadre = Depends(read_frame)) -> Response:
        with refused_as_pages():
            return ecrans.all(request, cadre)

    @router.get("/indicateurs/{code}")
    def show_one(
        request: Request, code: str, cadre: Cadre = Depends(read_frame), pas: str = "", par: str = "", avec: str = ""
    ) -> Response:
        with refused_as_pages():
            return ecrans.one(request, cadre, code, pas, par, avec)

    @router.get("/indicateurs/{code}/expliquer")
    def show_explanation(
        request: Request,
        code: str,
        cadre: Cadre = Depends(read_frame),
        par: str = "",
        terme: str = "",
        apres: str = "",
    ) -> Response:
        with refused_as_pages():
            return ecrans.explain(request, cadre, code, par, terme, apres)

    @router.get("/indicateurs/{code}/serie.csv")
    def download(code: str, cadre: Cadre = Depends(read_frame), pas: str = "") -> Response:
        with refused_as_pages():
            return ecrans.table(cadre, code, pas)

    return router


@contextmanager
def refused_as_pages() -> Iterator[None]:
    """A question without an answer is told as a page."""
    try:
        yield
    except QuestionRefusee as erreur:
        # What is written in an address is a bad request there, and not a form that was filled in.
        statut = 400 if erreur.statut == 422 else erreur.statut
        raise PageRefusee(statut, "Question sans réponse", f"{erreur}.") from None
