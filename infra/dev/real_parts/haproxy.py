"""A real load balancer, Debian's HAProxy, in front of collectors that tests start and kill."""

import string
from pathlib import Path

from .places import DEV, PartsError, program
from .process import Process

NAME = "haproxy"
PORTS = ["http", "metrics"]
BALANCE = ("leastconn", "roundrobin")


def prepare(folder: Path, chosen: dict[str, int], options: dict) -> None:
    backends = options.get("backends") or []
    if not backends:
        raise PartsError("haproxy needs --backend HOST:PORT,HOST:PORT: the collectors that it shares the requests among")
    servers = "\n".join(f"    server collector-{number} {address}" for number, address in enumerate(backends, 1))
    template = string.Template((DEV / "haproxy.cfg.template").read_text())
    filled = template.substitute(chosen, balance=options.get("balance") or BALANCE[0], servers=servers)
    (folder / "haproxy.cfg").write_text(filled)


def command(folder: Path, chosen: dict[str, int], options: dict) -> tuple[list[str], dict[str, str]]:
    # -db: one process in the foreground, no workers to lose track of.
    return [program("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")], {}


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
