"""What people give to follow a contract, kept for good: values typed in, and targets.

Each gesture is one transaction that adds rows. What is in force is kept in memory and read from the rows that came
since: in a database that several processes share, what one takes is known to the others within ``ECART`` seconds.
"""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from threading import Lock
from time import monotonic
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from services.indicators import depot
from services.indicators.auteurs import check_author
from services.indicators.cibles import Cible, Cibles
from services.indicators.cibles_csv import decode_table, published_targets, read_targets
from services.indicators.depot import CibleDatee, Import
from services.indicators.registre import REGISTRE
from services.indicators.registre.base import Indicateur
from services.indicators.rules import CafInconnue, CodeInconnu, parse_caf
from services.indicators.valeurs import HorsBornes, Saisie, Valeurs, ValeurSaisie, check_range
from shared.base import explain_refusal, is_conflict, is_refused_for_now
from shared.corbeille.refus import CleReutilisee
from shared.erreurs import describe_error
from shared.events.nir import looks_like_nir
from shared.runtime.ecrivain import Indisponible, Refuse
from shared.runtime.verrous import hold_name
from shared.temps import to_iso, to_jour

ECART: Final = 1.0
COMMENTAIRE_MAX: Final = 500
# Who imports the list that comes with the program.
MAISON: Final = "ecluse"
_VALEURS: Final = "valeurs saisies"
_CIBLES: Final = "cibles"
_LOG: Final = logging.getLogger("ecluse.indicateurs")


class ValeurRefusee(Refuse):
    """A value that can not be recorded."""

    probleme, statut = "valeur-refusee", 422


class CiblesInconnues(Refuse):
    """No target was ever given for this Caf and this year."""

    probleme, statut = "cibles-inconnues", 404


class Inscription(NamedTuple):
    """A value in force. ``nouvelle``: recorded now; otherwise it was there already."""

    valeur: ValeurSaisie
    nouvelle: bool


class Importation(NamedTuple):
    """A list of targets. ``fait``: the import that took it, None when every line was in force already.

    ``nouvelle``: taken now, and not when its key came first.
    """

    lignes: int
    fait: Import | None
    nouvelle: bool


