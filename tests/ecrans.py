"""Screens for tests: figures that a test decides, an application that shows them, a visitor that reads it."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from html.parser import HTMLParser
from math import sin
from urllib.parse import urlencode

import httpx
from fastapi import FastAPI

from services.indicators.answer import Coupe, Fraicheur, Indication, Part, Point, Reponse, Serie
from services.indicators.cibles import Cible, judge, show
from services.indicators.exports.pages import create_exports_page
from services.indicators.figures import Chiffre
from services.indicators.invariants import Invariants, Little
from services.indicators.pages import create_pages_router
from services.indicators.registre import REGISTRE
from services.indicators.registre.base import Indicateur
from services.indicators.rules import CodeInconnu, CoupeImpossible, parse_period, parse_step, split
from shared.corbeille.etal import EtalLocal, create_home_router
from shared.corbeille.pages import create_pages_router as create_queue_pages
from shared.corbeille.service import Corbeilles
from shared.temps import parse_instant, to_iso
from shared.web.acces import Acces
from shared.web.etat_page import create_state_page
from shared.web.pages import install_web
from shared.web.partage import Partage
from shared.web.problemes import install_problems
from shared.web.session import create_session_router

ORIGINE = "http://ecluse.test"
AUJOURDHUI = date(2023, 1, 31).toordinal()
EXTRAIT_LE = parse_instant("2023-01-31T14:00:00Z")
VALEURS: dict[str, tuple[float | None, int | None, int | None]] = {
    "COG-08-29": (60_687 / 4_466, 60_687, 4_466),
    "COG-08-30": (22_376 / 1_614, 22_376, 1_614),
    "COG-08-31": (1_807 / 237, 1_807, 237),
    "COG-08-32": (4_890 / 308, 4_890, 308),
    "COG-08-33": (116 / 1_863, 116, 1_863),
    "SOLDE-JOURS": (37_260 / 3_908, 37_260, 3_908),
    "SOLDE-TRAITABLE-JOURS": (35_920 / 3_908, 35_920, 3_908),
    "STOCK": (1_863, 1_863, None),
    "DELAI-MEDIAN": (10, None, None),
    "PIECES-ARRIVEES": (4_344, 4_344, None),
    "PIECES-TRAITEES": (4_466, 4_466, None),
    "PIECES-ANNULEES": (37, 37, None),
    "APPELS-RECUS": (2_215, 2_215, None),
    "APPELS-TRAITES": (1_981 / 2_215, 1_981, 2_215),
    "COURRIELS-RECUS": (640, 640, None),
    "VISITES": (512, 512, None),
    "RDV-HONORES": (148, 148, None),
    "RDV-MANQUES": (19, 19, None),
    "COG-10-43": (0.7312, 7_312_450, 10_000_615),
    "INDUS-NOMBRE": (212, 212, None),
    "INDUS-MONTANT": (12_345_678, 12_345_678, None),
    "PART-DIRECT": (None, 0, 0),
    "BALANCE": (0, None, None),
}
CIBLES = {
    "COG-08-29": [Cible("091", 2023, "COG-08-29", "nationale", 16, "<=", "")],
    "COG-08-30": [
        Cible("091", 2023, "COG-08-30", "individualisee", 13, "<=", ""),
        Cible("091", 2023, "COG-08-30", "nationale", 14, "<=", ""),
    ],
    "COG-08-31": [Cible("091", 2023, "COG-08-31", "individualisee", None, None, "")],
    "COG-08-33": [Cible("091", 2023, "COG-08-33", "suivi", None, None, "")],
    "COG-10-43": [Cible("091", 2023, "COG-10-43", "cog", 0.73, ">=", "")],
}


class FauxChiffres:
    """``valeurs`` may be changed while the application runs: ``set`` does, and the version grows."""

    def __init__(self) -> None:
        self.valeurs = dict(VALEURS)
        self.numero = 0
        self.fraicheur = Fraicheur("2023-01-31T13:02:31.250000Z", 0.2, True)

    def set(
        self, code: str, valeur: float | None, numerateur: int | None = None, denominateur: int | None = None
    ) -> None:
        """Change a figure."""
        self.valeurs[code] = valeur, numerateur, denominateur
        self.numero += 1

    def version(self) -> int:
        return self.numero

    def cafs(self) -> list[str]:
        return ["091", "681"]

    def figures(self, caf: str, du: str, au: str, codes: Sequence[str]) -> Reponse:
        return Reponse(caf, du, au, self.fraicheur, [self._one(code, du == au) for code in codes or REGISTRE])

    def _one(self, code: str, jour: bool) -> Indication:
        i = _find(code)
        valeur, numerateur, denominateur = self.valeurs.get(code, (None, None, None))
        if jour and valeur is not None and denominateur is None:
            valeur = numerateur = int(valeur) // 22
        cibles = tuple(CIBLES.get(code, ()))
        return Indication(
            code,
            i.libelle,
            valeur,
            numerateur,
            denominateur,
            i.unite,
            i.version,
            show(cibles),
            judge(valeur, cibles).value,
        )

    def series(self, code: str, caf: str, du: str, au: str, pas: str) -> Serie:
        i = _find(code)
        morceaux = split(parse_period(du, au), parse_step(pas))
        return Serie(
            caf, du, au, self.fraicheur, code, i.libelle, i.unite, i.version, pas,
            [Point(to_iso(m.du), to_iso(m.au), self._at(code, m.au), None, None) for m in morceaux],
        )  # fmt: skip

    def _at(self, code: str, jour: int) -> float | None:
        valeur = self.valeurs.get(code, (None, None, None))[0]
        if valeur is None or (code == "COG-08-29" and date.fromordinal(jour).weekday() > 4):
            return None
        variation = valeur * (1 + 0.12 * sin(jour) + 0.05 * sin(jour * 2.3))
        return int(variation) if code == "STOCK" else variation

    def all_series(self, caf: str, du: str, au: str, codes: Sequence[str], pas: str) -> Iterator[Serie]:
        return (self.series(code, caf, du, au, pas) for code in codes)

    def cut(self, code: str, caf: str, du: str, au: str, par: str) -> Coupe:
        i = _find(code)
        if par not in i.coupes:
            raise CoupeImpossible(f"{code} ne se coupe pas par « {par} »")
        parts = [
            Part("web", "Web", 11.2, 26_891, 2_401),
            Part("courrier", "Courrier", 16.4, 24_403, 1_488),
            Part("", "Non renseigné", 9.0, 9, 1),
        ]
        return Coupe(caf, du, au, self.fraicheur, code, i.libelle, i.unite, i.version, par, parts)

    def invariants(self, caf: str, du: str, au: str) -> Invariants:
        del caf, du, au
        termes: dict[str, int | None] = {
            "ouverture": 2_022,
            "arrivees": 4_344,
            "traitees": 4_466,
            "annulees": 37,
            "cloture": 1_863,
        }
        return Invariants(Chiffre(0, termes=termes), Little(58_912, 60_687, 21_604, 23_379))


def _find(code: str) -> Indicateur:
    if code not in REGISTRE:
        raise CodeInconnu(f"aucun indicateur n'a le code « {code} »")
    return REGISTRE[code]


ETAT = {
    "injoignables": [],
    "a_jour": False,
    "instant": "2023-01-31T13:02:31Z",
    "services": [
        {
            "nom": "production", "tete": 59_902, "position": 59_902, "attente": 12, "lettres_mortes": 2,
            "en_attente_d_arrivee": 3, "epoque": 1, "arret": None,
        },
        {
            "nom": "recovery", "tete": 4_877, "position": 4_877, "attente": 0, "lettres_mortes": 0,
            "en_attente_d_arrivee": 0, "epoque": 1, "arret": "la base a été ouverte ailleurs",
        },
    ],
    "consommateurs": [
        {
            "nom": "indicators", "source": "production", "repere": 59_900, "tete": 59_902, "retard": 2,
            "retard_secondes": 0.4, "tic": "2023-01-31T13:02:31Z", "a_jour": False, "trou": None,
            "arret": None,
        },
        {
            "nom": "indicators", "source": "recovery", "repere": 4_000, "tete": 4_877, "retard": 877,
            "retard_secondes": None, "tic": None, "a_jour": False, "trou": "4001 manque",
            "arret": None,
        },
    ],
}  # fmt: skip


def build_app(
    acces: Acces,
    chiffres: FauxChiffres | None = None,
    corbeilles: Mapping[str, Corbeilles] | None = None,
    today: int = AUJOURDHUI,
    partage: Partage | None = None,
) -> FastAPI:
    """The screens on an application of their own; ``app.state.diffuseur`` feeds its event streams."""
    app = FastAPI(openapi_url=None)
    install_problems(app)
    install_web(app, acces)
    app.include_router(create_session_router())
    figures = chiffres or FauxChiffres()
    router, app.state.diffuseur = create_pages_router(figures, figures.version, lambda: AUJOURDHUI, partage)
    app.include_router(router)
    app.include_router(create_exports_page(figures, lambda: EXTRAIT_LE))
    etals = [EtalLocal(c) for c in (corbeilles or {}).values()]
    app.include_router(create_home_router(etals, lambda: today))
    app.include_router(create_queue_pages(corbeilles or {}, lambda: today))
    app.include_router(create_state_page(lambda: ETAT))
    return app


class Visiteur:
    """A browser without a window: keeps its cookies, follows nothing by itself."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.cookies = httpx.Cookies()

    def enter(self, nom: str = "") -> httpx.Response:
        """Come in by a new link."""
        return self.get(f"/entrer?lien={self._app.state.acces.create_link(nom)}")

    def get(self, adresse: str, **entetes: str) -> httpx.Response:
        """Ask for a page."""
        return asyncio.run(self._ask("GET", adresse, entetes, None))

    def post(self, adresse: str, champs: Mapping[str, str] | bytes = b"", **entetes: str) -> httpx.Response:
        """Send a form."""
        return asyncio.run(self._ask("POST", adresse, entetes, champs))

    async def _ask(
        self, methode: str, adresse: str, entetes: Mapping[str, str], champs: Mapping[str, str] | bytes | None
    ) -> httpx.Response:
        corps = urlencode(champs).encode() if isinstance(champs, Mapping) else champs
        propres = {nom.replace("_", "-"): valeur for nom, valeur in entetes.items()}
        if isinstance(champs, Mapping):
            propres["content-type"] = "application/x-www-form-urlencoded"
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGINE, cookies=self.cookies) as client:
            reponse = await client.request(methode, adresse, headers=propres, content=corps)
            self.cookies = client.cookies
            return reponse


