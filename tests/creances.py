"""Facts of créances: as drawn by Hypothesis, and short to write."""

from typing import Any

from hypothesis import strategies as st

from shared.events.recovery import Cause, Mode, Prestation
from tests.fabrique import Brut, Variante, evenement

K = {"creance": "K-1"}
MONTANTS = st.sampled_from([1, 99, 100, 101, 12_345, 10**12]) | st.integers(1, 50_000)


def variantes(creances: st.SearchStrategy[str]) -> list[Variante]:
    """The types of a créance, for créances of these names."""

    def data(**membres: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries({"creance": creances, **membres})

    instance = st.sampled_from(["services", "cra"])
    numero = st.sampled_from(["E-1", "E-2", "E-3"])
    constat = st.fixed_dictionaries(
        {
            "creance": creances,
            "prestation": st.sampled_from([p.value for p in Prestation]),
            "montant_centimes": MONTANTS,
            "cause": st.sampled_from([c.value for c in Cause]),
            "debiteur": st.sampled_from(["allocataire", "partenaire"]),
        },
        optional={"caf_traitante": st.sampled_from(["091", "681"]), "origine": st.just("contrôle")},
    )
    return [
        Variante("indu.constate", constat),
        Variante("creance.notifiee", data()),
        Variante(
            "encaissement.constate",
            data(encaissement=numero, montant_centimes=MONTANTS, mode=st.sampled_from([m.value for m in Mode])),
        ),
        Variante("encaissement.annule", data(encaissement=numero)),
        Variante("indu.annule", data(montant_centimes=MONTANTS, motif=st.just("recours"))),
        Variante("remise.demandee", data(montant_centimes=MONTANTS)),
        Variante("remise.accordee", data(montant_centimes=MONTANTS, instance=instance)),
        Variante("remise.refusee", data(instance=instance)),
        Variante("fraude.qualifiee", data(prejudice_centimes=MONTANTS)),
    ]


def constat(quand: str = "2021-02-28T10:00:00Z", **data: Any) -> Brut:
    complet: dict[str, Any] = K | {
        "prestation": "rsa",
        "montant_centimes": 100_000,
        "cause": "erreur_declaration",
        "debiteur": "allocataire",
    }
    return evenement("indu.constate", quand, **(complet | data))


def fait(type_: str, quand: str, **data: Any) -> Brut:
    return evenement(type_, quand, **(K | data))


def encaissement(quand: str, montant: int, numero: str = "E-1", **data: Any) -> Brut:
    complet: dict[str, Any] = {"encaissement": numero, "montant_centimes": montant, "mode": "versement"} | data
    return fait("encaissement.constate", quand, **complet)
