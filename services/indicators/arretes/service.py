"""Arrêtés: taken, listed, verified."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.indicators.arretes import store
from services.indicators.arretes.document import (
    Arrete,
    Garde,
    RepereArrete,
    check_chain,
    fingerprint,
    freeze_figure,
    write_document,
)
from services.indicators.arretes.periodes import read_period
from services.indicators.arretes.refus import (
    ArreteEntreTemps,
    ArreteInconnu,
    CafAPreciser,
    DejaArrete,
    PasAJour,
    PeriodeNonTerminee,
    RienAArreter,
)
from services.indicators.arretes.reponses import PageArretes, ResumeArrete, Verification
from services.indicators.auteurs import check_author
from services.indicators.instantane import Instantane
from services.indicators.registre import REGISTRE
from services.indicators.rules import parse_caf
from shared.base import explain_refusal, is_refused_for_now
from shared.runtime.ecrivain import Indisponible
from shared.runtime.reperes import Avance
from shared.temps import to_iso, to_jour, write_instant

PAGE: Final = 200
_ESSAIS: Final = 5


class Chiffres(Protocol):
    """The figures, as arrêtés ask for them. ``explain_delay``: why they are not à jour (French)."""

    def cafs(self) -> list[str]: ...
    def still(self, caf: str) -> Instantane: ...
    def explain_delay(self) -> str: ...


class Demande(NamedTuple):
    """What is asked to be frozen. ``caf``: None for the only one that is known."""

    caf: str | None
    periode: str
    auteur: str
    provisoire: bool = False
    motif: str | None = None


class Arretes:
    """The arrêtés of a database. ``moteur`` writes, ``lecture`` reads."""

    def __init__(self, chiffres: Chiffres, moteur: Engine, lecture: Engine, clock: Callable[[], int]) -> None:
        self._chiffres = chiffres
        self._moteur = moteur
        self._lecture = lecture
        self._clock = clock

    def take(self, demande: Demande, dernier: int | None = None) -> ResumeArrete:
        """Freeze the figures of a period. ``dernier``: number of the last arrêté that the asker has seen, so that a
        form that is sent twice takes one; None takes in any case.

        Raises ``AuteurRefuse``, ``PeriodeInvalide``, ``CafInvalide``, ``CafAPreciser``, ``PeriodeNonTerminee``,
        ``DejaArrete``, ``ArreteEntreTemps``, ``PasAJour``, ``RienAArreter``, ``Indisponible``.
        """
        check_author(demande.auteur)
        periode, caf, maintenant = read_period(demande.periode), self.choose(demande.caf), self._clock()
        en_cours = periode.au >= to_jour(maintenant)
        if en_cours and not demande.provisoire:
            raise PeriodeNonTerminee(
                f"la période {demande.periode} ne finit que le {to_iso(periode.au)} : attendre le lendemain, ou "
                "demander un arrêté provisoire"
            )
        vu = self._chiffres.still(caf)
        if not vu.fraicheur.a_jour:
            raise PasAJour(f"les chiffres ne sont pas à jour, rien n'est arrêté : {self._chiffres.explain_delay()}")
        bornes = to_iso(periode.du), to_iso(periode.au)
        indications = vu.tableau.reponse(caf, *bornes, frozen_codes(), vu.fraicheur).indicateurs
        if not any(i.valeur for i in indications):
            raise RienAArreter(
                f"rien n'est compté de la Caf {caf} sur la période {demande.periode} : vérifier l'une et l'autre"
            )
        modele = Arrete(
            caf=caf,
            numero=0,
            precedent=None,
            periode=demande.periode,
            du=bornes[0],
            au=bornes[1],
            provisoire=en_cours,
            pris_le=write_instant(maintenant),
            auteur=demande.auteur,
            motif=demande.motif,
            fraicheur=vu.fraicheur,
            reperes={nom: _freeze_mark(avance) for nom, avance in vu.reperes.items()},
            chiffres=[freeze_figure(i, REGISTRE[i.code]) for i in indications],
        )
        return sum_up(self._keep(modele, maintenant, dernier))

    def list(self, caf: str | None, apres: str | None, limite: int = PAGE) -> PageArretes:
        """A page of arrêtés, after the one whose id is ``apres``. Raises ``CafInvalide``, ``ArreteInconnu``."""
        if caf is not None:
            parse_caf(caf)
        with self._lecture.connect() as connexion:
            lignes = store.page(connexion, caf, _read_id(apres) if apres else ("", 0), limite + 1)
        arretes = [sum_up(garde) for garde in lignes[:limite]]
        return PageArretes(arretes, arretes[-1].id if len(lignes) > limite else None)

    def newest(self, caf: str, avant: int | None, limite: int) -> Sequence[Garde]:
        """The arrêtés of a Caf with their documents, newest first, before a number if one is given.

        Raises ``CafInvalide``.
        """
        with self._lecture.connect() as connexion:
            return store.newest(connexion, parse_caf(caf), avant, limite)

    def find(self, caf: str | None, periode: str) -> ResumeArrete:
        """The last arrêté of a period, a provisional one if there is no other.

        Raises ``ArreteInconnu``, ``PeriodeInvalide``, ``CafInvalide``, ``CafAPreciser``.
        """
        read_period(periode)
        choisie = self.choose(caf)
        with self._lecture.connect() as connexion:
            gardes = store.of_period(connexion, choisie, periode)
        if not gardes:
            raise ArreteInconnu(f"aucun arrêté de la Caf {choisie} pour la période {periode}")
        return sum_up(max(gardes, key=lambda g: (not g.provisoire, g.numero)))

    def get(self, id_: str) -> Garde:
        """An arrêté with its exact bytes and their SHA-256 as it was kept. Raises ``ArreteInconnu``."""
        with self._lecture.connect() as connexion:
            garde = store.get(connexion, *_read_id(id_))
        if garde is None:
            raise _unknown(id_)
        return garde

    def verify(self, caf: str | None = None) -> Verification:
        """Compute every fingerprint and link again. Raises ``CafInvalide``."""
        anomalies: list[str] = []
        derniers: list[ResumeArrete] = []
        verifies = 0
        with self._lecture.connect() as connexion:
            for choisie in [parse_caf(caf)] if caf is not None else store.cafs(connexion):
                vus = _Vus(store.chain(connexion, choisie))
                anomalies += check_chain(vus)
                verifies += vus.nombre
                derniers += [sum_up(vus.dernier)] if vus.dernier else []
        return Verification(verifies, anomalies, derniers)

    def choose(self, caf: str | None) -> str:
        """The Caf asked for, or the only one that is known. Raises ``CafInvalide``, ``CafAPreciser``."""
        if caf is not None:
            return parse_caf(caf)
        cafs = self._chiffres.cafs()
        if len(cafs) != 1:
            raise CafAPreciser(f"dire de quelle Caf (connues : {', '.join(cafs) or 'aucune'})")
        return cafs[0]

    def _keep(self, modele: Arrete, maintenant: int, dernier: int | None) -> Garde:
        """Write it at the end of the chain of its Caf; another that comes at once takes the next place."""
        essais = _ESSAIS
        while True:
            essais -= 1
            try:
                with self._moteur.begin() as connexion:
                    _check_alone(store.of_period(connexion, modele.caf, modele.periode), modele)
                    numero, precedent = store.last(connexion, modele.caf)
                    if dernier is not None and numero != dernier:
                        raise ArreteEntreTemps(
                            f"un autre arrêté de la Caf {modele.caf} a été pris entre-temps ({modele.caf}-{numero}) : "
                            "le regarder, puis recommencer s'il le faut"
                        )
                    garde = _number(modele, numero, precedent, maintenant)
                    store.add(connexion, garde)
                return garde
            except IntegrityError:
                if not essais:
                    raise
            except DBAPIError as erreur:
                if not is_refused_for_now(erreur):
                    raise
                raise Indisponible(explain_refusal(erreur)) from erreur


class _Vus:
    """Arrêtés as they pass: how many, and the last one."""

    def __init__(self, gardes: Iterator[Garde]) -> None:
        self._gardes = gardes
        self.nombre = 0
        self.dernier: Garde | None = None

    def __iter__(self) -> Iterator[Garde]:
        for garde in self._gardes:
            self.nombre, self.dernier = self.nombre + 1, garde
            yield garde


def frozen_codes() -> list[str]:
    """The codes that have a history: what is read at present is of no period."""
    return [code for code, indicateur in REGISTRE.items() if indicateur.genre != "present"]


def sum_up(garde: Garde) -> ResumeArrete:
    """An arrêté as lists show it."""
    return ResumeArrete(
        f"{garde.caf}-{garde.numero}",
        garde.caf,
        garde.periode,
        garde.provisoire,
        write_instant(garde.pris_le),
        garde.empreinte,
    )


def _number(modele: Arrete, dernier: int, precedent: str | None, maintenant: int) -> Garde:
    arrete = msgspec.structs.replace(modele, numero=dernier + 1, precedent=precedent)
    octets = write_document(arrete)
    return Garde(arrete.caf, arrete.numero, arrete.periode, arrete.provisoire, maintenant, fingerprint(octets), octets)


def _check_alone(deja: list[Garde], modele: Arrete) -> None:
    """A final arrêté follows provisional ones by itself; anything else that is there already needs a reason."""
    genants = [garde for garde in deja if modele.provisoire or not garde.provisoire]
    if genants and not modele.motif:
        dernier = sum_up(genants[-1])
        raise DejaArrete(
            f"la période {modele.periode} de la Caf {modele.caf} est déjà arrêtée ({dernier.id}, le "
            f"{dernier.pris_le}) : donner un motif pour en prendre un autre ; les deux resteront"
        )


def _freeze_mark(avance: Avance) -> RepereArrete:
    return RepereArrete(avance.marque or "", avance.curseur, list(avance.positions), list(avance.offsets))


def _read_id(id_: str) -> tuple[str, int]:
    caf, _, numero = id_.partition("-")
    if len(caf) != 3 or not (numero.isascii() and numero.isdigit()) or len(numero) > 9:
        raise _unknown(id_)
    return caf, int(numero)


def _unknown(id_: str) -> ArreteInconnu:
    return ArreteInconnu(f"aucun arrêté « {id_[:40]} » : voir leur liste")
