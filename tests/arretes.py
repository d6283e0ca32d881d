"""Arrêtés for tests of their pages: a short chain, and what a test decides has moved since."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Raw
from msgspec.structs import replace

from services.indicators.answer import Fraicheur, SaisieAffichee
from services.indicators.arretes.document import (
    Arrete,
    ChiffreArrete,
    Garde,
    RepereArrete,
    fingerprint,
    write_document,
)
from services.indicators.arretes.refus import ArreteInconnu, DejaArrete, SansDetail
from services.indicators.arretes.reponses import (
    CibleChangee,
    Ecart,
    Ecarts,
    FormuleChangee,
    MouvementDit,
    PageMouvements,
    ResumeArrete,
    Termes,
)
from services.indicators.arretes.service import Demande, sum_up
from services.indicators.arretes.suite import EvenementCause, Place
from services.indicators.registre import REGISTRE
from services.indicators.rules import CodeInconnu, parse_caf
from shared.temps import parse_instant

FRAICHEUR: Final = Fraicheur("2023-02-03T08:59:59Z", 0.2, True)
NATIONALE: Final = {"valeur": 16, "operateur": "<=", "nature": "nationale"}
SAISIE: Final = SaisieAffichee(2, "2023-01-01", "2023-12-31", "pilotage", "2024-02-03T09:00:00Z", "recompté")
MOUVEMENTS: Final = 52


def freeze(numero: int, precedent: Garde | None, **autres: Any) -> Garde:
    """An arrêté of the Caf 091 over January."""
    membres: dict[str, Any] = {
        "caf": "091", "periode": "2023-01", "du": "2023-01-01", "au": "2023-01-31", "provisoire": False,
        "pris_le": "2023-02-03T09:00:00Z", "auteur": "superviseur-1", "motif": None, "fraicheur": FRAICHEUR,
        "reperes": {"production": RepereArrete("m", 59_900, [59_900], [0])},
        "chiffres": [
            _figure("COG-08-29", 60_687 / 4_466, 60_687, 4_466, [NATIONALE], "atteint"),
            _figure("DELAI-MEDIAN", 10, None, None, [], "sans_cible"),
            replace(_figure("BALANCE", 0, None, None, [], "sans_cible"), termes={"ouverture": 2_022, "cloture": 1_863}),
            replace(_figure("COG-01-11", 0.8, None, None, [], "sans_cible"), saisie=replace(SAISIE, numero=1)),
            replace(_figure("STOCK", 3, 3, None, [], "sans_cible"), code="DISPARU", libelle="Un ancien chiffre"),
        ],
    } | autres  # fmt: skip
    arrete = Arrete(numero=numero, precedent=precedent.empreinte if precedent else None, **membres)
    octets = write_document(arrete)
    instant = parse_instant(arrete.pris_le)
    return Garde(arrete.caf, numero, arrete.periode, arrete.provisoire, instant, fingerprint(octets), octets)


def _figure(
    code: str, valeur: float, numerateur: int | None, denominateur: int | None, cibles: list[dict[str, Any]], etat: str
) -> ChiffreArrete:
    i = REGISTRE[code]
    return ChiffreArrete(code, i.libelle, i.unite, 1, i.formule, valeur, numerateur, denominateur, None, cibles, etat)


class FauxArretes:
    """A provisional arrêté and the final one, whose figures moved since; ``inexplique``: why nothing tells how."""

    def __init__(self) -> None:
        premier = freeze(1, None, provisoire=True, pris_le="2023-01-31T20:00:00Z", auteur="poste-1")
        self.gardes = [premier, freeze(2, premier)]
        self.demandes: list[tuple[Demande, int | None]] = []
        self.inexplique: str | None = None

    @property
    def arretes(self) -> "FauxArretes":
        return self

    @property
    def confrontations(self) -> "FauxArretes":
        return self

    def cafs(self) -> list[str]:
        return ["091", "681"]

    def newest(self, caf: str, avant: int | None, limite: int) -> Sequence[Garde]:
        siens = [g for g in reversed(self.gardes) if g.caf == parse_caf(caf) and (avant is None or g.numero < avant)]
        return siens[:limite]

    def get(self, id_: str) -> Garde:
        for garde in self.gardes:
            if f"{garde.caf}-{garde.numero}" == id_:
                return garde
        raise ArreteInconnu(f"aucun arrêté « {id_} » : voir leur liste")

    def take(self, demande: Demande, dernier: int | None) -> ResumeArrete:
        if not demande.motif:
            raise DejaArrete(f"la période {demande.periode} est déjà arrêtée : donner un motif")
        self.demandes.append((demande, dernier))
        tete = self.gardes[-1]
        self.gardes.append(freeze(tete.numero + 1, tete, auteur=demande.auteur, motif=demande.motif))
        return sum_up(self.gardes[-1])

    def compare(self, id_: str) -> Ecarts:
        delai, mediane, saisi = (REGISTRE[code] for code in ("COG-08-29", "DELAI-MEDIAN", "COG-01-11"))
        explique = self.inexplique is None
        ecarts = [
            Ecart(
                delai.code, delai.libelle, delai.unite, 1,
                Termes(60_687 / 4_466, 60_687, 4_466, "atteint"), Termes(60_700 / 4_467, 60_700, 4_467, "atteint"),
                MOUVEMENTS if explique else None, 13 if explique else None, 1 if explique else None, explique=explique,
            ),
            Ecart(
                saisi.code, saisi.libelle, saisi.unite, 1, Termes(0.8, None, None, "sans_cible"),
                Termes(0.9, None, None, "sans_cible"), None, None, None, explique=True, saisie=SAISIE,
            ),
        ]  # fmt: skip
        dix, onze = Termes(10, None, None, "sans_cible"), Termes(11, None, None, "sans_cible")
        formules = [FormuleChangee(mediane.code, mediane.libelle, mediane.unite, 1, 2, dix, dix, onze)]
        cibles = [CibleChangee(delai.code, [NATIONALE], [], "atteint", "sans_cible")]
        return Ecarts(
            sum_up(self.get(id_)), FRAICHEUR, ecarts, formules, cibles, 100, ["STOCK"], ["DISPARU"], 60, self.inexplique
        )

    def movements(self, id_: str, code: str, apres: Place | None, limite: int) -> PageMouvements:
        if code not in REGISTRE:
            raise CodeInconnu(f"aucun indicateur n'a le code « {code} »")
        if REGISTRE[code].calcul is None:
            raise SansDetail(f"{code} se lit au présent : il n'est dans aucun arrêté")
        debut = apres.position if apres else 0
        rangs = range(debut + 1, min(debut + limite, MOUVEMENTS) + 1)
        suite = f"production:{rangs[-1]}" if rangs[-1] < MOUVEMENTS else None
        return PageMouvements(id_, code, FRAICHEUR, [_move(rang) for rang in rangs], suite)


def _move(rang: int) -> MouvementDit:
    cause = EvenementCause(f"e-{rang}", "/ged", "fr.caf.piece.traitee.v1", "2023-01-10T08:00:00Z")
    avant = Raw(b'{"nature":"demande_rsa","arrivee":"2023-01-02"}')
    apres = Raw(b'{"nature":"demande_rsa","arrivee":"2023-01-02","fin":"2023-01-10","jours_attente":2}')
    return MouvementDit(
        "production", rang, "2023-02-04T08:00:00Z", f"m-{rang}", "piece", f"P-{rang}", f"D-{rang}", avant, apres,
        8, 1, [cause] if rang > 1 else [],
    )  # fmt: skip
