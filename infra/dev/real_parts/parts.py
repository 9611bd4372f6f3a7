"""The parts of one folder: start, stop, and the faults that tests inflict on them.

DIR/parts.json names the addresses and process ids; DIR/NAME/ holds a part's configuration, data, log and process.json.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from . import haproxy, kafka, ports, registry, s3
from .places import PartsError
from .process import POLL_S, Process, write_whole

PARTS = {module.NAME: module for module in (kafka, registry, s3, haproxy)}
# A JVM on a loaded two-core machine; on a quiet one it is 1 to 4 s.
READY_WAIT_S = 240.0
# Another program may take a port between our look and the server's own bind.
START_ATTEMPTS_MAX = 3


class Parts:
    def __init__(self, folder: Path):
        self.folder = folder.resolve()

    def start(self, names: list[str], options: dict, fresh: bool = False) -> None:
        """Starts what does not run yet, all at once, and returns when every one answers. A stopped part comes back
        with its ports and data unless `fresh`."""
        with self.locked():
            self.each(names, lambda name: self.start_one(name, options, fresh))

    def stop(self, names: list[str]) -> None:
        with self.locked():
            self.each(names or self.known(), self.stop_one)

    def kill(self, names: list[str]) -> None:
        with self.locked():
            for name in names:
                self.running(name).kill()
                say(name, "killed")
            self.write_addresses()

    def restart(self, names: list[str]) -> None:
        with self.locked():
            self.each(names, self.restart_one)

    def pause(self, names: list[str]) -> None:
        self.signal(names, signal.SIGSTOP, "paused")

    def resume(self, names: list[str]) -> None:
        self.signal(names, signal.SIGCONT, "resumed")

    def signal(self, names: list[str], number: signal.Signals, done: str) -> None:
        with self.locked():
            for name in names:
                self.running(name).send(number)
                say(name, done)

    def status(self, names: list[str]) -> None:
        for name in names or self.known():
            process = self.process(name)
            state = "paused" if process.paused() else "running" if process.alive() else "stopped"
            where = next(iter(PARTS[name].describe(process.ports).values()))
            say(name, f"{state:8} pid {process.pid:<8} {where}   log {process.log}")

    def around(self, names: list[str], options: dict, fresh: bool, argv: list[str]) -> int:
        """Runs a command while the parts run; they are stopped even when it is interrupted."""

        def interrupted(number, _frame):
            raise SystemExit(128 + number)

        signal.signal(signal.SIGTERM, interrupted)
        try:
            self.start(names, options, fresh)
            environment = {**os.environ, "CT_PARTS": str(self.folder / "parts.json")}
            return subprocess.run(argv, env=environment).returncode
        finally:
            self.stop(names)

    def address(self, key: str) -> str:
        try:
            return json.loads((self.folder / "parts.json").read_text())[key]
        except (FileNotFoundError, KeyError):
            raise PartsError(f"{self.folder}/parts.json names no {key}: start the part first, or give its --dir") from None

    def start_one(self, name: str, options: dict, fresh: bool) -> None:
        folder = self.folder / name
        process = Process.load(folder)
        if process and process.alive():
            if not fresh:
                return say(name, f"runs already, pid {process.pid}")
            process.stop()
        if fresh and folder.exists():
            shutil.rmtree(folder)
            process = None
        started = time.monotonic()
        if process:
            self.start_again(process, folder)
        else:
            process = self.start_new(name, folder, options)
        PARTS[name].after_ready(process, folder)
        where = next(iter(PARTS[name].describe(process.ports).values()))
        say(name, f"answers at {where} after {time.monotonic() - started:.1f} s, pid {process.pid}")

    def start_new(self, name: str, folder: Path, options: dict) -> Process:
        part = PARTS[name]
        for attempt in range(1, START_ATTEMPTS_MAX + 1):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            chosen = ports.pick(part.PORTS)
            part.prepare(folder, chosen, options)
            argv, environment = part.command(folder, chosen, options)
            process = Process(name, argv, environment, chosen, str(folder / "log"))
            process.start(folder)
            try:
                wait_ready(process, folder)
                return process
            except PartsError:
                process.kill()
                taken = [port for port in chosen.values() if not ports.is_free(port)]
                (folder / "process.json").unlink()  # the log stays, to be read
                if not taken or attempt == START_ATTEMPTS_MAX:
                    raise
                say(name, f"port {taken[0]} was taken meanwhile; trying others")
        raise AssertionError("the last attempt returned or raised")

    def start_again(self, process: Process, folder: Path) -> None:
        taken = [port for port in process.ports.values() if not ports.is_free(port)]
        if taken:
            raise PartsError(f"port {taken[0]} of {process.part} is taken by another program meanwhile; end that one, or start with --fresh")
        process.start(folder)
        try:
            wait_ready(process, folder)
        except PartsError:
            process.kill()
            raise

    def restart_one(self, name: str) -> None:
        self.process(name).stop()
        self.start_one(name, {}, fresh=False)

    def stop_one(self, name: str) -> None:
        process = Process.load(self.folder / name)
        if process and process.alive():
            process.stop()
            say(name, "stopped")

    def each(self, names: list[str], action) -> None:
        """In parallel; every part is tried before the first error is raised, and parts.json is written either way."""
        with ThreadPoolExecutor(len(PARTS)) as pool:
            tried = [pool.submit(action, name) for name in dict.fromkeys(names)]
        self.write_addresses()
        for attempt in tried:
            attempt.result()

    def write_addresses(self) -> None:
        """Addresses stay while a part is down: it comes back at the same one. `pids` names only what runs."""
        content: dict = {"pids": {}}
        for name in self.known():
            process = self.process(name)
            content.update(PARTS[name].describe(process.ports))
            if process.alive():
                content["pids"][name] = process.pid
        write_whole(self.folder / "parts.json", content)

    def known(self) -> list[str]:
        return [name for name in PARTS if Process.load(self.folder / name)]

    def process(self, name: str) -> Process:
        process = Process.load(self.folder / name)
        if not process:
            raise PartsError(f"{name} was never started in {self.folder}; `parts start {name}` starts it")
        return process

    def running(self, name: str) -> Process:
        process = self.process(name)
        if not process.alive():
            raise PartsError(f"{name} does not run; `parts restart {name}` starts it")
        return process

    @contextmanager
    def locked(self):
        """One command at a time on a folder: a test's fault injection and its clean-up may overlap."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def wait_ready(process: Process, folder: Path) -> None:
    deadline = time.monotonic() + READY_WAIT_S
    while process.alive():
        if PARTS[process.part].ready(process, folder):
            return
        if time.monotonic() > deadline:
            raise PartsError(f"{process.part} did not answer within {READY_WAIT_S:.0f} s; the end of {process.log}:\n{process.log_tail()}")
        time.sleep(POLL_S)
    raise PartsError(f"{process.part} ended while starting; the end of {process.log}:\n{process.log_tail()}")


def say(name: str, what: str) -> None:
    print(f"{name:9} {what}", file=sys.stderr, flush=True)
