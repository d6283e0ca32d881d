"""Direction: the contract at a glance."""

from typing import Final

from outils.tableaux.panneaux import Tableau
from outils.tableaux.requetes import Chiffre, curve, number, page_of, target_of

_FRAIS: Final = (("1", "✔ À jour", "green"), ("0", "✘ Pas à jour", "red"))
_OUVERT: Final = (("1", "Ouvert", "green"), ("0", "Fermé", "gray"))
_NOMS: Final = 'on (code) group_left (libelle) ecluse:indicator:info{unite="%s"}'
_INFO: Final = "on (code) group_left (libelle, unite) ecluse:indicator:info"
_UNITES: Final = (("jours", "Délais, soldes et âges"), ("taux", "Taux"), ("nombre", "Nombres"), ("euros", "Montants"))


def freshness() -> tuple[Chiffre, ...]:
    """What every dashboard says first: of when its figures are."""
    return (
        Chiffre("Chiffres", "ecluse:figures:fresh", "nombre", "/etat", _FRAIS),
        Chiffre("Âge des chiffres", "ecluse:figures:age_seconds", "secondes", "/etat"),
        Chiffre("Ouverture", 'ecluse:office:open{caf="$caf"}', "nombre", "/?caf=$caf", _OUVERT),
    )


def _named(serie: str, unite: str, *, fenetre: str = "", par: str = "code, libelle") -> str:
    """A series of the indicators that have a target, in one unit, with their labels."""
    choix = f', fenetre="{fenetre}"' if fenetre else ""
    avec_cible = "and on (caf, code) ecluse:target:value"
    return f'max by ({par}) ((ecluse:{serie}{{caf="$caf"{choix}}} {avec_cible}) * {_NOMS % unite})'


def direction() -> Tableau:
    """The dashboard."""
    t = Tableau(
        "direction", "Direction", "Le contrat d'un coup d'œil : chaque indicateur qui a une cible, face à elle."
    )
    t.row("Fraîcheur")
    t.figures(*freshness())
    t.row("L'essentiel")
    t.figures(number("COG-08-29"), number("SOLDE-JOURS"), number("STOCK"), number("COG-08-33"))
    t.row("Le contrat")
    for unite, titre in _UNITES:
        t.table(
            f"{titre} : le contrat",
            unite,
            (
                ("Ce mois", _named("indicator:figure", unite, fenetre="mois")),
                ("Cette année", _named("indicator:figure", unite, fenetre="annee")),
                ("Cible", _named("target:judge", unite, par="code, libelle, operateur")),
                ("État, cette année", _named("indicator:on_target", unite, fenetre="annee")),
            ),
            {"code": "Code", "libelle": "Indicateur", "operateur": "Sens"},
            description="Ce mois et cette année, jusqu'à maintenant ; la cible qui juge est d'abord celle de la Caf.",
            page="/indicateurs?caf=$caf&fenetre=annee",
            etat="État, cette année",
        )
    t.table(
        "Toutes les cibles",
        "nombre",
        (("Valeur", f'ecluse:target:value{{caf="$caf"}} * {_INFO}'),),
        {
            "code": "Code", "libelle": "Indicateur", "unite": "Unité", "nature": "Nature", "operateur": "Sens",
            "caf": "Caf",
        },
        description="Cibles de l'année en cours, de toutes natures ; un taux est une fraction.",
        page="/indicateurs?caf=$caf&fenetre=annee",
    )  # fmt: skip
    t.row("Tendances")
    t.graph(
        "Délai moyen de démarche, depuis le début du mois",
        "jours",
        page_of("COG-08-29"),
        curve("COG-08-29"),
        target_of("COG-08-29"),
    )
    t.graph(
        "Solde",
        "jours",
        page_of("SOLDE-JOURS"),
        curve("SOLDE-JOURS"),
        curve("SOLDE-TRAITABLE-JOURS"),
        target_of("SOLDE-JOURS"),
        description="Le stock en jours de travail ; « traitable » : ce qui n'attend personne d'autre.",
    )
    return t
