"""The explanation of a figure in words, for its page."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import urlencode

from services.indicators.affiche import word_with_unit
from services.indicators.answer import label_of
from services.indicators.explication.document import Explication
from services.indicators.explication.elements import Element, Elements
from services.indicators.explication.termes import LIBELLES
from services.indicators.rules import Role
from shared.temps import from_iso
from shared.web.formats import intervalle, jour_court, jour_semaine, nom_service, nombre, pluriel

# What tells objects of each family apart, besides their days.
_MONTREES: Final = ("nature", "canal", "prestation", "mode", "etape", "type_controle", "moment", "modalite", "issue")
_JOURS: Final = {
    "arrivee": "Arrivée",
    "fin": "Fin",
    "jour": "Jour",
    "recu": "Reçu",
    "clos": "Clos",
    "propose": "Proposé",
    "issue_le": "Issue",
    "constat": "Constat",
    "qualifiee": "Fraude qualifiée",
}


class TermeAffiche(NamedTuple):
    """A term: its days and value in words, the address of its elements."""

    nom: str
    libelle: str
    quand: str
    valeur: str
    adresse: str


class LigneAffichee(NamedTuple):
    """A line of a table: its name, its cells, the address that its name leads to, if any."""

    nom: str
    cases: list[str]
    adresse: str = ""


class ElementsAffiches(NamedTuple):
    """A page of elements in words. ``constat``: whether they add up to the figure; ``egal``: None when not compared."""

    terme: str
    lignes: list[LigneAffichee]
    colonnes: Sequence[str]
    constat: str
    egal: bool | None
    reperes: str
    suite: str
    debut: str


class Adresses(NamedTuple):
    """Where the page is, and the question that it goes on with."""

    chemin: str
    question: dict[str, str]

    def of(self, **autres: str) -> str:
        """The address of the same page with other parameters; an empty one is left out."""
        parametres = {nom: valeur for nom, valeur in (self.question | autres).items() if valeur}
        return f"{self.chemin}?{urlencode(parametres)}"


def word_terms_of(explication: Explication, adresses: Adresses) -> list[TermeAffiche]:
    """The terms."""
    return [
        TermeAffiche(
            t.nom,
            t.libelle,
            intervalle(from_iso(t.du), from_iso(t.au)),
            word_exactly(t.valeur, t.unite),
            adresses.of(terme=t.nom, apres="") + "#elements",
        )
        for t in explication.termes
    ]


def word_cells(explication: Explication) -> list[LigneAffichee]:
    """The cells, by value of the dimension: their sum and their number for each term."""
    lignes = []
    for groupe in explication.cellules:
        sommes = [(groupe.termes.get(t.nom), t.unite) for t in explication.termes]
        cases = [
            "" if s is None else f"{word_exactly(s.valeur, unite)} ({pluriel(s.cellules, 'cellule')})"
            for s, unite in sommes
        ]
        lignes.append(LigneAffichee(groupe.libelle, cases))
    return lignes


def word_days(explication: Explication, adresses: Adresses) -> list[LigneAffichee]:
    """The days of a mean, each leading to its own explanation."""
    return [
        LigneAffichee(
            jour_semaine(from_iso(j.jour)).capitalize(),
            [
                word_with_unit(j.valeur, explication.unite, 2),
                f"{nombre(j.numerateur)} ÷ {nombre(j.denominateur)}",
            ],
            adresses.of(fenetre="libre", du=j.jour, au=j.jour, terme="", apres=""),
        )
        for j in explication.jours
    ]


def word_ranks(explication: Explication) -> list[LigneAffichee]:
    """How the pieces spread over the délais."""
    return [LigneAffichee(pluriel(r.delai, "jour"), [nombre(r.pieces), nombre(r.cumul)]) for r in explication.rangs]


def word_elements(page: Elements, adresses: Adresses) -> ElementsAffiches:
    """A page of elements."""
    reperes, traitante = page.reperes, page.role == Role.traitante
    jours = [_JOURS[nom] for nom in page.elements[0].jours] if page.elements else []
    return ElementsAffiches(
        LIBELLES[page.terme],
        [_word_element(element, page.unite, traitante=traitante) for element in page.elements],
        (*(["Caf propriétaire"] if traitante else []), "Dossier", *jours, "Ce que c'est", "Apport"),
        _word_equality(page),
        page.egal,
        f"Journal de {nom_service(reperes.service)} : objets à la position {nombre(reperes.position)}, "
        f"chiffre à la position {nombre(reperes.pli)}.",
        adresses.of(terme=page.terme, apres=page.suivant) + "#elements" if page.suivant else "",
        adresses.of(terme=page.terme, apres="") + "#elements",
    )


def word_exactly(valeur: int | None, unite: str) -> str:
    """A sum to the last cent."""
    return word_with_unit(valeur, unite, 2 if unite == "centimes" else None)


def _word_element(element: Element, unite: str, *, traitante: bool) -> LigneAffichee:
    quoi = [label_of(n, str(v)) for n in _MONTREES if (v := element.categories.get(n)) is not None]
    jours = [jour_court(from_iso(j)) if j else "…" for j in element.jours.values()]
    return LigneAffichee(
        element.objet,
        [
            *([element.caf] if traitante else []),
            element.dossier,
            *jours,
            ", ".join(quoi),
            word_exactly(element.contribution, unite),
        ],
        element.fiche.replace("/v1/", "/fiches/", 1),
    )


def _word_equality(page: Elements) -> str:
    if page.egal is None:
        return "La somme se compare sur la première page, quand elle tient en une lecture."
    objets = pluriel(page.nombre or 0, "objet")
    somme = word_exactly(page.somme, page.unite)
    if page.suite:
        depuis = f", dont {word_exactly(page.suite, page.unite)} venus depuis que le chiffre a été lu"
        somme += depuis
    if page.egal:
        return f"{objets}, en tout {somme} : c'est le chiffre, {word_exactly(page.valeur, page.unite)}."
    ecart = word_exactly(page.ecart, page.unite)
    return f"{objets}, en tout {somme} : le chiffre en diffère de {ecart}. Prévenir l'administrateur."