class Contrat:
    """The values and targets of a house, in its database. ``cibles`` and ``valeurs``: those in force."""

    def __init__(
        self, ecriture: Engine, lecture: Engine, clock: Callable[[], int], cafs: Callable[[], Collection[str]]
    ) -> None:
        self.cibles = Cibles()
        self.valeurs = Valeurs()
        self._ecriture = ecriture
        self._lecture = lecture
        self._clock = clock
        self._cafs = cafs
        self._verrou = Lock()
        self._lues = self._importees = 0
        self._vu = 0.0

    def open(self) -> None:
        """Know what is there; an empty house begins with the targets that are published."""
        with self._change(_CIBLES) as connexion:
            if not depot.last_import(connexion):
                publiees = list(enumerate(published_targets(), 1))
                self._add(connexion, publiees, len(publiees), MAISON, "cibles publiées", None, b"")
        self._catch_up()

    def look(self) -> None:
        """Know what other processes have taken."""
        if self._ecriture.dialect.name != "postgresql" or monotonic() < self._vu + ECART:
            return
        try:
            self._catch_up()
        except DBAPIError as erreur:
            # Figures are answered from memory; what is in force was, a moment ago.
            self._vu = monotonic()
            _LOG.warning("cibles et valeurs saisies pas relues", extra={"raison": describe_error(erreur)})

    def record(self, saisie: Saisie, cle: str | None = None) -> Inscription:
        """Record a value, unless it is the one in force already, or came before with this idempotency key.

        Raises ``ValeurRefusee``, ``AuteurRefuse``, ``CodeInconnu``, ``CafInvalide``, ``CafInconnue``,
        ``CleReutilisee``, ``Indisponible``.
        """
        now = self._clock()
        saisie = _check(saisie, to_jour(now))
        self._check_known(saisie.caf)
        with self._change(_VALEURS) as connexion:
            deja = depot.value_of_key(connexion, saisie.auteur, cle) if cle else None
            if deja is not None and deja.saisie != saisie:
                raise _reused()
            self._catch_up_on(connexion)
            if deja is None:
                deja = self.valeurs.exactly(saisie.caf, saisie.code, saisie.periode)
            if deja is not None and deja.saisie == saisie:
                return Inscription(deja, nouvelle=False)
            valeur = depot.add_value(connexion, saisie, cle, now)
        self._catch_up()
        return Inscription(valeur, nouvelle=True)

    def import_targets(
        self, table: bytes, auteur: str, fichier: str | None = None, cle: str | None = None
    ) -> Importation:
        """Take a list of targets (see ``read_targets``), whole or not at all; one that says nothing new is no import.

        Raises ``CiblesInvalides``, ``AuteurRefuse``, ``CleReutilisee``, ``Indisponible``.
        """
        return self.take_targets(read_targets(decode_table(table)), auteur, fichier, cle)

    def take_targets(
        self, cibles: list[tuple[int, Cible]], auteur: str, fichier: str | None = None, cle: str | None = None
    ) -> Importation:
        """The same, with targets that were read, each with its line."""
        check_author(auteur)
        empreinte = blake2b(msgspec.json.encode([c for _, c in cibles]), digest_size=16).digest()
        with self._change(_CIBLES) as connexion:
            deja = depot.import_of_key(connexion, auteur, cle) if cle else None
            if deja is not None:
                if deja.empreinte != empreinte:
                    raise _reused()
                return Importation(deja.lignes, deja, nouvelle=False)
            self._catch_up_on(connexion)
            nouvelles = [(ligne, cible) for ligne, cible in cibles if not self.cibles.has(cible)]
            if not nouvelles:
                return Importation(len(cibles), None, nouvelle=False)
            fait = self._add(connexion, nouvelles, len(cibles), auteur, _name(fichier), cle, empreinte)
        self._catch_up()
        return Importation(len(cibles), fait, nouvelle=True)

    def list_values(
        self, caf: str, code: str | None = None, apres: int = 0, limite: int = 200, *, recentes: bool = False
    ) -> list[tuple[ValeurSaisie, bool]]:
        """See ``depot.list_values``.

        Raises ``CafInvalide``, ``CodeInconnu``, ``ValeurRefusee`` for what is not typed in.
        """
        parse_caf(caf)
        if code is not None:
            _typed(code)
        with self._lecture.connect() as connexion:
            return depot.list_values(connexion, caf, code, apres, limite, recentes=recentes)

    def list_targets(self, caf: str, annee: int) -> list[CibleDatee]:
        """Every target ever given for a Caf and a year, oldest first within a code and a kind.

        Raises ``CafInvalide``, ``CiblesInconnues``.
        """
        parse_caf(caf)
        with self._lecture.connect() as connexion:
            donnees = depot.list_targets(connexion, caf, annee)
        if not donnees:
            self.look()
            annees = ", ".join(map(str, self.cibles.years(caf))) or "aucune"
            raise CiblesInconnues(
                f"aucune cible connue pour la Caf {caf} en {annee} ; années connues : {annees}. En donner : "
                "« ecluse cibles importer »"
            )
        return donnees

    def list_imports(self) -> list[Import]:
        """Every import of targets, oldest first."""
        with self._lecture.connect() as connexion:
            return depot.list_imports(connexion)

    def close(self) -> None:
        """Close what only this reads by."""
        self._lecture.dispose()

    def _check_known(self, caf: str) -> None:
        """What is typed in is never erased: a slip of the finger must not make a Caf."""
        connues = {*self._cafs(), *self.cibles.cafs()}
        if self._cafs() and caf not in connues:
            raise CafInconnue(
                f"la Caf {caf} n'a ici ni événement ni cible : vérifier son numéro, ou importer d'abord ses cibles"
            )

    def _add(
        self,
        connexion: Connection,
        nouvelles: list[tuple[int, Cible]],
        lignes: int,
        auteur: str,
        fichier: str | None,
        cle: str | None,
        empreinte: bytes,
    ) -> Import:
        return depot.add_import(
            connexion,
            nouvelles,
            auteur=auteur,
            fichier=fichier,
            lignes=lignes,
            empreinte=empreinte,
            cle=cle,
            now=self._clock(),
        )

    @contextmanager
    def _change(self, quoi: str) -> Iterator[Connection]:
        """A transaction that adds rows, one at a time in all processes: numbers are committed in their order."""
        try:
            with self._ecriture.begin() as connexion:
                hold_name(connexion, quoi)
                yield connexion
        except DBAPIError as erreur:
            if is_refused_for_now(erreur) or is_conflict(erreur):
                raise Indisponible(explain_refusal(erreur)) from erreur
            raise

    def _catch_up(self) -> None:
        with self._lecture.connect() as connexion:
            self._catch_up_on(connexion)

    def _catch_up_on(self, connexion: Connection) -> None:
        with self._verrou:
            for valeur in depot.values_after(connexion, self._lues):
                self.valeurs.receive([valeur])
                self._lues = valeur.numero
            for numero, cible in depot.targets_after(connexion, self._importees):
                self.cibles.receive([cible])
                self._importees = max(self._importees, numero)
            self._vu = monotonic()


def _check(saisie: Saisie, today: int) -> Saisie:
    """The same with its value as the registry writes it."""
    parse_caf(saisie.caf)
    indicateur = _typed(saisie.code)
    check_author(saisie.auteur)
    if saisie.periode.du > today:
        raise ValeurRefusee(
            f"la période commence le {to_iso(saisie.periode.du)}, après aujourd'hui : rien n'en est connu"
        )
    texte = saisie.commentaire or ""
    if len(texte) > COMMENTAIRE_MAX or not texte.isprintable() or looks_like_nir(texte):
        raise ValeurRefusee(
            f"commentaire : {COMMENTAIRE_MAX} caractères imprimables au plus, sans nom de personne ni numéro de "
            "sécurité sociale"
        )
    try:
        valeur = check_range(saisie.valeur, indicateur)
    except HorsBornes as erreur:
        raise ValeurRefusee(f"valeur {saisie.valeur:g} {erreur}") from None
    return msgspec.structs.replace(saisie, valeur=valeur, commentaire=texte or None)


def _typed(code: str) -> Indicateur:
    indicateur = REGISTRE.get(code)
    if indicateur is None:
        raise CodeInconnu(f"aucun indicateur n'a le code « {code} »")
    if indicateur.genre != "saisi":
        raise ValeurRefusee(f"{code} se calcule des événements : il ne se saisit pas")
    return indicateur


def _name(fichier: str | None) -> str | None:
    """The name of a file, short enough to be kept."""
    return fichier[:200] if fichier else None


def _reused() -> CleReutilisee:
    return CleReutilisee("cette clé d'idempotence a déjà servi à une autre commande : en donner une nouvelle")
