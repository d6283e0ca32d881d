"""The settings of a process, read once from its environment (the only place that looks at it)."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from ecluse.distribue import variables as v
from ecluse.distribue.variables import VARIABLES, Processus, Variable
from shared.systeme import explain_os

__all__ = ["VARIABLES", "Kafka", "ReglageFaux", "ReglagesProcessus", "Secret", "processes_of", "read", "read_one"]

Service = Literal["contacts", "production", "recovery", "indicators", "porte"]
Role = Literal["api", "worker", "all"]


class ReglageFaux(Exception):
    """A setting is missing or wrong: the message names the variable and says what is expected."""


class Secret:
    """A value that no log and no message ever shows. ``fichier``: where it was read."""

    __slots__ = ("_fichier", "_valeur")

    def __init__(self, valeur: str, fichier: Path | None = None) -> None:
        self._valeur = valeur
        self._fichier = fichier

    def reveal(self) -> str:
        """The value, for whoever opens a connection."""
        return self._valeur

    def read_again(self) -> str:
        """The value as its file holds it now; while there is nothing to read, as it was."""
        if self._fichier is not None:
            with suppress(OSError, UnicodeDecodeError):
                self._valeur = self._fichier.read_text(encoding="utf-8").strip() or self._valeur
        return self._valeur

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, autre: object) -> bool:
        return isinstance(autre, Secret) and autre._valeur == self._valeur

    def __hash__(self) -> int:
        return hash(self._valeur)


@dataclass(frozen=True)
class Kafka:
    """How to reach the brokers."""

    serveurs: tuple[str, ...]
    protocole: str
    mecanisme: str | None
    utilisateur: str | None
    mot_de_passe: Secret | None
    autorite: Path | None


@dataclass(frozen=True)
class ReglagesProcessus:
    """What one process was told. ``urls``: where the other services answer, as far as given."""

    service: Service
    role: Role
    kafka: Kafka | None
    base: Secret | None
    redis: Secret | None
    jeton: Secret
    hote: str
    port: int
    mandataires: str
    urls: Mapping[str, str]
    prefixe: str
    session_ms: int
    instance: str | None
    garde_s: int
    debit: int
    rafale: int
    niveau: str
    traces: str | None
    part_tracee: float

    @property
    def sert(self) -> bool:
        """Whether this process answers questions of callers, beside its health."""
        return self.role != "worker"

    @property
    def travaille(self) -> bool:
        """Whether this process reads and publishes events."""
        return self.service != "porte" and self.role != "api"


_PROCESSUS: Final[Mapping[tuple[bool, str], Processus]] = {
    (False, "api"): Processus.api,
    (False, "worker"): Processus.worker,
    (True, "api"): Processus.indicateurs_api,
    (True, "worker"): Processus.indicateurs_worker,
}


def processes_of(service: Service, role: Role) -> frozenset[Processus]:
    """The kinds of process that a service is in a role."""
    if service == "porte":
        return frozenset({Processus.porte})
    roles = ("api", "worker") if role == "all" else (role,)
    return frozenset(_PROCESSUS[service == "indicators", r] for r in roles)


def read(environ: Mapping[str, str], service: Service, role: Role) -> ReglagesProcessus:
    """The settings of a process. Raises ``ReglageFaux`` at the first that is missing or wrong."""
    processus = processes_of(service, role)
    valeurs = {variable.nom: _require(environ, variable, processus) for variable in VARIABLES}

    def get(variable: Variable) -> Any:
        return valeurs[variable.nom]

    jeton = get(v.JETON)
    assert isinstance(jeton, Secret)  # noqa: S101  # every process requires it
    return ReglagesProcessus(
        service=service,
        role=role,
        kafka=read_kafka(environ),
        base=get(v.BASE),
        redis=get(v.REDIS),
        jeton=jeton,
        hote=get(v.HOTE),
        port=get(v.PORT),
        mandataires=get(v.MANDATAIRES),
        urls={nom: get(variable) for nom, variable in v.URLS.items() if get(variable) is not None},
        prefixe=get(v.PREFIXE),
        session_ms=get(v.SESSION),
        instance=get(v.INSTANCE),
        garde_s=get(v.GARDE),
        debit=get(v.DEBIT),
        rafale=get(v.RAFALE),
        niveau=get(v.NIVEAU),
        traces=get(v.TRACES),
        part_tracee=get(v.PART_TRACEE),
    )


def read_kafka(environ: Mapping[str, str]) -> Kafka | None:
    """How to reach the brokers, for any process or command; None when no broker is given. Raises ``ReglageFaux``."""
    serveurs = read_one(environ, v.KAFKA)
    if serveurs is None:
        return None
    protocole = read_one(environ, v.PROTOCOLE)
    sasl = {variable: read_one(environ, variable) for variable in (v.MECANISME, v.UTILISATEUR, v.MOT_DE_PASSE)}
    for variable, valeur in sasl.items():
        if valeur is None and protocole.startswith("SASL"):
            raise ReglageFaux(f"{missing(variable)} ; {v.PROTOCOLE.nom}={protocole} la demande")
    return Kafka(
        serveurs,
        protocole,
        sasl[v.MECANISME],
        sasl[v.UTILISATEUR],
        sasl[v.MOT_DE_PASSE],
        read_one(environ, v.AUTORITE),
    )


def read_one(environ: Mapping[str, str], variable: Variable) -> Any:
    """The value of a variable, its default, or None. A secret comes wrapped. Raises ``ReglageFaux``."""
    texte, origine = _text(environ, variable)
    if texte is None:
        return None
    try:
        valeur = variable.forme.lit(texte)
    except ValueError:
        recu = "" if variable.secrete else f" ; reçu : {texte[:100]!r}"
        raise ReglageFaux(f"{origine} : valeur refusée ; attendu : {variable.forme.attendu}{recu}") from None
    if not variable.secrete:
        return valeur
    return Secret(valeur, Path(environ[variable.fichier].strip()) if origine == variable.fichier else None)


def _require(environ: Mapping[str, str], variable: Variable, processus: frozenset[Processus]) -> Any:
    valeur = read_one(environ, variable)
    if valeur is None and variable.requise & processus:
        raise ReglageFaux(missing(variable))
    return valeur


def missing(variable: Variable) -> str:
    """The line that says that a variable is not given."""
    ou = f" (ou {variable.fichier}, le fichier qui la contient)" if variable.secrete else ""
    return f"{variable.nom} manque{ou} : {variable.sens} ; attendu : {variable.forme.attendu}"


def _text(environ: Mapping[str, str], variable: Variable) -> tuple[str | None, str]:
    """The text of a variable and the name of the variable that gave it. Empty is absent, as Compose writes it."""
    texte = environ.get(variable.nom, "").strip()
    fichier = environ.get(variable.fichier, "").strip() if variable.secrete else ""
    if texte and fichier:
        raise ReglageFaux(f"{variable.nom} et {variable.fichier} sont données toutes les deux : en garder une")
    if fichier:
        return _read_file(variable, Path(fichier)), variable.fichier
    return texte or variable.defaut, variable.nom


def _read_file(variable: Variable, chemin: Path) -> str:
    try:
        texte = chemin.read_text(encoding="utf-8").strip()
    except OSError as erreur:
        raise ReglageFaux(f"{variable.fichier} : {chemin} illisible ({explain_os(erreur)})") from None
    except UnicodeDecodeError:
        raise ReglageFaux(f"{variable.fichier} : {chemin} n'est pas un texte UTF-8") from None
    if not texte:
        raise ReglageFaux(f"{variable.fichier} : {chemin} est vide ; attendu : {variable.forme.attendu}")
    return texte
