"""A real load balancer, Debian's HAProxy, in front of collectors that tests start and kill.

The rules are those of a real installation, infra/haproxy/edge.cfg; only the addresses are the test's own.
"""

from pathlib import Path

from .places import ROOT, PartsError, program
from .process import Process

NAME = "haproxy"
PORTS = ["http", "metrics"]
BALANCE = ("leastconn", "roundrobin")
RULES = ROOT / "infra" / "haproxy" / "edge.cfg"


def prepare(folder: Path, chosen: dict[str, int], options: dict) -> None:
    addresses = options.get("backends") or []
    if not addresses:
        raise PartsError("haproxy needs --backend HOST:PORT,HOST:PORT: the collectors that it shares the requests among")
    servers = [f"server collector-{number} {address}" for number, address in enumerate(addresses, 1)]
    backend = ["backend collectors from checked-collectors", f"balance {options.get('balance') or BALANCE[0]}", *servers]
    (folder / "collectors.cfg").write_text("\n    ".join(backend) + "\n")


def command(folder: Path, chosen: dict[str, int], options: dict) -> tuple[list[str], dict[str, str]]:
    binds = {"EDGE_BIND": f"127.0.0.1:{chosen['http']}", "METRICS_BIND": f"127.0.0.1:{chosen['metrics']}"}
    # -db: one process in the foreground, no workers to lose track of.
    return [program("haproxy"), "-db", "-f", str(RULES), "-f", str(folder / "collectors.cfg")], binds


def ready(process: Process, folder: Path) -> bool:
    """Listening, that is: the collectors behind it may come later."""
    return all(process.listens(port) for port in process.ports.values())


def after_ready(process: Process, folder: Path) -> None:
    """Nothing to arrange."""


def describe(chosen: dict[str, int]) -> dict[str, str]:
    return {
        "haproxy_url": f"http://127.0.0.1:{chosen['http']}",
        "haproxy_metrics_url": f"http://127.0.0.1:{chosen['metrics']}/metrics",
    }
