"""The libraries of Apache Kafka, fetched once from Maven Central."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.infra.processus import ServeurAbsent

VERSION = "4.3.1"
_COPIER = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>ecluse.tests</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""


def kafka_jars() -> Path:
    """The folder of the libraries, fetched if this machine does not have them yet.

    Raises:
        ServeurAbsent: they are not here and cannot be fetched.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ecluse"
    jars = cache / f"kafka-{VERSION}"
    if jars.is_dir():
        return jars
    cache.mkdir(parents=True, exist_ok=True)
    # Two test processes that start together fetch once.
    with (cache / "kafka.verrou").open("w") as verrou:
        fcntl.flock(verrou, fcntl.LOCK_EX)
        if not jars.is_dir():
            _fetch(jars)
    return jars


def _fetch(jars: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ServeurAbsent("Kafka absent et Maven manque pour l'obtenir : apt-get install maven, puis make serveurs")
    with tempfile.TemporaryDirectory(dir=jars.parent) as travail:
        pom = Path(travail, "pom.xml")
        pom.write_text(_POM)
        # -C: a file whose checksum is wrong is refused.
        commande = [maven, "-q", "-B", "-C", "-f", str(pom), _COPIER, "-DincludeScope=runtime"]
        fin = subprocess.run(
            [*commande, f"-DoutputDirectory={travail}/jars"], capture_output=True, text=True, check=False
        )
        if fin.returncode:
            cause = (fin.stdout + fin.stderr).strip().splitlines()
            raise ServeurAbsent(
                f"Kafka {VERSION} n'a pas pu être obtenu par Maven ({cause[0] if cause else 'sans message'}) : "
                "vérifiez le réseau, puis make serveurs"
            )
        Path(travail, "jars").rename(jars)
