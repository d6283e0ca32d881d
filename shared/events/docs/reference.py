"""The French reference page of the events."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from shared.bus.sujets import SUJETS, Sujet
from shared.events.base import Liste, Membre, TypeEvenement, members_of
from shared.events.catalogue import SERVICES, TYPES, types_of
from shared.events.docs.publications import PUBLICATIONS, Publication
from shared.events.docs.sens import ATTRIBUTS, ENTETES, GENRES, JOURNAL, MEMBRES
from shared.events.docs.sens import SERVICES as LIBELLES
from shared.events.journal import Maillon
from shared.events.mouvements import MOUVEMENTS

_ENTETE: Final = """# Les événements

Cette page est tirée du catalogue d'événements ; elle se refait par `ecluse events docs`. Les mêmes règles, pour les
outils : [schémas JSON](contrat/schemas/), [exemples](contrat/exemples/), [document AsyncAPI](contrat/asyncapi.yaml).

Chaque événement est un CloudEvent 1.0 en JSON, en mode structuré. Une forme s'enrichit sans changer de version ; une
autre forme est un nouveau type `.v2`, à côté de l'ancien.
"""
_REGLES: Final = """
`id` et `source` désignent ensemble l'événement. Le même couple à nouveau, avec le même contenu, est un doublon et ne
change rien ; avec un autre contenu, il est refusé. Un événement refusé ne laisse pas de trace : son `id` peut revenir,
corrigé.

- **Identifiant** : 1 à 64 caractères parmi `A-Z a-z 0-9 - _ .`, unique au sein d'une Caf.
- **Texte** : 1 à 200 caractères, sans caractère de contrôle.
- **NIR** : aucun identifiant ni texte ne peut y ressembler, séparateurs retirés ; la clé n'est pas vérifiée.
- **Instant** : `AAAA-MM-JJThh:mm:ss[.f](Z|±hh:mm)`, date réelle, années 1970 à 2100. Le jour est celui de Paris.
- **`time`** : au plus 5 minutes après la réception ; l'instant métier est au plus 5 minutes après `time`.
- **Montant** : nombre entier de centimes, sans fraction ni exposant (`1.0` est refusé).
- Un type inconnu, un membre inconnu dans `data`, `null` dans `data` ou dans un attribut ci-dessus, `data_base64` :
  refusés. Les autres attributs CloudEvents sont admis et ignorés.

Un schéma JSON ne sait dire ni `1.0` (pour lui un entier), ni ce qui dépend d'une horloge ou de deux membres (`time`,
instant métier), ni les doublons : sur ces points la porte décide.
"""

_TRAVAIL: Final = """
## Les corbeilles

Ce que publient les services qui distribuent du travail, Production et Recouvrement, dans leur propre journal.
"""

_SUJETS: Final = """
## Les sujets Kafka

Le mode réparti fait passer les événements par ces sujets, que crée `ecluse topics create`. Le nombre de partitions d'un
sujet ne change pas : un autre nombre est une autre génération, donc un autre sujet.
"""
_JOURNAUX: Final = """
## Les journaux dans Kafka

Le journal d'un service est son sujet. La clé est `caf|subject`, la valeur l'événement, et chaque enregistrement porte
les en-têtes ci-dessous. Le même enregistrement peut arriver deux fois, avec la même position : un lecteur n'applique
que ce dont `ecluse-precedent` est la dernière position qu'il a appliquée dans la partition. Les deux types qui suivent
parlent du journal lui-même ; ils n'appartiennent à aucune Caf, et n'ont ni `subject` ni `caf`.
"""


def reference() -> str:
    """The page, in Markdown."""
    attributs = [[f"`{nom}`", sens] for nom, sens in ATTRIBUTS.items()]
    parties = [_ENTETE, "\n## L'enveloppe\n", _table(["attribut", "sens"], attributs), _REGLES]
    for service in SERVICES:
        parties.append(f"\n## {LIBELLES[service]}\n")
        parties.extend(_front_office(t) for t in types_of(service))
        parties.extend(_movement(PUBLICATIONS[m.type]) for m in MOUVEMENTS.values() if m.service == service)
    parties.append(_TRAVAIL)
    parties.extend(_gesture(p) for nom, p in PUBLICATIONS.items() if nom not in MOUVEMENTS and p.d_un_dossier)
    parties.append(_SUJETS)
    parties.append(_table(["sujet", "contenu", "qui écrit", "clé", "partitions", "gardé"], map(_topic, SUJETS)))
    parties.append(_JOURNAUX)
    parties.append(_table(["en-tête", "sens"], [[f"`{nom}`", sens] for nom, sens in ENTETES.items()]))
    parties.extend(_gesture(p) for p in PUBLICATIONS.values() if not p.d_un_dossier)
    parties.append("\n### L'élément de `lignee`\n" + _members("membre", Maillon, JOURNAL))
    parties.append("\n## Les listes\n")
    parties.extend(_list(liste) for liste in _lists(TYPES.values()))
    return "".join(parties)


def _front_office(type_: TypeEvenement) -> str:
    lignes = [
        [f"`{m.nom}`", "oui" if m.requis else _otherwise(m), MEMBRES[m.nom], _form(m)]
        for m in members_of(type_.donnees)
    ]
    return f"\n### `{type_.type}`\n\n{type_.resume}\n" + _table(["membre", "requis", "sens", "forme"], lignes)


def _otherwise(membre: Membre) -> str:
    return "non" if membre.defaut is None else f"non, vaut `{membre.defaut}`"


def _form(membre: Membre) -> str:
    if not membre.valeurs:
        return GENRES[membre.genre]
    nom = type(membre.valeurs[0]).__name__
    return f"[{nom}](#{nom.lower()})"


def _movement(publication: Publication) -> str:
    image = MOUVEMENTS[publication.type].image
    return (
        f"\n### `{publication.type}`\n\n{publication.resume} `data` porte `objet`, `avant` et `apres` ; une image est\n"
        "`null` quand la chose n'est pas comptée. Les jours sont ceux de Paris, `AAAA-MM-JJ`.\n"
        + _members("membre de l'image", image, publication.sens)
    )


def _gesture(publication: Publication) -> str:
    return f"\n### `{publication.type}`\n\n{publication.resume}\n" + _members(
        "membre", publication.donnees, publication.sens
    )


def _topic(sujet: Sujet) -> list[str]:
    garde = "toujours" if sujet.retention_ms is None else f"{sujet.retention_ms // 3_600_000} h"
    return [f"`{sujet.nom()}`", sujet.contenu, sujet.proprietaire, f"`{sujet.cle}`", str(sujet.partitions), garde]


def _members(titre: str, classe: type[msgspec.Struct], sens: dict[str, str]) -> str:
    lignes = [
        [f"`{c.encode_name}`", "oui" if c.required else "non", sens[c.encode_name]]
        for c in msgspec.structs.fields(classe)
    ]
    return _table([titre, "requis", "sens"], lignes)


def _lists(types: Iterable[TypeEvenement]) -> list[type[Liste]]:
    listes = {type(m.valeurs[0]) for t in types for m in members_of(t.donnees) if m.valeurs}
    return sorted(listes, key=lambda liste: liste.__name__)


def _list(liste: type[Liste]) -> str:
    return f"\n### {liste.__name__}\n" + _table(["valeur", "libellé"], [[f"`{v.value}`", v.libelle] for v in liste])


def _table(titres: Sequence[str], lignes: Iterable[Sequence[str]]) -> str:
    rangs = [titres, ["---"] * len(titres), *lignes]
    return "\n" + "".join(f"| {' | '.join(rang)} |\n" for rang in rangs)
