"""What a file of events is worth before it is imported: ``ecluse verify FILE``."""

from ecluse.verification.compte import verify
from ecluse.verification.rapport import Rapport
from ecluse.verification.tableau import print_report

__all__ = ["Rapport", "print_report", "verify"]
