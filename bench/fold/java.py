"""Kafka Streams: its libraries from Maven Central, our program compiled against them."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.infra.jars import VERSION, fetch_jars
from tests.infra.processus import ServeurAbsent

PROGRAMME: Final = Path(__file__).with_name("Flux.java")
_DEPENDANCES: Final = (
    f"org.apache.kafka:kafka-streams:{VERSION}",
    "com.fasterxml.jackson.core:jackson-databind:2.21.2",
    "org.slf4j:slf4j-simple:1.7.36",
)


def compile_streams(dossier: Path) -> list[str]:
    """Compile the program into a folder; the command that runs it, without its arguments. Raises ``ServeurAbsent``."""
    java, javac = shutil.which("java"), shutil.which("javac")
    if java is None or javac is None:
        raise ServeurAbsent("Java absent : apt-get install openjdk-17-jdk-headless")
    chemin = f"{fetch_jars(f'kafka-streams-{VERSION}', _DEPENDANCES)}/*"
    fin = subprocess.run(
        [javac, "-cp", chemin, "-d", str(dossier), str(PROGRAMME)], capture_output=True, text=True, check=False
    )
    if fin.returncode:
        raise ServeurAbsent(f"Flux.java ne se compile pas :\n{fin.stdout}{fin.stderr}")
    muet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"
    return [java, "-Xmx2g", muet, "-cp", f"{dossier}:{chemin}", "Flux"]
