"""Arrêtés held against today, with the logs that tell what happened since."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec
import numpy as np

from services.indicators.answer import Fraicheur, Indication
from services.indicators.arretes.document import Arrete, RepereArrete, read_document
from services.indicators.arretes.ecarts import (
    Part,
    SansFiles,
    StockArrete,
    compare,
    compare_targets,
    packets,
    shown_terms,
    weigh_movements,
)
from services.indicators.arretes.refus import HorsArrete, JournalRestaure, SansDetail
from services.indicators.arretes.reponses import Ecarts, MouvementDit, PageMouvements
from services.indicators.arretes.service import PAGE, Arretes, Chiffres, frozen_codes, sum_up
from services.indicators.arretes.suite import ENVELOPPES_DE_MOUVEMENT, Mouvement, Place, Suite
from services.indicators.cibles import Cibles
from services.indicators.figures import Formule
from services.indicators.instantane import Instantane
from services.indicators.reconstruction import JournalArrete
from services.indicators.registre import REGISTRE
from services.indicators.rules import CodeInconnu, Periode, parse_period
from services.indicators.tableau import Tableau
from shared.events.mouvements import MOUVEMENTS
from shared.runtime.ecrivain import Indisponible
from shared.runtime.reperes import Arret, PasEncore, Trou
from shared.runtime.suivi import Source
from shared.temps import write_instant


class Confrontations:
    """Holds arrêtés against the figures of today. ``cibles``: the targets as they are now."""

    def __init__(
        self, arretes: Arretes, chiffres: Chiffres, sources: Sequence[Source], cibles: Callable[[], Cibles]
    ) -> None:
        self._arretes = arretes
        self._chiffres = chiffres
        self._sources = sources
        self._cibles = cibles

    def compare(self, id_: str, code: str | None = None) -> Ecarts:
        """What has moved since an arrêté, of all its figures or of one.

        Raises ``ArreteInconnu``, ``CodeInconnu``, ``HorsArrete``, ``JournalArrete``, ``Indisponible``.
        """
        garde = self._arretes.get(id_)
        entier = read_document(garde.document)
        arrete = entier if code is None else _narrow(entier, code)
        vu = self._chiffres.still(arrete.caf)
        maintenant = _figures(vu.tableau, arrete, vu.fraicheur)
        parts: dict[str, Part] = {}
        alors: Mapping[str, Indication] | None = None
        lus, inexplique = 0, None
        try:
            suite = self._follow(arrete, vu)
            parts = _go_back(arrete, vu, suite)
            avant = Tableau(vu.pli, self._cibles(), StockArrete(entier), SansFiles())
            alors, lus = _figures(avant, arrete, vu.fraicheur), suite.lus
        except JournalRestaure as refus:
            inexplique = str(refus)
        ecarts, formules = compare(arrete, alors, maintenant, parts)
        codes = {chiffre.code for chiffre in arrete.chiffres}
        return Ecarts(
            sum_up(garde),
            vu.fraicheur,
            ecarts,
            formules,
            compare_targets(arrete, maintenant),
            identiques=len(maintenant) - len(ecarts) - len(formules),
            nouveaux=[] if code else [nouveau for nouveau in frozen_codes() if nouveau not in codes],
            disparus=[chiffre.code for chiffre in arrete.chiffres if chiffre.code not in maintenant],
            enregistrements=lus,
            inexplique=inexplique,
        )

    def movements(self, id_: str, code: str, apres: Place | None, limite: int = PAGE) -> PageMouvements:
        """A page of the movements that moved a figure since an arrêté, after a place of the logs.

        Raises ``ArreteInconnu``, ``CodeInconnu``, ``SansDetail``, ``JournalRestaure``, ``JournalArrete``,
        ``Indisponible``.
        """
        arrete = read_document(self._arretes.get(id_).document)
        formule = _formula(code)
        vu = self._chiffres.still(arrete.caf)
        suite = self._follow(arrete, vu, causes=True)
        periode = parse_period(arrete.du, arrete.au)
        dits: list[MouvementDit] = []
        with _readable():
            for lus in suite.read(apres):
                for paquet in packets(lus):
                    dits += _tell(arrete.caf, periode, paquet, code, formule, suite, limite + 1 - len(dits))
                if len(dits) > limite:
                    break
        suivante = f"{dits[limite - 1].journal}:{dits[limite - 1].position}" if len(dits) > limite else None
        return PageMouvements(arrete.id, code, vu.fraicheur, dits[:limite], suivante)

    def _follow(self, arrete: Arrete, vu: Instantane, *, causes: bool = False) -> Suite:
        """The logs since the arrêté. Raises ``JournalRestaure`` when one does not continue what was counted."""
        jusqua = {nom: avance.curseur for nom, avance in vu.reperes.items()}
        for source in self._sources:
            repere = arrete.reperes.get(source.nom)
            if repere is None:
                continue
            check_lineage(source, repere)
            if jusqua[source.nom] < repere.position:
                raise Indisponible(
                    f"le journal de {source.nom} n'est pas encore relu jusqu'à l'arrêté : réessayer plus tard"
                )
        return Suite(self._sources, arrete.reperes, jusqua, arrete.caf, causes=causes)


def _narrow(arrete: Arrete, code: str) -> Arrete:
    """The arrêté with one figure alone."""
    siens = [chiffre for chiffre in arrete.chiffres if chiffre.code == code]
    if siens:
        return msgspec.structs.replace(arrete, chiffres=siens)
    if code not in REGISTRE:
        raise CodeInconnu(f"aucun indicateur n'a le code « {code[:40]} »")
    raise HorsArrete(f"l'arrêté {arrete.id} n'a pas de chiffre {code} : lire son document pour ceux qu'il a")


def _go_back(arrete: Arrete, vu: Instantane, suite: Suite) -> dict[str, Part]:
    """Take the fold back to the arrêté; what the movements since had to do with each figure."""
    periode = parse_period(arrete.du, arrete.au)
    formules = {code: formule for code in frozen_codes() if (formule := REGISTRE[code].calcul) is not None}
    parts: dict[str, Part] = {}
    with _readable():
        for lus in suite.read():
            vu.pli.take_back(m.record for m in lus)
            for paquet in packets(lus):
                for code, poids in weigh_movements(arrete.caf, periode, paquet, formules).items():
                    parts.setdefault(code, Part()).add(poids)
    return parts


def _tell(
    caf: str,
    periode: Periode,
    mouvements: Sequence[Mouvement],
    code: str,
    formule: Formule,
    suite: Suite,
    limite: int,
) -> list[MouvementDit]:
    """The movements among these that moved the figure, ``limite`` at most."""
    poids = weigh_movements(caf, periode, mouvements, {code: formule}).get(code)
    if poids is None:
        raise SansDetail(
            f"{code} n'est pas une somme sur des objets : aucun mouvement des journaux n'y a de part à montrer"
        )
    rangs = np.flatnonzero(poids.any(axis=1))[: max(0, limite)].tolist()
    return [_say(mouvements[rang], shown_terms(formule, poids[rang].tolist()), suite) for rang in rangs]


def _say(mouvement: Mouvement, termes: tuple[int | None, int | None], suite: Suite) -> MouvementDit:
    record = mouvement.record
    enveloppe = ENVELOPPES_DE_MOUVEMENT.decode(record.octets or b"")
    return MouvementDit(
        record.source,
        record.position,
        write_instant(record.enregistre_le),
        enveloppe.id,
        MOUVEMENTS[record.type].famille,
        mouvement.objet,
        enveloppe.subject,
        enveloppe.data.avant,
        enveloppe.data.apres,
        *termes,
        suite.causes.of(record, mouvement.objet, enveloppe.subject),
    )


def _figures(tableau: Tableau, arrete: Arrete, fraicheur: Fraicheur) -> dict[str, Indication]:
    """The figures of the arrêté's codes that the registry still has."""
    connus = set(frozen_codes())
    codes = [chiffre.code for chiffre in arrete.chiffres if chiffre.code in connus]
    return {i.code: i for i in tableau.reponse(arrete.caf, arrete.du, arrete.au, codes, fraicheur).indicateurs}


