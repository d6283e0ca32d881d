"""Screens for tests: figures that a test decides, an application that shows them, a visitor that reads it."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from html.parser import HTMLParser
from math import sin
from urllib.parse import urlencode

import httpx
from fastapi import FastAPI
from msgspec import UNSET
from msgspec.structs import replace

from services.indicators.answer import Coupe, Fraicheur, Indication, Part, Point, Reponse, Serie, show_maturity
from services.indicators.arretes.pages import create_arretes_pages
from services.indicators.cibles import Cible, judge, show
from services.indicators.comparaison import ComparaisonDePeriodes, compare_all, describe, measure, other_period
from services.indicators.contrat_documents import ValeurDocument
from services.indicators.explication.document import (
    Explication,
    Groupe,
    JourExplique,
    RangExplique,
    Somme,
    TermeExplique,
)
from services.indicators.explication.elements import Element, Elements, Reperes
from services.indicators.explication.termes import LIBELLES
from services.indicators.exports.pages import create_exports_page
from services.indicators.figures import Chiffre
from services.indicators.flux import create_diffuseur
from services.indicators.horizon import Projection, Projetee, RythmeAffiche
from services.indicators.invariants import Invariants, Little
from services.indicators.pages import create_pages_router
from services.indicators.registre import REGISTRE
from services.indicators.registre.base import Indicateur
from services.indicators.registre.projections import PROJECTIONS
from services.indicators.rules import (
    CafInconnue,
    CodeInconnu,
    CoupeImpossible,
    CurseurIllisible,
    Role,
    TermeInconnu,
    parse_period,
    parse_step,
    split,
)
from shared.corbeille.etal import EtalLocal, create_home_router
from shared.corbeille.pages import create_pages_router as create_queue_pages
from shared.corbeille.service import Corbeilles
from shared.runtime.ecrivain import Indisponible
from shared.temps import parse_instant, to_iso
from shared.web.acces import Acces
from shared.web.etat_page import create_state_page
from shared.web.pages import install_web
from shared.web.partage import Partage
from shared.web.problemes import install_problems
from shared.web.session import create_session_router
from tests.arretes import FauxArretes

PROPRIETAIRE = Role.proprietaire.value
# A Caf of which nothing is known.
INCONNUE = "975"
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
        self.absent = False
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

    def figures(self, caf: str, du: str, au: str, codes: Sequence[str], role: str = PROPRIETAIRE) -> Reponse:
        parse_period(du, au)
        if caf == INCONNUE:
            raise CafInconnue(f"aucun événement de la Caf {caf}")
        indications = [self._one(code, du == au) for code in codes or REGISTRE]
        if role == Role.traitante:
            indications = [replace(i, valeur=None, etat="nd", raison="par propriétaire") for i in indications]
        return Reponse(caf, du, au, self.fraicheur, indications, role)

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
            maturite=show_maturity(i.maturite, AUJOURDHUI, AUJOURDHUI, a_jour=True),
        )

    def compare(self, caf: str, du: str, au: str, codes: Sequence[str], role: str, avec: str) -> ComparaisonDePeriodes:
        periode = parse_period(du, au)
        autre = other_period(periode, avec)
        ici = self.figures(caf, du, au, codes).indicateurs
        avant = [replace(i, valeur=None if i.valeur is None else i.valeur * 2) for i in ici]
        comparees = compare_all(ici, [measure(i) for i in avant])
        return ComparaisonDePeriodes(caf, role, describe(periode, caf), describe(autre, caf), self.fraicheur, comparees)

    def project(self, caf: str) -> Projection:
        rythme = RythmeAffiche("2023-01-03", "2023-01-30", 20, 4_001, 37, 4_104, 198.2, 205.2)
        projetees = [
            Projetee(code, p.libelle, p.unite, 12.25, p.formule, 1, True, "1 ÷ 2", le="2023-02-28")
            for code, p in PROJECTIONS.items()
        ]
        projetees[-1] = replace(projetees[-1], valeur=None, calcul="", le=UNSET, raison="sans cible cette année")
        return Projection(
            caf, PROPRIETAIRE, "2023-01-30", "2023-01-31", 1, 1_863, 1_796, self.fraicheur, projetees, rythme=rythme
        )

    def series(self, code: str, caf: str, du: str, au: str, pas: str, role: str = PROPRIETAIRE) -> Serie:
        del role
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

    def all_series(
        self, caf: str, du: str, au: str, codes: Sequence[str], pas: str, role: str = PROPRIETAIRE
    ) -> Iterator[Serie]:
        return (self.series(code, caf, du, au, pas, role) for code in codes)

    def cut(self, code: str, caf: str, du: str, au: str, par: str, role: str = PROPRIETAIRE) -> Coupe:
        del role
        i = _find(code)
        if par not in i.coupes:
            raise CoupeImpossible(f"{code} ne se coupe pas par « {par} »")
        parts = [
            Part("web", "Web", 11.2, 26_891, 2_401),
            Part("courrier", "Courrier", 16.4, 24_403, 1_488),
            Part("", "Non renseigné", 9.0, 9, 1),
        ]
        return Coupe(caf, du, au, self.fraicheur, code, i.libelle, i.unite, i.version, par, parts)

    def values(self, caf: str, code: str) -> list[ValeurDocument]:
        du, au, quand = "2023-01-01", "2023-12-31", "2024-02-03T09:00:00Z"
        unite, libelle = _find(code).unite, _find(code).libelle
        return [
            ValeurDocument(2, caf, code, libelle, du, au, 0.9, unite, "pilotage", quand, "recompté", True),
            ValeurDocument(1, caf, code, libelle, du, au, 0.8, unite, "pilotage", quand, None, False),
        ]

    def explain(self, code: str, caf: str, du: str, au: str, par: str | None, role: str = PROPRIETAIRE) -> Explication:
        i = _find(code)
        valeur, numerateur, denominateur = self.valeurs.get(code, (None, None, None))
        termes = [
            TermeExplique(nom, LIBELLES[nom], du, au, somme, "nombre", "production")
            for nom, somme in (("numerateur", numerateur), ("denominateur", denominateur))
            if somme is not None
        ]
        sommes = {t.nom: Somme(t.valeur or 0, 12) for t in termes}
        groupes = [Groupe(cle, cle.capitalize(), sommes) for cle in ("web", "courrier")]
        jours = [JourExplique(au, 9.5, 37_260, 3_908)] if code.endswith("-MOYEN") else []
        rangs = [RangExplique(3, 2_000, 2_000), RangExplique(10, 2_466, 4_466)] if code == "DELAI-MEDIAN" else []
        return Explication(
            caf, du, au, self.fraicheur, code, i.libelle, i.unite, valeur, numerateur, denominateur, i.version,
            i.formule, i.population, i.source, i.maison, termes, par or (i.coupes[0] if i.coupes else None), i.coupes,
            groupes if termes else [], jours, 2_233 if rangs else None, rangs, {"production": 59_900},
            role=role,
        )  # fmt: skip

    def elements(
        self,
        code: str,
        caf: str,
        du: str,
        au: str,
        terme: str | None,
        apres: str | None,
        limite: int,
        role: str = PROPRIETAIRE,
    ) -> Elements:
        if self.absent:
            raise Indisponible("le service production ne répond pas : réessayer")
        i = _find(code)
        nom = terme or "numerateur"
        if nom not in ("numerateur", "denominateur"):
            raise TermeInconnu(f"{code} n'a pas de terme « {nom} »")
        if apres not in (None, "suite"):
            raise CurseurIllisible("« apres » n'est pas un curseur donné ici")
        premiere = apres is None
        # What a Caf does for another belongs to that one.
        a_qui = caf if role == PROPRIETAIRE else "681"
        elements = [
            Element(
                f"P-{rang}", f"P-{rang}", "piece", a_qui, f"D-{rang}", {"arrivee": "2023-01-02", "fin": None}, None, 1,
                {"nature": "demande_rsa", "canal": "web"}, f"/v1/pieces/{a_qui}/P-{rang}",
            )
            for rang in range(limite if premiere else 2)
        ]  # fmt: skip
        return Elements(
            caf, du, au, self.fraicheur, code, i.libelle, "nombre", i.version, nom, limite + 2, elements,
            "suite" if premiere else None, limite + 2 if premiere else None, limite + 2 if premiere else None,
            0 if premiere else None, True if premiere else None, 0 if premiere else None,
            Reperes("production", 59_902, 0, 59_900), role,
        )  # fmt: skip

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
    arretes: FauxArretes | None = None,
) -> FastAPI:
    """The screens on an application of their own; ``app.state.diffuseur`` feeds its event streams."""
    app = FastAPI(openapi_url=None)
    install_problems(app)
    install_web(app, acces)
    app.include_router(create_session_router())
    figures = chiffres or FauxChiffres()
    app.state.diffuseur = create_diffuseur(figures, figures.version, lambda: AUJOURDHUI, partage)
    app.include_router(create_pages_router(figures, lambda: AUJOURDHUI, app.state.diffuseur))
    app.include_router(create_exports_page(figures, lambda: EXTRAIT_LE))
    app.include_router(create_arretes_pages(arretes or FauxArretes(), lambda: AUJOURDHUI))
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
