"""The registry: every indicator as data, by code, in the order in which they are shown."""

from typing import Final

from services.indicators.registre.base import Indicateur
from services.indicators.registre.contacts import CONTACTS
from services.indicators.registre.pieces import PIECES
from services.indicators.registre.qualite import QUALITE
from services.indicators.registre.recouvrement import RECOUVREMENT
from services.indicators.registre.saisis import SAISIS

REGISTRE: Final[dict[str, Indicateur]] = {i.code: i for i in (*PIECES, *QUALITE, *CONTACTS, *RECOUVREMENT, *SAISIS)}
