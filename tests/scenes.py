"""Drawn objects that crowd the edges of a period and the thresholds, as the oracle knows them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from shared.temps import add_months
from tests.oracle import Creance, Etat, Evenement, Pause, Piece
from tests.oracle.calendar import jour
from tests.oracle.contacts import Contact, RendezVous
from tests.oracle.creances import Encaissement

UN_JOUR = timedelta(days=1)
DEUX_JOURS = timedelta(hours=48)
SECONDE = timedelta(seconds=1)
# The members of a state that hold what is counted.
OBJETS = ("pieces", "contacts", "rendez_vous", "creances", "courriers", "verifications", "controles")
CAFS = st.sampled_from(["091", "091", "091", "681"])
DELAIS = st.sampled_from([0, 1, 9, 10, 11, 14, 15, 16, 39, 40, 41, 42])
SOMMES = st.integers(1, 10**6)


class Scene(NamedTuple):
    """What is known, and the period that is asked for."""

    etat: Etat
    du: date
    au: date


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """A few objects of each kind, most of them at the edges of the period and of the thresholds."""
    du = date(2024, 1, 1) + draw(st.integers(0, 400)) * UN_JOUR
    au = du + draw(st.integers(0, 12)) * UN_JOUR
    jours = st.sampled_from([-41, -40, -39, -1, 0, 1]).flatmap(
        lambda n: st.sampled_from([du + n * UN_JOUR, au + n * UN_JOUR])
    )
    constats = st.sampled_from([24, 36, 48, 60]).flatmap(
        lambda m: st.sampled_from([-1, 0, 1]).map(lambda n: date.fromordinal(add_months(au.toordinal(), -m) + n))
    )
    faits = draw(_facts(jours))
    tout = Etat(
        pieces=draw(st.lists(_pieces(jours), max_size=12)),
        contacts=draw(st.lists(_contacts(jours), max_size=6)),
        rendez_vous=draw(st.lists(_appointments(jours), max_size=4)),
        creances=draw(st.lists(_claims(constats | jours, jours), max_size=6)),
        courriers=faits["courrier"],
        verifications=faits["verification"],
        controles=faits["controle"],
        lettres_mortes=(),
        en_attente=(),
    )
    return Scene(tout, du, au)


def _texts(*valeurs: str) -> st.SearchStrategy[str]:
    return st.sampled_from(["", *valeurs])


@st.composite
def _pieces(draw: st.DrawFn, jours: st.SearchStrategy[date]) -> Piece:
    arrivee = draw(jours)
    fin = draw(st.none() | DELAIS.map(lambda n: arrivee + n * UN_JOUR))
    annulee = fin is not None and draw(st.booleans())
    pauses, debut = [], arrivee
    for ecart, duree in draw(st.lists(st.tuples(st.integers(0, 12), st.none() | st.integers(0, 12)), max_size=3)):
        debut += ecart * UN_JOUR
        pauses.append(Pause(debut, None if duree is None else debut + duree * UN_JOUR))
        if duree is None:
            break
        debut += duree * UN_JOUR
    return Piece(
        caf=draw(CAFS),
        id="P",
        dossier="D",
        nature=draw(st.sampled_from(["demande_rsa", "demande_aah", "demande_al", "autre"])),
        canal=draw(st.sampled_from(["web", "courrier", "interne"])),
        minima_sociaux=draw(st.booleans()),
        teleservice=draw(_texts("rsa", "ars")),
        pole=draw(_texts("Logement")),
        site=draw(_texts("Foix", "Pamiers")),
        caf_traitante=draw(CAFS),
        arrivee=arrivee,
        traitee=None if annulee else fin,
        annulee=fin if annulee else None,
        pauses=tuple(pauses),
    )


def fact(type_: str, caf: str, instant: datetime, data: Mapping[str, Any]) -> Evenement:
    return Evenement(0, type_, "", "/test", "x", caf, "D", instant, jour(instant), data)


def at_noon(d: date) -> datetime:
    return datetime(d.year, d.month, d.day, 11, tzinfo=UTC)


@st.composite
def _contacts(draw: st.DrawFn, jours: st.SearchStrategy[date]) -> Contact:
    caf, recu = draw(CAFS), at_noon(draw(jours))
    apres = st.sampled_from(
        [-UN_JOUR, DEUX_JOURS - SECONDE, DEUX_JOURS, DEUX_JOURS + SECONDE, 10 * UN_JOUR, 11 * UN_JOUR]
    )
    gestes = draw(st.lists(apres.map(lambda d: recu + d), max_size=2))
    clos = draw(st.none() | apres.map(lambda d: recu + d))
    issue = draw(st.sampled_from(["repondu", "abandonne"]))
    par = draw(st.sampled_from([{}, {"par": "automate"}, {"par": "agent"}]))
    premier = min([*gestes, *([clos] if clos else [])], default=None)
    return Contact(
        caf=caf,
        id="C",
        dossier="D",
        canal=draw(st.sampled_from(["telephone", "courriel", "accueil"])),
        nature=draw(st.sampled_from(["reclamation", "information_generale"])),
        site=draw(_texts("Foix")),
        recu=fact("contact.recu", caf, recu, {}),
        clos=None if clos is None else fact("contact.clos", caf, clos, {"issue": issue, **par}),
        premier_geste=None if premier is None else fact("contact.pris_en_charge", caf, premier, {}),
        repete=draw(st.booleans()),
    )


@st.composite
def _appointments(draw: st.DrawFn, jours: st.SearchStrategy[date]) -> RendezVous:
    demande, propose = draw(jours), draw(st.none() | jours)
    issue = draw(st.sampled_from(["", "honore", "manque", "annule"]))
    return RendezVous(
        caf=draw(CAFS),
        id="R",
        modalite=draw(st.sampled_from(["site", "telephone", "visio"])),
        site=draw(_texts("Foix")),
        demande=demande,
        premiere_proposition=propose,
        premier_debut=propose and demande + draw(st.integers(5, 9)) * UN_JOUR,
        issue=issue,
        jour_issue=draw(jours) if issue else None,
    )


@st.composite
def _claims(draw: st.DrawFn, constats: st.SearchStrategy[date], jours: st.SearchStrategy[date]) -> Creance:
    constat, qualifiee = draw(constats), draw(st.none() | jours)
    encaisse = st.sampled_from([24, 48]).flatmap(
        lambda m: st.sampled_from([-1, 0, 1]).map(lambda n: date.fromordinal(add_months(constat.toordinal(), m) + n))
    )
    modes = st.sampled_from(["retenue", "versement", "prelevement"])
    return Creance(
        caf=draw(CAFS),
        id="I",
        caf_traitante=draw(CAFS),
        prestation=draw(st.sampled_from(["rsa", "al"])),
        cause=draw(st.sampled_from(["fraude", "erreur_declaration"])),
        constat=constat,
        montant=draw(SOMMES),
        annule=draw(st.just(0) | SOMMES),
        encaissements=tuple(draw(st.lists(st.builds(Encaissement, encaisse | jours, modes, SOMMES), max_size=3))),
        qualifiee=qualifiee,
        prejudice=draw(SOMMES) if qualifiee else 0,
        remises=tuple(draw(st.lists(st.tuples(jours, SOMMES), max_size=2))),
        demandes_de_remise=tuple(draw(st.lists(jours, max_size=2))),
        refus_de_remise=tuple(draw(st.lists(jours, max_size=2))),
    )


@st.composite
def _facts(draw: st.DrawFn, jours: st.SearchStrategy[date]) -> dict[str, list[Evenement]]:
    montants = st.integers(0, 10**6)
    types = st.sampled_from(["echange", "pieces", "place", "metier"])
    data: dict[str, st.SearchStrategy[dict[str, Any]]] = {
        "courrier": st.just({}),
        "verification": st.fixed_dictionaries({"moment": st.sampled_from(["iql0", "iql6"]), "conforme": st.booleans()}),
        "controle": st.fixed_dictionaries(
            {"type_controle": types, "indu_centimes": montants, "rappel_centimes": montants}
        ),
    }
    return {
        nom: draw(st.lists(st.builds(fact, st.just(nom), CAFS, jours.map(at_noon), valeurs), max_size=4))
        for nom, valeurs in data.items()
    }
