"""What the live page says: the same texts when it is drawn and each time that something changes."""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from msgspec import Struct

from services.indicators.affiche import Affiche, judging_target, word_figure
from services.indicators.answer import Coupe, Fraicheur, Indication, Reponse, Serie
from services.indicators.cibles import Etat
from services.indicators.comparaison import ComparaisonDePeriodes
from services.indicators.contrat_documents import ValeurDocument
from services.indicators.explication.document import Explication
from services.indicators.explication.elements import Elements
from services.indicators.horizon import Projection
from services.indicators.invariants import Invariants
from services.indicators.mots import word_maturities, word_projection
from services.indicators.rules import Periode
from shared.temps import parse_instant, to_iso
from shared.web.formats import duree, jour_semaine, moment, nombre, pluriel
from shared.web.graphe import Jauge, draw_gauge

DELAIS: Final = ("COG-08-29", "COG-08-30", "COG-08-31", "COG-08-32")
SOLDES: Final = ("SOLDE-JOURS", "SOLDE-TRAITABLE-JOURS", "STOCK", "COG-08-33")
JOURNEE: Final = (
    "PIECES-ARRIVEES", "PIECES-TRAITEES", "PIECES-ANNULEES", "APPELS-RECUS", "APPELS-TRAITES", "COURRIELS-RECUS",
    "VISITES", "RDV-HONORES", "RDV-MANQUES",
)  # fmt: skip
RECOUVREMENT: Final = ("COG-10-43", "INDUS-NOMBRE", "INDUS-MONTANT", "PART-DIRECT", "REMISES-NOMBRE")
# What a gauge measures, its heading, and the height of its staff in days.
GRANDS: Final = (("COG-08-29", "Délai de démarche", DELAIS[1:], 20), ("SOLDE-JOURS", "Solde", SOLDES[1:], 10))
# Under the heading of the gauge, what tells a figure from its neighbours is enough.
COURTS: Final = {
    "COG-08-30": "Bénéficiaires de minima sociaux",
    "COG-08-31": "Demandes de minima sociaux",
    "COG-08-32": "Demandes d'aide au logement",
    "SOLDE-TRAITABLE-JOURS": "Solde traitable",
}
# Seconds. While events flow in, some are always between the log and the figures: a person reads no alarm in that.
RETARD_VU: Final = 2.0
COURBES: Final = (("COG-08-29", "Délai jour par jour"), ("STOCK", "Stock jour par jour"))


class Chiffres(Protocol):
    """The figures as the screens ask for them; each answer is taken from one state of the fold."""

    def cafs(self) -> list[str]: ...
    def figures(self, caf: str, du: str, au: str, codes: Sequence[str], role: str = ...) -> Reponse: ...
    def series(self, code: str, caf: str, du: str, au: str, pas: str, role: str = ...) -> Serie: ...
    def cut(self, code: str, caf: str, du: str, au: str, par: str, role: str = ...) -> Coupe: ...
    def compare(
        self, caf: str, du: str, au: str, codes: Sequence[str], role: str, avec: str
    ) -> ComparaisonDePeriodes: ...
    def project(self, caf: str) -> Projection: ...
    def explain(self, code: str, caf: str, du: str, au: str, par: str | None, role: str = ...) -> Explication: ...
    def elements(
        self,
        code: str,
        caf: str,
        du: str,
        au: str,
        terme: str | None,
        apres: str | None,
        limite: int,
        role: str = ...,
    ) -> Elements: ...
    def invariants(self, caf: str, du: str, au: str) -> Invariants: ...
    def values(self, caf: str, code: str) -> Sequence[ValeurDocument]: ...


class Question(NamedTuple):
    """What a live page shows, and what its watchers share."""

    caf: str
    periode: Periode


class EtatAffiche(NamedTuple):
    """A state: its code, which picks the shape, and its words."""

    code: str
    texte: str


class Image(Struct, frozen=True):
    """The live page at one moment, by place: ``p.CODE.valeur`` over the period, ``j.CODE.valeur`` on its last day.

    ``jour``: today, which a page drawn yesterday does not show; ``jauges``: levels in days.
    """

    jour: str
    textes: dict[str, str]
    etats: dict[str, EtatAffiche]
    jauges: dict[str, float | None]


class Direct(NamedTuple):
    """An image with what a template needs besides: figures by code, gauges with their scale, projected quantities."""

    image: Image
    figures: dict[str, Affiche]
    jauges: dict[str, Jauge]
    projection: Projection


