"""The profile of a simulated Caf: what its data file holds, typed. Volumes are those of a whole year."""

import tomllib
from importlib.resources import files
from typing import Any, Final

import msgspec
from msgspec import Struct

from ecluse.simulateur.marques import Parametre, ProfilRefuse, nest, read_marks

_PROFILS: Final = files("ecluse.simulateur") / "profils"
Parts = dict[str, float]
"""Shares or means by name; the entry ``autres`` holds for every name that has none."""


class _Section(Struct, frozen=True, forbid_unknown_fields=True):
    """A section of the file: every field is a parameter, none is optional."""


class Verifications(_Section, frozen=True):
    nombre: float
    conformes: float


class Controles(_Section, frozen=True):
    nombre: float
    indus_euros: float
    rappels_euros: float


class ControlesPieces(_Section, frozen=True):
    nombre: float
    impact_euros: float


class Duree(_Section, frozen=True):
    """Days, drawn from a triangular law."""

    au_moins: float
    le_plus_souvent: float
    au_plus: float


class Regulation(_Section, frozen=True):
    """From how many working days of work in stock on, the office puts up to this share more (or less) of its time."""

    seuil_jours: float
    au_plus: float


class Indus(_Section, frozen=True):
    nombre: float
    euros_en_moyenne: float


class Remises(_Section, frozen=True):
    demandes: float
    totales: float
    partielles: float


class Qualifiees(_Section, frozen=True):
    nombre: float
    euros: float


class Population(_Section, frozen=True):
    dossiers: int
    part_minima: float
    dossiers_frequents: float
    contacts_frequents: float


class Calendrier(_Section, frozen=True):
    web: list[float]
    bureau: list[float]
    mois: dict[str, list[float]]
    alea: float
    jour_de_paie: int
    apres_paie: list[float]


class Pieces(_Section, frozen=True):
    recues: float
    part_web: float
    internes: float
    canaux_hors_web: Parts
    natures: Parts
    natures_internes: Parts
    teleservices: dict[str, Parts]
    usage_teleservices: Parts
    poles: dict[str, str]
    urgence: float
    annulees: float
    rouvertes: float


class Demarches(_Section, frozen=True):
    """How pieces belong together: those sent with a demand, and what is missing."""

    jointes: Parts
    incompletes: Parts
    incompletes_minima: float


class Attentes(_Section, frozen=True):
    """Pauses: how long someone takes to answer, and how often nobody does."""

    longues: Parts
    jours: Duree
    jours_longues: Duree
    sans_reponse: float
    partenaire: float


class Personnel(_Section, frozen=True):
    """Who treats pieces: full-time agents, their minutes a day, the minutes that a piece takes, who is away."""

    agents: float
    minutes_par_jour: float
    minutes: Parts
    automatique: Parts
    absences: list[float]
    alea: float
    entraide: Regulation
    autres_travaux: Regulation


class Qualite(_Section, frozen=True):
    courriers: float
    iql0: Verifications
    iql6: Verifications
    controles_pieces: ControlesPieces
    controles_pieces_part_indus: float
    controles_place: Controles
    controles_echange: Controles
    controles_metier: Controles
    controles_sans_effet: float
    campagnes: Parts
    bienvenue: float


class Contacts(_Section, frozen=True):
    visites: Parts
    visites_abandonnees: float
    appels_traites: float
    part_appels_traites: float
    part_appels_automate: float
    courriels: float
    courriers: float
    natures: dict[str, Parts]
    courriels_48h: float
    courriels_generaux_48h: float
    courriels_tardifs_jours: float
    courriels_transferes: float
    reclamations_10j: float
    reiteres: float
    rappels: float
    sur_attente: float
    reports: dict[str, Parts]


class RendezVous(_Section, frozen=True):
    honores: Parts
    visio: float
    absence: float
    annules: float
    deplaces: float
    proposes_7j: float
    part_visites: float


class Creances(_Section, frozen=True):
    indus: Indus
    prestations: Parts
    causes: Parts
    debiteur_partenaire: float
    dispersion: float
    mensualite_euros: float
    mensualites_au_plus: int
    jamais_payees: float
    interrompues: float
    reprises: float
    huissier: float
    modes: Parts
    encaissements_annules: float
    annulees: float
    remises: Remises
    remise_partielle: float
    seuil_cra_euros: float
    droits_clos: float


class Fraudes(_Section, frozen=True):
    qualifiees: Qualifiees
    prestations: Parts
    requalifiees: float
    mensualites_au_plus: int
    jamais_payees: float
    interrompues: float


class Outils(_Section, frozen=True):
    doublons: float
    retards: float
    corrections: float
    tardifs: float
    tardifs_jours: float
    refuses: float
    numerisation_jours: float


class Histoire(_Section, frozen=True):
    creances_anciennes: float
    fraudes_anciennes: float


class Profil(_Section, frozen=True):
    """Everything that makes one Caf of one year."""

    caf: str
    annee: int
    titre: str
    population: Population
    calendrier: Calendrier
    pieces: Pieces
    demarches: Demarches
    attentes: Attentes
    personnel: Personnel
    qualite: Qualite
    contacts: Contacts
    rendez_vous: RendezVous
    creances: Creances
    fraudes: Fraudes
    outils: Outils
    histoire: Histoire


def load_profil(caf: str) -> Profil:
    """The profile of a Caf, from its file. Raises ``ProfilRefuse`` when there is none, or a faulty one."""
    return parse_profil(_read(caf))


def read_parametres(caf: str) -> list[Parametre]:
    """Every parameter of a Caf with its mark."""
    return list(_parametres(tomllib.loads(_read(caf)))[1])


def parse_profil(texte: str) -> Profil:
    """The profile of a TOML text. Raises ``ProfilRefuse``: unmarked, missing, unknown or ill-typed parameter."""
    try:
        entete, parametres = _parametres(tomllib.loads(texte))
        return msgspec.convert({**entete, **nest(iter(parametres))}, Profil)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as erreur:
        raise ProfilRefuse(f"profil illisible : {erreur}") from erreur


def _parametres(table: dict[str, Any]) -> tuple[dict[str, Any], list[Parametre]]:
    """The identity of the profile, which is no parameter, and its parameters."""
    entete = table.pop("profil", {})
    if not isinstance(entete, dict):
        raise ProfilRefuse("profil : écrire une table avec caf, annee et titre")
    return entete, list(read_marks(table))


def _read(caf: str) -> str:
    fichier = _PROFILS / f"{caf}.toml"
    if not fichier.is_file():
        connus = ", ".join(sorted(f.name.removesuffix(".toml") for f in _PROFILS.iterdir()))
        raise ProfilRefuse(f"aucun profil pour la Caf {caf} ; profils connus : {connus}")
    return fichier.read_text(encoding="utf-8")
