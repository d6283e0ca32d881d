"""Why an arrêté is not taken, or not told."""

from services.indicators.rules import QuestionRefusee
from shared.runtime.ecrivain import Refuse


class ArreteInconnu(Refuse):
    """No arrêté has this id, or none is of this period."""

    probleme, statut = "arrete-inconnu", 404


class PasAJour(Refuse):
    """What was accepted is not all in the figures."""

    probleme, statut = "chiffres-pas-a-jour", 409


class PeriodeNonTerminee(Refuse):
    """The period is not over, and no provisional arrêté was asked for."""

    probleme, statut = "periode-non-terminee", 409


class DejaArrete(Refuse):
    """The period is frozen already, and no reason was given to do it again."""

    probleme, statut = "deja-arrete", 409


class ArreteEntreTemps(Refuse):
    """Another arrêté of the Caf was taken since the asker looked."""

    probleme, statut = "arrete-entre-temps", 409


class JournalRestaure(Refuse):
    """A log is not the one that the arrêté counted: what came since can not be told."""

    probleme, statut = "journal-restaure", 409


class SansDetail(Refuse):
    """The figure is no sum over objects: no movement has a part in it."""

    probleme, statut = "sans-detail", 409


class HorsArrete(Refuse):
    """The arrêté has no figure of this code."""

    probleme, statut = "hors-arrete", 404


class CafAPreciser(QuestionRefusee):
    """Several Cafs are known, or none."""

    probleme = "caf-a-preciser"


class RienAArreter(QuestionRefusee):
    """Nothing is counted of this Caf in this period."""

    probleme = "rien-a-arreter"
