"""``python -m tests.mutants [MOT…]``: known bugs are seeded one by one, and the suite must see each of them."""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tests.mutants.banc import MUTANTS, check_sane, judge

EN_MEME_TEMPS: Final = 2


def main() -> int:
    """Judge the mutants whose name holds one of the words (none: all); exit code 1 when one survives."""
    lecture = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    lecture.add_argument("mots", nargs="*", help="seulement les mutants dont le nom contient l'un de ces mots")
    mots = lecture.parse_args().mots
    choisis = [m for m in MUTANTS if not mots or any(mot in m.nom for mot in mots)]
    print(f"{'mutant':48} {'vu par':80} secondes")
    survivants = 0
    with ThreadPoolExecutor(EN_MEME_TEMPS) as fils:
        sain = fils.submit(check_sane, choisis)
        for mutant, verdict in zip(choisis, fils.map(judge, choisis), strict=True):
            survivants += not verdict.vu
            print(f"{mutant.nom:48} {verdict.par:80} {verdict.secondes:8.1f}", flush=True)
    temoin = sain.result()
    print(f"{'aucun (le programme tel quel)':48} {temoin.par:80} {temoin.secondes:8.1f}")
    print(f"{len(choisis)} mutants, {survivants} survivants")
    return 0 if temoin.vu and not survivants else 1


if __name__ == "__main__":
    sys.exit(main())