def compose(chiffres: Chiffres, question: Question, today: int) -> Direct:
    """Ask for everything that the live page shows."""
    caf, (du, au) = question.caf, map(to_iso, question.periode)
    periode = chiffres.figures(caf, du, au, (*DELAIS, *SOLDES, *JOURNEE, *RECOUVREMENT))
    jour = chiffres.figures(caf, au, au, JOURNEE)
    figures = {i.code: word_figure(i) for i in periode.indicateurs}
    textes = _texts_of("p", figures) | _texts_of("j", {i.code: word_figure(i) for i in jour.indicateurs})
    etats = {f"p.{f.code}": EtatAffiche(f.etat, f.etat_texte) for f in figures.values()}
    par_code = {i.code: i for i in periode.indicateurs}
    controles, etats_controles = _word_invariants(chiffres.invariants(caf, du, au))
    fraicheur, etat_fraicheur = _word_live_freshness(periode.fraicheur)
    projection = chiffres.project(caf)
    maturite = {"maturite": word_maturities(periode.indicateurs)}
    image = Image(
        to_iso(today),
        textes | controles | fraicheur | maturite | word_projection(projection),
        etats | etats_controles | {"fraicheur": etat_fraicheur},
        {code: par_code[code].valeur for code, *_ in GRANDS},
    )
    return Direct(image, figures, _draw_gauges(par_code), projection)


def word_freshness(fraicheur: Fraicheur) -> tuple[dict[str, str], EtatAffiche]:
    """How fresh the figures are, in words."""
    dernier = fraicheur.dernier_evenement
    textes = {
        "fraicheur.dernier": "aucun événement reçu"
        if dernier is None
        else f"dernier événement le {moment(parse_instant(dernier))}",
        "fraicheur.retard": f"retard {duree(fraicheur.retard_secondes)}",
    }
    retard = fraicheur.retard_secondes
    if fraicheur.a_jour or (retard is not None and retard < RETARD_VU):
        return textes, EtatAffiche(Etat.atteint, "À jour")
    return textes, EtatAffiche(
        Etat.non_atteint, "En rattrapage : ces chiffres ne comptent pas encore tout ce qui est reçu"
    )


def _word_live_freshness(fraicheur: Fraicheur) -> tuple[dict[str, str], EtatAffiche]:
    """As ``word_freshness``; tenths of a second in which nobody reads anything make no new image."""
    textes, etat = word_freshness(fraicheur)
    retard = fraicheur.retard_secondes
    if retard is not None and retard < RETARD_VU:
        textes["fraicheur.retard"] = f"retard de moins de {pluriel(int(RETARD_VU), 'seconde')}"
    return textes, etat


def word_last_day(jour: int, today: int) -> str:
    """How the last day of the period is called: today, or by its name."""
    return "Aujourd'hui" if jour == today else jour_semaine(jour).capitalize()


def _texts_of(prefixe: str, figures: dict[str, Affiche]) -> dict[str, str]:
    textes = {f"{prefixe}.{code}.valeur": f.valeur for code, f in figures.items()}
    textes |= {f"{prefixe}.{code}.unite": f.unite for code, f in figures.items()}
    return textes | {f"{prefixe}.{code}.detail": f.detail for code, f in figures.items() if f.detail}


def _draw_gauges(indications: dict[str, Indication]) -> dict[str, Jauge]:
    return {
        code: draw_gauge(indications[code].valeur, judging_target(indications[code]), au_moins)
        for code, _, _, au_moins in GRANDS
    }


def _word_invariants(invariants: Invariants) -> tuple[dict[str, str], dict[str, EtatAffiche]]:
    balance, little = invariants.balance, invariants.little
    termes = balance.termes or {}
    t = {nom: nombre(valeur) for nom, valeur in termes.items()}
    textes = {
        "controle.balance": f"{t['ouverture']} à l'ouverture + {t['arrivees']} arrivées − {t['traitees']} traitées "
        f"− {t['annulees']} annulées ; la production compte {t['cloture']} pièces à traiter",
        "controle.little": f"{pluriel(little.somme_des_stocks, 'jour')} de stock, "
        f"{pluriel(little.somme_des_delais + little.ages_en_fin - little.ages_en_debut, 'jour')} de présence",
    }
    return textes, {
        "controle.balance": _judge_gap(balance.valeur, "Balance des pièces"),
        "controle.little": _judge_gap(little.ecart, "Loi de Little"),
    }


def _judge_gap(ecart: float | None, nom: str) -> EtatAffiche:
    if ecart is None:
        return EtatAffiche(Etat.nd, f"{nom} : pas comparable pour le moment")
    if ecart:
        return EtatAffiche(Etat.non_atteint, f"{nom} : écart de {nombre(ecart)}, prévenir l'administrateur")
    return EtatAffiche(Etat.atteint, f"{nom} tenue")