class Page(HTMLParser):
    """What tests look at in a page: tags with their attributes, and the text that each ``data-cle`` holds."""

    def __init__(self, texte: str) -> None:
        super().__init__()
        self.balises: list[tuple[str, dict[str, str]]] = []
        self.chiffres: dict[str, str] = {}
        self._cle: str | None = None
        self.feed(texte)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributs = {nom: valeur or "" for nom, valeur in attrs}
        self.balises.append((tag, attributs))
        if "data-cle" in attributs:
            self._cle = attributs["data-cle"]
            self.chiffres[self._cle] = ""

    def handle_data(self, data: str) -> None:
        if self._cle is not None:
            self.chiffres[self._cle] += data

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._cle = None

    def all(self, balise: str, **attributs: str) -> list[dict[str, str]]:
        """The attributes of each tag of this name that carries these."""
        return [a for b, a in self.balises if b == balise and attributs.items() <= a.items()]

    def fields(self, action: str) -> dict[str, str]:
        """The hidden fields of the form that is sent to this address."""
        debut = next(r for r, (b, a) in enumerate(self.balises) if b == "form" and a.get("action") == action)
        champs: dict[str, str] = {}
        for balise, attributs in self.balises[debut + 1 :]:
            if balise == "form":
                break
            if balise == "input" and attributs.get("type") == "hidden":
                champs[attributs["name"]] = attributs["value"]
        return champs
