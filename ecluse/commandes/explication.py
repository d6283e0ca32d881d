"""A figure explained: its formula, its terms, their cells and the objects behind them."""

from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from ecluse.commandes.chiffres import Au, Caf, Du
from ecluse.commandes.commun import DossierMaison, EnJson, Origine, console, house, print_json
from ecluse.commandes.ecriture import Role
from services.indicators.affiche import word_typed, word_with_unit
from services.indicators.answer import SaisieAffichee
from services.indicators.explication.elements import LIMITE_MAX
from services.indicators.rules import Role as RoleDeCaf
from shared.web.formats import nombre, pluriel


def explain(
    code: Annotated[str, typer.Argument(help="code d'indicateur, comme COG-08-29")],
    caf: Caf,
    du: Du,
    au: Au,
    par: Annotated[str | None, typer.Option("--par", help="dimension des cellules ; sinon la première")] = None,
    terme: Annotated[str | None, typer.Option("--terme", help="un seul terme : numerateur, denominateur…")] = None,
    elements: Annotated[
        int, typer.Option("--elements", min=0, max=LIMITE_MAX, help="objets à montrer de chaque terme")
    ] = 5,
    faits: Annotated[
        bool, typer.Option("--faits", help="avec les événements de chaque objet montré, et l'outil qui les a émis")
    ] = False,
    role: Role = RoleDeCaf.proprietaire,
    data_dir: DossierMaison = None,
    vers: Origine = None,
    json: EnJson = False,
) -> None:
    """Explique un chiffre : sa formule, ses termes, leurs cellules, et les objets comptés."""
    with house(data_dir, vers) as acces:
        document = acces.explain(code, caf, du, au, par, role.value)
        # A term that the figure does not have is for the house to refuse.
        noms = [terme] if terme else [t["nom"] for t in document["termes"]]
        pages = [
            acces.elements(code, caf, du, au, nom, None, elements, role.value) for nom in (noms if elements else ())
        ]
        chemins = dict.fromkeys(e["fiche"] for page in pages for e in page["elements"]) if faits else {}
        fiches = [acces.fiche(chemin) for chemin in chemins]
    if json:
        print_json({"explication": document, "elements": pages, **({"fiches": fiches} if faits else {})})
        return
    sortie = console()
    _print_figure(sortie, document)
    for page in pages:
        _print_elements(sortie, page)
    for fiche in fiches:
        _print_facts(sortie, fiche)


def _print_figure(sortie: Console, d: dict[str, Any]) -> None:
    sortie.print(Text(f"{d['code']} — {d['libelle']}", style="bold"))
    titre = ", ce qu'elle traite" if d["role"] == RoleDeCaf.traitante else ""
    sortie.print(f"Caf {d['caf']}{titre}, du {d['du']} au {d['au']} : {_value(d)}")
    maison = " (formule d'Écluse)" if d["maison"] else ""
    sortie.print(Text(f"Formule, version {d['formule']}{maison} : {d['texte']}"))
    sortie.print(Text(f"Population : {d['population']}"))
    if "raison" in d:
        sortie.print(Text(f"{d['raison']}."))
    if "saisie" in d:
        sortie.print(Text(word_typed(d["saisie"] and msgspec.convert(d["saisie"], SaisieAffichee))))
    sortie.print(_freshness(d["fraicheur"]))
    if d["termes"]:
        table = Table("Terme", "Du", "Au", Column("Valeur", justify="right"), "Service", title="Termes")
        for t in d["termes"]:
            table.add_row(t["nom"], t["du"], t["au"], _exact(t["valeur"], t["unite"]), t["service"])
        sortie.print(table)
    _print_cells(sortie, d)
    if d["jours"]:
        table = Table("Jour ouvré", Column(d["code"], justify="right"), "Détail", title="Moyenne de ces jours")
        for jour in d["jours"]:
            detail = f"{nombre(jour['numerateur'])} ÷ {nombre(jour['denominateur'])}"
            table.add_row(jour["jour"], _value(jour | {"unite": d["unite"]}), detail)
        sortie.print(table)
    if d["rangs"]:
        effectif = pluriel(d["rangs"][-1]["cumul"], "pièce")
        sortie.print(f"Rang lu : {nombre(d['rang'])} sur {effectif}, par délai croissant")
    for file in d.get("files", ()):
        sortie.print(f"Corbeille {file['corbeille']} : {file['pretes']} prêts, {file['prises']} pris")


