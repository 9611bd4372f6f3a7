"""A real schema registry: Apicurio with its Confluent API, kept in an H2 file."""

import json
import urllib.error
import urllib.request
from pathlib import Path

from .loopback import DIRECT
from .places import CACHE, PartsError, installed, java_for_registry, versions
from .process import Process

# Only a broken registry takes so long, however busy the machine.
ANSWER_WAIT_S = 60.0
NAME = "registry"
PORTS = ["http", "management"]
JVM = ["-Xmx384m", "-XX:TieredStopAtLevel=1"]
# Apicurio's own default is NONE: incompatible schemas would be accepted.
COMPATIBILITY = "BACKWARD"


def prepare(folder: Path, chosen: dict[str, int], options: dict) -> None:
    (folder / "data").mkdir(exist_ok=True)


def command(folder: Path, chosen: dict[str, int], options: dict) -> tuple[list[str], dict[str, str]]:
    jar = installed(CACHE / f"apicurio-{versions()['APICURIO_VERSION']}" / "quarkus-run.jar")
    settings = {
        "quarkus.http.host": "127.0.0.1",
        "quarkus.http.port": chosen["http"],
        # Its default is port 9000 on every address.
        "quarkus.management.host": "127.0.0.1",
        "quarkus.management.port": chosen["management"],
        # H2 writes a commit up to half a second after its answer unless told otherwise, and SIGKILL loses what it holds.
        "apicurio.datasource.url": f"jdbc:h2:file:{folder}/data/registry;DB_CLOSE_ON_EXIT=FALSE;WRITE_DELAY=0",
        "apicurio.datasource.jdbc.initial-size": 2,
        "apicurio.datasource.jdbc.min-size": 2,
        "apicurio.datasource.jdbc.max-size": 10,
        "quarkus.datasource.h2.jdbc.acquisition-timeout": 60,
    }
    return [java_for_registry(), *JVM, *(f"-D{key}={value}" for key, value in settings.items()), "-jar", str(jar)], {}


def ready(process: Process, folder: Path) -> bool:
    """HTTP answers earlier than the subjects are there; the health check does not."""
    if not process.listens(process.ports["http"]) or not process.listens(process.ports["management"]):
        return False
    try:
        call("GET", f"http://127.0.0.1:{process.ports['management']}/health/ready")
        call("GET", f"{url(process.ports)}/subjects")
        return True
    except OSError:
        return False


def after_ready(process: Process, folder: Path) -> None:
    call("PUT", f"{url(process.ports)}/config", {"compatibility": COMPATIBILITY})
    kept = call("GET", f"{url(process.ports)}/config")
    if COMPATIBILITY not in kept.values():
        raise PartsError(f"the registry did not keep the compatibility {COMPATIBILITY}: it says {kept}")


def describe(chosen: dict[str, int]) -> dict[str, str]:
    return {"registry_url": url(chosen)}


def url(chosen: dict[str, int]) -> str:
    return f"http://127.0.0.1:{chosen['http']}/apis/ccompat/v7"


def call(method: str, address: str, body: dict | None = None):
    request = urllib.request.Request(address, method=method, data=json.dumps(body).encode() if body else None)
    request.add_header("Content-Type", "application/vnd.schemaregistry.v1+json")
    with DIRECT.open(request, timeout=ANSWER_WAIT_S) as answer:
        return json.loads(answer.read() or b"null")
