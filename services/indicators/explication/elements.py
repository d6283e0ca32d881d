"""The elements of a term: the objects whose images add something to it, page by page, held against the figure."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple

import msgspec
from msgspec import Raw, Struct

from services.indicators.answer import Fraicheur
from services.indicators.explication.curseur import Curseur, fingerprint, read_cursor, write_cursor
from services.indicators.explication.lot import Lot
from services.indicators.explication.poids import bounds_of, family_of, weigh
from services.indicators.explication.termes import TermeNomme
from services.indicators.fold.families import FAMILLES_DE, Categorie
from services.indicators.registre.base import Indicateur
from services.indicators.rules import Role
from services.indicators.views import MEMBRES
from shared.events.mouvements import MOUVEMENTS, Image, Mouvement, TypeMouvement
from shared.runtime.imagier import Demande, Depart, Flot, Rangee, images_of
from shared.temps import from_iso

# Rows read again to add up a term: beyond, the page is given without its sum.
RELUES_MAX: Final = 200_000
LIMITE_MAX: Final = 200
_PAQUET: Final = 500
_TYPES: Final[Mapping[str, TypeMouvement]] = {t.famille: t for t in MOUVEMENTS.values()}
_IMAGES: Final = {nom: msgspec.json.Decoder(t.image) for nom, t in _TYPES.items()}
_MOUVEMENTS: Final = {
    nom: msgspec.json.Decoder(Mouvement[t.image])  # type: ignore[name-defined]  # the class is a value of the table
    for nom, t in _TYPES.items()
}
# Where the fiche of an object is.
CHEMINS: Final = {
    "piece": "pieces",
    "courrier": "courriers",
    "verification": "verifications",
    "controle": "controles",
    "contact": "contacts",
    "rendez_vous": "rendez-vous",
    "creance": "creances",
    "encaissement": "creances",
    "remise": "creances",
}

# Things between whose two days somebody waits.
_AVEC_DELAI: Final = frozenset({"piece", "contact"})


class Element(Struct, frozen=True):
    """A thing that the term counts. ``objet`` is what has the fiche, ``chose`` what is counted of it: the same but
    for an encaissement or a remise. ``caf``: the one that owns it, whoever does the work; ``contribution``: what it
    adds, in the unit of the term."""

    objet: str
    chose: str
    famille: str
    caf: str
    dossier: str
    jours: dict[str, str | None]
    delai: int | None
    contribution: int
    categories: dict[str, Categorie]
    fiche: str


class Reperes(Struct, frozen=True):
    """Of which moment the elements and the figure are: ``position`` of the log of ``service`` that the elements show
    (and events ``en_attente`` of a position, which they show too), position ``pli`` up to which it is folded."""

    service: str
    position: int
    en_attente: int
    pli: int


class Elements(Struct, frozen=True):
    """A page of the elements of a term; ``unite`` is that of the term and of what each adds.

    ``valeur``: the term as the figure has it. On the first page, unless there is too much to add up again: ``nombre``
    of elements, their ``somme``, ``suite`` (what came since the fold adds to that), and whether the sum less what
    came since is ``egal`` to the figure; ``ecart``: by how much it is not.
    """

    caf: str
    du: str
    au: str
    fraicheur: Fraicheur
    code: str
    libelle: str
    unite: str
    formule: int
    terme: str
    valeur: int
    elements: list[Element]
    suivant: str | None
    nombre: int | None
    somme: int | None
    suite: int | None
    egal: bool | None
    ecart: int | None
    reperes: Reperes
    role: str = Role.proprietaire.value


class Mesure(NamedTuple):
    """A term as the fold has it at one moment, ``position`` of the log of ``service``, for a Caf in this ``role``."""

    indicateur: Indicateur
    terme: TermeNomme
    valeur: int
    fraicheur: Fraicheur
    service: str
    position: int
    role: Role = Role.proprietaire


class Question(NamedTuple):
    """What is asked of the owning service, and where the page begins."""

    caf: str
    du: str
    au: str
    mesure: Mesure
    limite: int
    curseur: Curseur | None
    empreinte: str

    @property
    def famille(self) -> str:
        """The family of movements that feeds the term."""
        return family_of(self.mesure.terme.terme)

    @property
    def demande(self) -> Demande:
        """The rows to read."""
        nom = self.mesure.terme
        bornes = bounds_of(nom.terme, self.caf, nom.periode)
        depart = None if self.curseur is None else Depart(self.curseur.rang, self.curseur.cle)
        tri = bornes[0].jour if bornes else None
        membre = MEMBRES[self.mesure.role]
        return Demande(self.caf, self.famille, bornes, tri, depart, self.mesure.position, membre)

    def weigh(self, images: list[Image]) -> list[int]:
        """What each image adds to the term: nothing when another Caf does its work, and that is what is asked."""
        lot, nom = Lot(self.caf, images), self.mesure.terme
        sommes = lot.sum(weigh(nom.terme, lot.view, self.caf, nom.periode))
        if self.mesure.role is Role.proprietaire:
            return sommes
        membre = MEMBRES[self.mesure.role]
        siennes = [getattr(image, membre) == self.caf for image in images]
        return [somme if sienne else 0 for somme, sienne in zip(sommes, siennes, strict=True)]


class _Trouve(NamedTuple):
    """An image that adds something: its row, what it is the image of, what it adds."""

    rangee: Rangee
    chose: str
    image: Image
    poids: int


class _Compte:
    """A page that fills, and the sum of everything that passes."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.page: list[tuple[Curseur, Element]] = []
        self.nombre = self.somme = self.relues = 0
        self.reste = self.entier = False

    def take(self, trouve: _Trouve) -> None:
        """An element, in its order."""
        self.nombre += 1
        self.somme += trouve.poids
        if len(self.page) < self.question.limite:
            rangee = trouve.rangee
            curseur = Curseur(self.question.empreinte, rangee.rang, rangee.cle, trouve.chose)
            self.page.append((curseur, _describe(self.question.famille, trouve)))
        else:
            self.reste = True