def _print_cells(sortie: Console, d: dict[str, Any]) -> None:
    if not d["cellules"]:
        return
    unites = {t["nom"]: t["unite"] for t in d["termes"]}
    table = Table(d["par"] or "Ensemble", *(Column(n, justify="right") for n in unites), title="Cellules")
    for groupe in d["cellules"]:
        sommes = [(groupe["termes"].get(nom), unite) for nom, unite in unites.items()]
        table.add_row(Text(groupe["libelle"]), *("" if s is None else _exact(s["valeur"], u) for s, u in sommes))
    sortie.print(table)


def _print_elements(sortie: Console, page: dict[str, Any]) -> None:
    titre = f"{page['terme']} : {_exact(page['valeur'], page['unite'])}"
    # The acting Caf works for several: each object says whose it is.
    proprietaire = ["Caf propriétaire"] if page["role"] == RoleDeCaf.traitante else []
    objet, apport = Column("Objet", no_wrap=True), Column("Apport", justify="right")
    table = Table(objet, *proprietaire, "Dossier", "Jours", apport, title=titre)
    for e in page["elements"]:
        jours = " → ".join(jour or "…" for jour in e["jours"].values())
        a_qui = [e["caf"]] if proprietaire else []
        table.add_row(Text(e["objet"]), *a_qui, Text(e["dossier"]), jours, _exact(e["contribution"], page["unite"]))
    sortie.print(table)
    reperes = page["reperes"]
    sortie.print(
        f"{word_equality(page)} Journal de {reperes['service']} : objets à la position {reperes['position']}, "
        f"chiffre à la position {reperes['pli']}."
    )
    if page["suivant"]:
        reste = "" if page["nombre"] is None else f" sur {nombre(page['nombre'])}"
        sortie.print(f"{len(page['elements'])} objets montrés{reste} ; la suite : l'API ou la page Expliquer.")


def _print_facts(sortie: Console, fiche: dict[str, Any]) -> None:
    """Lines and no table: identifiers are long, and whoever reads them copies them."""
    sortie.print(Text(f"{fiche['objet']} ({fiche['genre']}), dossier {fiche['dossier']}", style="bold"))
    for f in fiche["faits"]:
        emis = f"émis {f['emis']}" if f["emis"] else "émission non notée"
        sortie.print(Text(f"  {f['instant']}  {f['type']} par {f['source']}, id {f['id']}, {emis}"), soft_wrap=True)


def word_equality(page: dict[str, Any]) -> str:
    """Whether the elements add up to the figure, in French."""
    if page["egal"] is None:
        return "Somme non comparée : trop d'objets ou trop de mouvements depuis."
    if page["egal"]:
        return f"{pluriel(page['nombre'], 'objet')} : somme égale au chiffre."
    return f"ÉCART de {nombre(page['ecart'])} entre les objets et le chiffre : lancer ecluse rebuild."


def _exact(valeur: int | None, unite: str) -> str:
    """A sum to the last cent."""
    return word_with_unit(valeur, unite, 2 if unite == "centimes" else None)


def _value(d: dict[str, Any]) -> str:
    """A mean or a rate with two decimals, a count with none."""
    entier = isinstance(d["valeur"], int) and d["unite"] != "centimes"
    return word_with_unit(d["valeur"], d["unite"], None if entier else 2)


def _freshness(fraicheur: dict[str, Any]) -> str:
    retard = fraicheur["retard_secondes"]
    etat = "à jour" if fraicheur["a_jour"] else "PAS À JOUR"
    return f"{etat} ; retard {'ND' if retard is None else f'{retard:.1f} s'}".replace(".", ",")
