"""Pieces of a dashboard: figures side by side, a graph with its table, a table of the contract. Texts are French."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from grafana_foundation_sdk.builders.common import ReduceDataOptions, VizLegendOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard, DashboardLink, QueryVariable, Row, TextBoxVariable
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.builders.timeseries import Panel as Timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    DataSourceRef,
    LegendDisplayMode,
    LegendPlacement,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataTransformerConfig,
    DynamicConfigValue,
    ValueMap,
    ValueMappingResult,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.dashboard import DashboardLink as Lien
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from outils.tableaux.requetes import UNITES, Chiffre, Courbe

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="prometheus")
MAISON: Final = "http://127.0.0.1:8080"
ETIQUETTE: Final = "ecluse"
LARGEUR: Final = 24
GRAPHE: Final = 14
HAUTEUR: Final = 8
PETITE: Final = 4
# Above the panels, where everybody sees it, and not in a menu.
EN_VUE: Final = ""
# What a table can show without scrolling for ever.
LIGNES: Final = 60
PRECISIONS: Final = (
    "Les valeurs telles qu'elles étaient connues à chaque instant ; un fait tardif corrige le passé dans les pages "
    "d'Écluse, pas ici."
)


class Tableau:
    """A dashboard as it is being written: what is added goes under what is there."""

    def __init__(self, uid: str, titre: str, description: str, depuis: str = "now-30d") -> None:
        self.uid = uid
        self._numero = 0
        self.dashboard = (
            Dashboard(f"Écluse – {titre}")
            .uid(f"ecluse-{uid}")
            .description(f"{description} {PRECISIONS}")
            .tags([ETIQUETTE])
            .timezone("Europe/Paris")
            .week_start("monday")
            .refresh("1m")
            .time(depuis, "now")
            .tooltip(DashboardCursorSync.CROSSHAIR)
            # An edited copy is saved under another name: the file stays the one that is read.
            .editable()
            .with_variable(
                QueryVariable("caf")
                .label("Caf")
                .datasource(SOURCE)
                .query({"query": "label_values(ecluse:office:open, caf)", "refId": "caf"})
                .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
                .sort(VariableSort.ALPHABETICAL_ASC)
            )
            .with_variable(TextBoxVariable("maison").label("Adresse d'Écluse").default_value(MAISON))
            .link(
                DashboardLink("Tableaux d'Écluse")
                .type(DashboardLinkType.DASHBOARDS)
                .tags([ETIQUETTE])
                .include_vars(True)
                .keep_time(True)
                .placement(EN_VUE)
            )
            .link(_link("Page en direct", "/?caf=$caf"))
        )

    def row(self, titre: str) -> None:
        """Begin a part."""
        self.dashboard.with_row(Row(titre).id(self._next()))

    def figures(self, *chiffres: Chiffre) -> None:
        """Figures of now, on one line. Their number divides the width."""
        largeur, reste = divmod(LARGEUR, len(chiffres))
        if reste:
            raise ValueError(f"{len(chiffres)} figures do not fill a line of {LARGEUR} columns")
        for chiffre in chiffres:
            unite = UNITES[chiffre.unite]
            panneau = (
                Stat()
                .id(self._next())
                .title(chiffre.titre)
                .datasource(SOURCE)
                .unit(unite.code)
                .decimals(unite.decimales)
                .no_value("ND")
                .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
                .graph_mode(BigValueGraphMode.NONE)
                .links([_link("Ouvrir dans Écluse", chiffre.page)])
                .height(PETITE)
                .span(largeur)
                .with_target(_query(chiffre.expr, "", "A").instant())
            )
            if chiffre.mots:
                panneau.mappings([words(chiffre.mots)])
            self.dashboard.with_panel(panneau)

    def graph(self, titre: str, unite: str, page: str, *courbes: Courbe, description: str = "") -> None:
        """A graph and, beside it, the same values as a table."""
        sens, ecriture = f"{description} {PRECISIONS}".strip(), UNITES[unite]
        liens: list[Builder[Lien]] = [_link("Ouvrir dans Écluse", page)]
        graphe = (
            Timeseries()
            .id(self._next())
            .title(titre)
            .description(sens)
            .datasource(SOURCE)
            .unit(ecriture.code)
            .decimals(ecriture.decimales)
            .no_value("ND")
            .axis_soft_min(0)
            .show_points(VisibilityMode.NEVER)
            .legend(
                VizLegendOptions()
                .display_mode(LegendDisplayMode.TABLE)
                .placement(LegendPlacement.BOTTOM)
                .show_legend(True)
                .calcs(["lastNotNull"])
            )
            .links(liens)
            .height(HAUTEUR)
            .span(GRAPHE)
        )
        table = (
            Table()
            .id(self._next())
            .title(f"{titre} : les valeurs")
            .description(f"Les valeurs du graphique « {titre} », une ligne par instant.")
            .datasource(SOURCE)
            .unit(ecriture.code)
            .decimals(ecriture.decimales)
            .no_value("ND")
            .max_data_points(LIGNES)
            .with_transformation(_transform("joinByField", byField="Time", mode="outer"))
            .with_transformation(_transform("sortBy", fields={}, sort=[{"field": "Time", "desc": True}]))
            .with_transformation(_transform("organize", renameByName={"Time": "Moment"}))
            .links(liens)
            .height(HAUTEUR)
            .span(LARGEUR - GRAPHE)
        )
        for courbe, lettre in zip(courbes, "ABCDEFGHIJ", strict=False):
            graphe.with_target(_query(courbe.expr, courbe.legende, lettre).range())
            table.with_target(_query(courbe.expr, courbe.legende, lettre).range())
        self.dashboard.with_panel(graphe).with_panel(table)

    def table(
        self,
        titre: str,
        unite: str,
        colonnes: Sequence[tuple[str, str]],
        renommees: dict[str, str],
        *,
        description: str,
        page: str,
        etat: str = "",
        hauteur: int = HAUTEUR,
    ) -> None:
        """A table of now: ``colonnes`` are headings and queries, one line for each set of labels.

        ``renommees``: labels and their headings; ``etat``: the heading of the column that says whether a target is met.
        """
        ecriture = UNITES[unite]
        table = (
            Table()
            .id(self._next())
            .title(titre)
            .description(description)
            .datasource(SOURCE)
            .unit(ecriture.code)
            .decimals(ecriture.decimales)
            .no_value("ND")
            .with_transformation(_transform("merge"))
            .links([_link("Ouvrir dans Écluse", page)])
            .height(hauteur)
            .span(LARGEUR)
        )
        noms = dict(renommees)
        for (nom, expr), lettre in zip(colonnes, "ABCDEFGHIJ", strict=False):
            noms[f"Value #{lettre}" if len(colonnes) > 1 else "Value"] = nom
            table.with_target(_query(expr, "", lettre).instant().format(PromQueryFormat.TABLE))
        table.with_transformation(
            _transform("organize", excludeByName={"Time": True}, renameByName=noms, indexByName=_order(noms))
        )
        if etat:
            mots = words((("1", "✔ Atteinte", "green"), ("0", "✘ Non atteinte", "red")))
            table.override_by_name(
                etat,
                [
                    DynamicConfigValue("mappings", [mots]),
                    DynamicConfigValue("unit", "none"),
                    DynamicConfigValue("decimals", 0),
                    # Where nothing judges, nothing is red or green.
                    DynamicConfigValue("noValue", "Cible non transmise"),
                ],
            )
        self.dashboard.with_panel(table)

    def _next(self) -> int:
        self._numero += 1
        return self._numero


def words(mots: Iterable[tuple[str, str, str]]) -> ValueMap:
    """Values and what they are called, with a colour that only repeats the word."""
    return ValueMap({valeur: ValueMappingResult(text=texte, color=couleur) for valeur, texte, couleur in mots})


def _query(expr: str, legende: str, lettre: str) -> Dataquery:
    return Dataquery().datasource(SOURCE).expr(expr).legend_format(legende).ref_id(lettre)


def _link(titre: str, page: str) -> DashboardLink:
    return DashboardLink(titre).type(DashboardLinkType.LINK).url(f"$maison{page}").target_blank(True).placement(EN_VUE)


def _transform(nom: str, **options: object) -> DataTransformerConfig:
    return DataTransformerConfig(id_val=nom, options=options)


def _order(noms: dict[str, str]) -> dict[str, int]:
    return {nom: rang for rang, nom in enumerate(noms)}
