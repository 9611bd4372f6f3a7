"""A real S3 server: versitygw over a folder. A bucket is a folder in it."""

from pathlib import Path

from .loopback import is_well
from .places import CACHE, installed, versions
from .process import Process

NAME = "s3"
PORTS = ["http"]
BUCKET = "telemetry"
REGION = "us-east-1"
# For a server on loopback that lives as long as a test: no secret.
ACCESS_KEY, SECRET_KEY = "test-access-key", "test-secret-key"


def prepare(folder: Path, chosen: dict[str, int], options: dict) -> None:
    (folder / "data" / BUCKET).mkdir(parents=True, exist_ok=True)


def command(folder: Path, chosen: dict[str, int], options: dict) -> tuple[list[str], dict[str, str]]:
    server = installed(CACHE / f"versitygw-{versions()['VERSITYGW_VERSION']}" / "versitygw")
    listen = ["--port", f"127.0.0.1:{chosen['http']}", "--region", REGION, "--quiet", "--keep-alive", "--health", "/health"]
    environment = {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY}
    return [str(server), *listen, "posix", "--disableotmp", str(folder / "data")], environment


def ready(process: Process, folder: Path) -> bool:
    return process.listens(process.ports["http"]) and is_well(f"{endpoint(process.ports)}/health")


def after_ready(process: Process, folder: Path) -> None:
    """Nothing to arrange: the bucket is there from the start."""


def describe(chosen: dict[str, int]) -> dict[str, str]:
    return {
        "s3_endpoint": endpoint(chosen),
        "s3_bucket": BUCKET,
        "s3_access_key": ACCESS_KEY,
        "s3_secret_key": SECRET_KEY,
        "s3_region": REGION,
    }


def endpoint(chosen: dict[str, int]) -> str:
    return f"http://127.0.0.1:{chosen['http']}"
