"""Indus, fraud, cohorts of recovery, remises, work queues."""

from collections.abc import Iterable
from typing import Final

from services.indicators.figures import Cohorte, Flux, Nombre, Rapport
from services.indicators.maturite import FAITS_TARDIFS, RECOURS, REJETS, Maturite
from services.indicators.registre.base import ARIEGE, COUPES_CREANCE, CPOG, ECLUSE, Indicateur, Unite
from services.indicators.seuils import MOIS_24, MOIS_48, Seuil, at_end, today_of
from services.indicators.views import Condition, Filtre

DIRECT: Final = Condition("mode", "dans", ("versement", "prelevement"))
HORS_RSA: Final = Condition("prestation", "!=", "rsa")


def _volume(
    code: str,
    libelle: str,
    unite: Unite,
    population: str,
    terme: Flux,
    source: str = ECLUSE,
    maturite: Maturite = FAITS_TARDIFS,
) -> Indicateur:
    formule = "Somme des montants" if unite == "centimes" else "Nombre"
    calcul, coupes = Nombre(terme), COUPES_CREANCE
    return Indicateur(
        code, libelle, unite, population, formule, calcul, source=source, coupes=coupes, maturite=maturite
    )


def _fraud() -> Iterable[Indicateur]:
    population = "Qualifications de fraude de la période, la dernière de chaque créance"
    yield Indicateur(
        "COG-10-41",
        "Préjudices frauduleux constatés",
        "centimes",
        population,
        "Somme des préjudices",
        Nombre(Flux("creance", "qualifiee", (), "prejudice_centimes")),
        source=CPOG,
        sens="haut",
        coupes=COUPES_CREANCE,
        maturite=RECOURS,
    )
    qualifiees = Flux("creance", "qualifiee")
    yield _volume("FRAUDES-NOMBRE", "Fraudes qualifiées", "nombre", population, qualifiees, ARIEGE, RECOURS)


def _cohort(
    code: str, libelle: str, seuils: tuple[Seuil, ...], frauduleuses: bool, population: str, filtre: Filtre = ()
) -> Indicateur:
    mois = today_of(seuils).valeur

    def recovered(seuil: Seuil) -> Cohorte:
        # A window of another length needs a sum of its own in the movements: its name says which.
        return Cohorte(seuil.valeur, f"recouvre_{seuil.valeur}_centimes", frauduleuses, filtre)

    def due(seuil: Seuil) -> Cohorte:
        return Cohorte(seuil.valeur, "du_initial_centimes", frauduleuses, filtre)

    return Indicateur(
        code,
        f"{libelle} à {mois} mois",
        "taux",
        f"Créances constatées dans les 12 mois qui finissent {mois} mois avant la fin de la période, {population}",
        f"Encaissements jusqu'à {mois} mois après le constat, au plus le dû, sur ce dû : montant moins annulations",
        Rapport(at_end(seuils, recovered), at_end(seuils, due)),
        source=CPOG,
        sens="haut",
        maison=True,
        coupes=COUPES_CREANCE,
        seuils=seuils,
        maturite=RECOURS,
    )


def _remissions() -> Iterable[Indicateur]:
    for code, libelle, unite, population, etape, mesure in _REMISES:
        terme = Flux("remise", "jour", (Condition("etape", "=", etape),), mesure)
        yield _volume(code, libelle, unite, population, terme)


_ACCORDEES: Final = "Remises accordées dans la période"
_REMISES: Final[tuple[tuple[str, str, Unite, str, str, str], ...]] = (
    ("REMISES-NOMBRE", "Remises accordées", "nombre", _ACCORDEES, "accordee", "n"),
    ("REMISES-MONTANT", "Montant des remises accordées", "centimes", _ACCORDEES, "accordee", "montant_centimes"),
    ("REMISES-DEMANDEES", "Remises demandées", "nombre", "Remises demandées dans la période", "demandee", "n"),
    ("REMISES-REFUSEES", "Remises refusées", "nombre", "Remises refusées dans la période", "refusee", "n"),
)
_CONSTATES: Final = "Indus constatés dans la période"

RECOUVREMENT: Final = (
    _volume("INDUS-NOMBRE", "Indus constatés", "nombre", _CONSTATES, Flux("creance", "constat")),
    _volume(
        "INDUS-MONTANT",
        "Montant brut des indus constatés",
        "centimes",
        _CONSTATES,
        Flux("creance", "constat", (), "montant_centimes"),
    ),
    *_fraud(),
    _cohort("COG-10-43", "Recouvrement des indus non frauduleux", MOIS_24, False, "non frauduleuses"),
    _cohort(
        "COG-10-42",
        "Recouvrement des indus frauduleux (hors RSA)",
        MOIS_48,
        True,
        "frauduleuses, hors RSA",
        (HORS_RSA,),
    ),
    Indicateur(
        "PART-DIRECT",
        "Part du remboursement direct",
        "taux",
        "Encaissements de la période, annulés exclus",
        "Montant des versements et prélèvements, sur le montant de tous les encaissements",
        Rapport(
            Flux("encaissement", "jour", (DIRECT,), "montant_centimes"),
            Flux("encaissement", "jour", (), "montant_centimes"),
        ),
        coupes=COUPES_CREANCE,
        maturite=REJETS,
    ),
    *_remissions(),
    Indicateur(
        "FILES-RECOUVREMENT",
        "Corbeilles du recouvrement",
        "nombre",
        "Éléments des corbeilles en ce moment",
        "Nombre d'éléments prêts, lu dans les corbeilles et non dans l'historique",
        None,
        genre="present",
        maturite=None,
    ),
)
