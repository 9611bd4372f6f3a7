"""One server process: started in its own session, remembered in a file, and signalled only if it is still itself."""

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

STOP_WAIT_S = 20.0
POLL_S = 0.02


@dataclass
class Process:
    """What is needed to find, check and restart a process. `started_ticks` is field 22 of /proc/PID/stat: a process
    id may be given to another program later, the pair of both may not."""

    part: str
    argv: list[str]
    environment: dict[str, str]
    ports: dict[str, int]
    log: str
    pid: int = 0
    started_ticks: int = 0

    @staticmethod
    def load(folder: Path) -> "Process | None":
        try:
            return Process(**json.loads((folder / "process.json").read_text()))
        except FileNotFoundError:
            return None

    def save(self, folder: Path) -> None:
        write_whole(folder / "process.json", asdict(self))

    def start(self, folder: Path) -> None:
        with open(self.log, "ab") as log:
            child = subprocess.Popen(
                self.argv,
                cwd=folder,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pid = child.pid
        self.started_ticks = stat(child.pid)[1]
        self.save(folder)

    def alive(self) -> bool:
        """A zombie counts as dead: it waits for a parent that may never ask."""
        state, ticks = stat(self.pid)
        return bool(self.pid) and state not in ("", "Z", "X") and ticks == self.started_ticks

    def paused(self) -> bool:
        return self.alive() and stat(self.pid)[0] == "T"

    def listens(self, port: int) -> bool:
        """Whether this very process listens on the port, so that a stranger's server is never taken for ours."""
        sockets = set()
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            try:
                lines = Path(table).read_text().splitlines()[1:]
            except FileNotFoundError:
                continue
            for fields in (line.split() for line in lines):
                if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    sockets.add(f"socket:[{fields[9]}]")
        return bool(sockets) and any(link in sockets for link in open_files(self.pid))

    def send(self, number: signal.Signals) -> None:
        """To the whole process group: the session has no other members than this server and what it started."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def stop(self, wait_s: float = STOP_WAIT_S) -> None:
        """SIGTERM, then SIGKILL to whatever is still there after `wait_s`."""
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)
        if not self.wait_gone(wait_s):
            self.kill()

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        self.wait_gone(STOP_WAIT_S)

    def wait_gone(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True

    def log_tail(self, lines: int = 15) -> str:
        try:
            return "\n".join(Path(self.log).read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""


def stat(pid: int) -> tuple[str, int]:
    """State letter and start time of a process; ('', 0) when there is none."""
    try:
        # The second field is the program's name in parentheses and may hold anything: read after the last one.
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return "", 0
    return fields[0], int(fields[19])


def open_files(pid: int) -> list[str]:
    links = []
    try:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            try:
                links.append(os.readlink(entry.path))
            except OSError:
                continue
    except OSError:
        return []
    return links


def write_whole(path: Path, content: dict) -> None:
    """A reader sees the old file or the new one, never a piece."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(temporary, path)