def ask(caf: str, du: str, au: str, mesure: Mesure, apres: str | None, limite: int) -> Question:
    """A question from its parameters. Raises ``CurseurIllisible``."""
    empreinte = fingerprint(mesure.indicateur.code, caf, du, au, mesure.terme.nom, mesure.role)
    curseur = read_cursor(apres, empreinte) if apres else None
    return Question(caf, du, au, mesure, limite, curseur, empreinte)


def read_page(question: Question, flot: Flot) -> Elements:
    """The page, from the rows of the owning service."""
    compte = _Compte(question)
    premiere = question.curseur is None
    while rangees := list(islice(flot.rangees, _PAQUET)):
        for trouve in _find(question, rangees):
            compte.take(trouve)
        compte.relues += len(rangees)
        if compte.reste and not (premiere and compte.relues < RELUES_MAX):
            break
    else:
        compte.entier = premiere
    suite = _since(question, flot.entete.suite) if compte.entier else None
    return _write(question, flot, compte, suite)


def _write(question: Question, flot: Flot, compte: _Compte, suite: int | None) -> Elements:
    caf, du, au, mesure, *_ = question
    i, entete = mesure.indicateur, flot.entete
    ecart = None if suite is None else compte.somme - suite - mesure.valeur
    return Elements(
        caf, du, au, mesure.fraicheur, i.code, i.libelle, mesure.terme.unite, i.version,
        mesure.terme.nom, mesure.valeur,
        [element for _, element in compte.page],
        write_cursor(compte.page[-1][0]) if compte.reste else None,
        compte.nombre if compte.entier else None,
        compte.somme if compte.entier else None,
        suite,
        None if ecart is None else ecart == 0,
        ecart,
        Reperes(mesure.service, entete.position, entete.en_attente, mesure.position),
        mesure.role,
    )  # fmt: skip


def _find(question: Question, rangees: list[Rangee]) -> Iterator[_Trouve]:
    """What some rows add, after the cursor."""
    famille, depart = question.famille, question.curseur
    decode = _IMAGES[famille].decode
    gardees = [(rangee, gardee) for rangee in rangees for gardee in images_of(rangee, famille)]
    images = [decode(gardee.image) for _, gardee in gardees]
    for (rangee, gardee), image, poids in zip(gardees, images, question.weigh(images), strict=True):
        vu = depart is not None and (rangee.rang, rangee.cle) == (depart.rang, depart.cle)
        if poids and not (vu and depart is not None and gardee.objet <= depart.objet):
            yield _Trouve(rangee, gardee.objet, image, poids)


def _describe(famille: str, trouve: _Trouve) -> Element:
    rangee, chose, image, contribution = trouve
    cellule = FAMILLES_DE[_TYPES[famille].type][0]
    caf, _, objet = rangee.cle.partition("|")
    jours = {nom: getattr(image, nom) for nom in cellule.jours}
    bornes = [from_iso(jour) for jour in jours.values() if jour is not None]
    return Element(
        objet=objet,
        chose=chose,
        famille=famille,
        caf=caf,
        dossier=rangee.dossier,
        jours=jours,
        delai=bornes[1] - bornes[0] if famille in _AVEC_DELAI and len(bornes) == 2 else None,
        contribution=contribution,
        categories={nom: getattr(image, nom) for nom in cellule.dims},
        fiche=f"/v1/{CHEMINS[famille]}/{caf}/{objet}",
    )


def _since(question: Question, donnees: list[Raw] | None) -> int | None:
    """What the movements that are not folded yet add to the term; None when they are too many to be told."""
    if donnees is None:
        return None
    decode = _MOUVEMENTS[question.famille].decode
    mouvements = [decode(d) for d in donnees]
    apres = question.weigh([m.apres for m in mouvements if m.apres is not None])
    avant = question.weigh([m.avant for m in mouvements if m.avant is not None])
    return sum(apres) - sum(avant)
