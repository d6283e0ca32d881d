"""The house through any life: facts in any order, repeats, restarts, figures thrown away; the oracle says the same."""

import random
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from ecluse.acces import Acces, reach
from shared.events.catalogue import ENCODER
from tests.fabrique import Brut
from tests.maisons import assert_same, fait, figures_if_known, letter_ids
from tests.oracle import etat, indicateurs, juge_lignes

DEBUT: Final = datetime(2023, 3, 10, tzinfo=UTC)
# The day on which the hour changes is within; the last period is one day long.
PERIODES: Final = (("2023-03-15", "2023-04-14"), ("2023-01-01", "2023-12-31"), ("2023-03-26", "2023-03-26"))
CAFS: Final = ("091", "681")

Tirage = Callable[[random.Random], Mapping[str, Any]]


def _of(membre: str, lettre: str, combien: int, **data: list[Any]) -> Tirage:
    """Members of an event about one of a few objects, drawn from these values; None leaves a member out."""

    def draw(hasard: random.Random) -> Mapping[str, Any]:
        tires = {nom: hasard.choice(valeurs) for nom, valeurs in data.items()}
        return {membre: f"{lettre}-{hasard.randrange(combien)}"} | {n: v for n, v in tires.items() if v is not None}

    return draw


def _instant(hasard: random.Random) -> str:
    """An instant of forty days, on few hours so that ties are common."""
    return (DEBUT + timedelta(hours=6 * hasard.randrange(160))).isoformat()


SITES: Final = [None, "Foix", "Pamiers"]
MONTANTS: Final = [1, 100, 5_000, 12_345]
TYPES: Final[list[tuple[str, Tirage]]] = [
    *[("piece.arrivee", _of(
        "piece", "P", 12, nature=["demande_rsa", "demande_al", "autre"], canal=["web", "courrier", "interne"],
        minima_sociaux=[True, False], site=SITES, teleservice=[None, "rsa"], caf_traitante=[None, "441"],
    ))] * 3,
    *[("piece.traitee", _of("piece", "P", 12, issue=["liquidee", "rejetee"]))] * 3,
    ("piece.suspendue", _of("piece", "P", 12)),
    ("piece.reprise", _of("piece", "P", 12)),
    ("piece.rouverte", _of("piece", "P", 12)),
    ("piece.annulee", _of("piece", "P", 12, motif=["doublon"])),
    *[("contact.recu", _of(
        "contact", "C", 6, canal=["telephone", "courriel", "accueil"],
        nature=["information_generale", "reclamation"], site=SITES,
    ))] * 2,
    ("contact.pris_en_charge", _of("contact", "C", 6)),
    ("contact.transfere", _of("contact", "C", 6, pole=[None, "Pôle"])),
    ("contact.clos", _of("contact", "C", 6, issue=["repondu", "abandonne"], par=[None, "agent", "automate"])),
    ("rendez_vous.demande", _of("rdv", "R", 4, motif=["point"], modalite=["site", "visio"])),
    ("rendez_vous.propose", lambda h: {"debut": _instant(h)} | dict(_of("rdv", "R", 4, modalite=["site", "visio"])(h))),
    ("rendez_vous.honore", _of("rdv", "R", 4)),
    ("rendez_vous.manque", _of("rdv", "R", 4, excuse=[True, False])),
    ("indu.constate", _of(
        "creance", "K", 5, prestation=["rsa", "al"], montant_centimes=MONTANTS,
        cause=["erreur_declaration", "fraude"], debiteur=["allocataire"],
    )),
    ("encaissement.constate", _of(
        "creance", "K", 5, encaissement=["E-1", "E-2"], montant_centimes=MONTANTS, mode=["retenue", "versement"],
    )),
    ("encaissement.annule", _of("creance", "K", 5, encaissement=["E-1", "E-2"])),
    ("remise.accordee", _of("creance", "K", 5, montant_centimes=MONTANTS, instance=["services"])),
    ("fraude.qualifiee", _of("creance", "K", 5, prejudice_centimes=MONTANTS)),
]  # fmt: skip


def draw_facts(graine: int, combien: int) -> list[Brut]:
    """So many facts about few objects of two Cafs."""
    hasard = random.Random(graine)
    faits = []
    for _ in range(combien):
        type_, tirage = hasard.choice(TYPES)
        lieu = {
            "caf": hasard.choice(CAFS),
            "dossier": f"D-{hasard.randrange(3)}",
            "source": hasard.choice(["/a", "/b"]),
        }
        faits.append(fait(type_, _instant(hasard), **lieu, **tirage(hasard)))
    return faits


class VieDeLaMaison(RuleBasedStateMachine):
    """A house on a folder, and everything that it was ever sent."""

    def __init__(self) -> None:
        super().__init__()
        self._dossier = TemporaryDirectory(prefix="ecluse-vie-")
        self.data = Path(self._dossier.name) / "data"
        self.envoyes: list[Brut] = []
        self._open()

    def _open(self) -> None:
        self._vie = ExitStack()
        self.acces: Acces = self._vie.enter_context(reach(self.data))

    def _send(self, bruts: list[Brut]) -> None:
        reponses = self.acces.send([ENCODER.encode(b) for b in bruts]).answers()
        assert {r.sort for r in reponses} <= {"accepte", "doublon"}

    @rule(graine=st.integers(0, 2**32), combien=st.integers(1, 500))
    def take(self, graine: int, combien: int) -> None:
        """Facts come, in the order in which they are drawn."""
        bruts = draw_facts(graine, combien)
        self._send(bruts)
        self.envoyes += bruts

    @precondition(lambda self: self.envoyes)
    @rule(graine=st.integers(0, 2**32))
    def repeat(self, graine: int) -> None:
        """Facts come again, in another order."""
        hasard = random.Random(graine)
        self._send(hasard.sample(self.envoyes, hasard.randint(1, len(self.envoyes))))

    @rule()
    def restart(self) -> None:
        """The house stops and starts again."""
        self._vie.close()
        self._open()

    @rule()
    def lose_the_figures(self) -> None:
        """The figures are thrown away; the logs give them back."""
        self._vie.close()
        for fichier in self.data.glob("indicators.db*"):
            fichier.unlink()
        self._open()

    @rule()
    def look(self) -> None:
        """Everything is as the oracle says, and adds up."""
        assert self.acces.wait()
        tout = etat(juge_lignes(map(ENCODER.encode, self.envoyes), datetime.now(UTC)).acceptes)
        assert letter_ids(self.acces.letters(closes=False)) == tout.lettres_mortes
        for caf in CAFS:
            for du, au in PERIODES:
                chiffres = figures_if_known(self.acces, tout, caf, du, au)
                if chiffres is None:
                    continue
                assert_same(chiffres, indicateurs(tout, caf, date.fromisoformat(du), date.fromisoformat(au)))
                assert chiffres["BALANCE"]["valeur"] == 0
                for code in ("STOCK", "PIECES-ARRIVEES", "PIECES-TRAITEES"):
                    parts = self.acces.cut(code, caf, du, au, "site")["parts"]
                    assert sum(part["valeur"] for part in parts) == chiffres[code]["valeur"]
        assert self.acces.rebuild(accepter_restauration=False)["egal"]

    def teardown(self) -> None:
        """A last look, and the end."""
        try:
            self.look()
        finally:
            self._vie.close()
            self._dossier.cleanup()


VieDeLaMaison.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=14,
    deadline=None,
    # A life is told by its seeds: a shorter one tells no more, and looking for it takes minutes.
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
test_any_life_of_the_house_agrees_with_the_oracle = VieDeLaMaison.TestCase
