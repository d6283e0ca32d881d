"""Émet une pièce arrivée vers Écluse, à travers un spool durable : ni coupure ni arrêt brutal ne la perd.

python emettre.py http://127.0.0.1:8080 data/local-token
ECLUSE_URL=https://ecluse.example ECLUSE_JETON=… python emettre.py

Le spool est le dossier ECLUSE_SPOOL (./spool-exemple par défaut). Sort avec 0 si la porte a répondu pour tout
ce qui attendait, sans rien refuser.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import msgspec

from ecluse.emission import Emitter


def main() -> int:
    """Emit one event, wait for the answer of the door, print where the spool stands."""
    arguments = sys.argv[1:]
    url = arguments[0] if arguments else os.environ["ECLUSE_URL"]
    jeton = Path(arguments[1]).read_text().strip() if arguments[1:] else os.environ["ECLUSE_JETON"]
    with Emitter(os.environ.get("ECLUSE_SPOOL", "spool-exemple"), url, jeton) as emetteur:
        emetteur.emit(
            type="fr.caf.piece.arrivee.v1",
            source="/exemples/python",
            subject="D-exemple",
            caf="091",
            data={
                "piece": f"P-{uuid4()}",
                "nature": "demande_rsa",
                "canal": "web",
                "arrivee_le": datetime.now(UTC).isoformat(),
                "minima_sociaux": True,
            },
        )
        # Rien n'oblige à attendre : ce qui n'est pas parti part à la prochaine ouverture du même dossier.
        parti = emetteur.flush(timeout=10)
        etat = emetteur.etat()
    print(msgspec.json.encode(etat).decode())
    return 0 if parti and not etat.refuses else 1


if __name__ == "__main__":
    sys.exit(main())
