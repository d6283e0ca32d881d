"""What somebody holds now: where a person goes on after a reload, a crash of the browser, a lunch."""

from sqlalchemy import and_, select

from shared.corbeille.regles import Item
from shared.corbeille.service import Corbeilles, Pris
from shared.corbeille.store import BAIL, COLONNES, ELEMENT
from shared.temps import to_jour


def read_held(corbeilles: Corbeilles, titulaire: str) -> list[Pris]:
    """The items that ``titulaire`` holds, the lease that ends first on top.

    An item that the facts have taken out of its corbeille since is not among them: there is nothing left to do on it.
    """
    now = corbeilles.service.reglages.clock()
    ici = and_(ELEMENT.c.cle == BAIL.c.cle, ELEMENT.c.corbeille == BAIL.c.corbeille)
    requete = (
        select(BAIL.c.jeton, BAIL.c.prise_le, BAIL.c.fin, *COLONNES)
        .join_from(BAIL, ELEMENT, ici)
        .where(BAIL.c.titulaire == titulaire, BAIL.c.fin > now)
        .order_by(BAIL.c.fin, BAIL.c.cle)
    )
    with corbeilles.service.lecture.connect() as connexion:
        lignes = connexion.execute(requete).all()
    tenus = []
    for jeton, prise_le, fin, *colonnes in lignes:
        item = Item(*colonnes)
        tenus.append(Pris(item, *corbeilles.rank(item, to_jour(now)), titulaire, jeton, prise_le, fin))
    return tenus
