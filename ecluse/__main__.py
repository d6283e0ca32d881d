"""``python -m ecluse``."""

from ecluse.cli import main

main()
