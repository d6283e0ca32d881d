"""The libraries of Apache Kafka, and others in Java, fetched once from Maven Central."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.infra.processus import ServeurAbsent

VERSION = "4.3.1"
_COPIER = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>ecluse.tests</groupId>
  <artifactId>bibliotheques</artifactId>
  <version>1</version>
  <dependencies>{}</dependencies>
</project>
"""
_DEPENDANCE = """
    <dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"""
_KAFKA = (f"org.apache.kafka:kafka_2.13:{VERSION}", "org.slf4j:slf4j-simple:1.7.36")


def kafka_jars() -> Path:
    """The libraries of the broker. See ``fetch_jars``."""
    return fetch_jars(f"kafka-{VERSION}", _KAFKA)


def fetch_jars(nom: str, dependances: Sequence[str]) -> Path:
    """A folder that holds libraries (``group:artifact:version``) and theirs, fetched if this machine lacks them.

    Raises:
        ServeurAbsent: they are not here and cannot be fetched.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ecluse"
    jars = cache / nom
    if jars.is_dir():
        return jars
    cache.mkdir(parents=True, exist_ok=True)
    # Two test processes that start together fetch once.
    with (cache / "kafka.verrou").open("w") as verrou:
        fcntl.flock(verrou, fcntl.LOCK_EX)
        if not jars.is_dir():
            _fetch(jars, dependances)
    return jars


def _fetch(jars: Path, dependances: Sequence[str]) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ServeurAbsent(
            f"{jars.name} absent et Maven manque pour l'obtenir : apt-get install maven, puis make serveurs"
        )
    with tempfile.TemporaryDirectory(dir=jars.parent) as travail:
        pom = Path(travail, "pom.xml")
        pom.write_text(_POM.format("".join(_DEPENDANCE.format(*d.split(":")) for d in dependances)))
        # -C: a file whose checksum is wrong is refused.
        commande = [maven, "-q", "-B", "-C", "-f", str(pom), _COPIER, "-DincludeScope=runtime"]
        fin = subprocess.run(
            [*commande, f"-DoutputDirectory={travail}/jars"], capture_output=True, text=True, check=False
        )
        if fin.returncode:
            cause = (fin.stdout + fin.stderr).strip().splitlines()
            raise ServeurAbsent(
                f"{jars.name} n'a pas pu être obtenu par Maven ({cause[0] if cause else 'sans message'}) : "
                "vérifiez le réseau, puis make serveurs"
            )
        Path(travail, "jars").rename(jars)