def _formula(code: str) -> Formule:
    indicateur = REGISTRE.get(code)
    if indicateur is None:
        raise CodeInconnu(f"aucun indicateur n'a le code « {code} »")
    if indicateur.genre == "saisi":
        raise SansDetail(f"{code} se saisit : aucun mouvement n'y a de part ; ses valeurs : /v1/valeurs")
    if indicateur.calcul is None:
        raise SansDetail(f"{code} se lit au présent : il n'est dans aucun arrêté")
    return indicateur.calcul


def check_lineage(source: Source, repere: RepereArrete) -> None:
    """The log must still continue from where it was counted. A lineage that is told in part may no longer name an
    epoch of long ago: the fold taken back then tells whether it is the same log."""
    lignee = source.lineage()
    if not lignee:
        raise Indisponible(f"le publieur de {source.nom} n'a pas encore parlé : réessayer")
    rangs = {maillon.marque: rang for rang, maillon in enumerate(lignee)}
    rang = rangs.get(repere.marque)
    if rang is None and 0 < repere.position <= lignee[0].depuis:
        return
    suivante = rang + 1 if rang is not None else 0
    if rang is None or (suivante < len(lignee) and lignee[suivante].depuis < repere.position):
        raise JournalRestaure(
            f"le journal de {source.nom} n'est plus celui de l'arrêté (position {repere.position}) : une copie "
            "d'avant a été restaurée. Les chiffres arrêtés restent, ce qui les a changés ne peut plus être dit"
        )


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except Arret as arret:
        raise JournalArrete(str(arret)) from arret
    except (PasEncore, Trou) as erreur:
        raise Indisponible(str(erreur)) from erreur
    except (msgspec.DecodeError, ValueError) as erreur:
        raise JournalArrete(f"un mouvement des journaux ne se lit pas ({erreur}) : mettre Écluse à jour") from erreur
