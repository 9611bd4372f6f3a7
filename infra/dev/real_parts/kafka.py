"""A real Apache Kafka: one KRaft node, broker and controller in one process."""

import os
import subprocess
import tempfile
from pathlib import Path

from . import kafka_admin, ports
from .places import DEV, PartsError, java, kafka_class_archive, kafka_classpath
from .process import Process

NAME = "kafka"
PORTS = ["broker", "controller"]
HEAP = ["-Xms256m", "-Xmx512m"]
COLLECTOR_PAUSES = ["-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-Djava.awt.headless=true"]
# The quick compiler only: a test's broker is up in half the time and never runs long enough to miss the other.
QUICK_START = ["-XX:TieredStopAtLevel=1"]

# Java writes the archive when it ends: 3 s on a quiet machine.
ARCHIVE_WAIT_S = 240.0

PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
log.dirs={data}
num.partitions=4
auto.create.topics.enable=false
log.segment.bytes=67108864
# Retention goes by the records' own times, and tests send old ones.
log.retention.ms=-1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# After SIGKILL the controller refuses the restarted broker until the dead one's session is over (default 9 s).
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
# Quick hand-over between consumers: the defaults are 5 s heartbeats and 45 s sessions, and the minima must come down too.
group.initial.rebalance.delay.ms=0
group.consumer.min.heartbeat.interval.ms=500
group.consumer.heartbeat.interval.ms=500
group.consumer.min.session.timeout.ms=6000
group.consumer.session.timeout.ms=6000
group.min.session.timeout.ms=2000
"""


def jvm(options: list[str], main: str, *arguments: str) -> list[str]:
    log4j = f"-Dlog4j2.configurationFile=file:{DEV}/kafka/log4j2.properties"
    return [java(), *options, log4j, "-cp", kafka_classpath(), main, *arguments]


def prepare(folder: Path, chosen: dict[str, int], options: dict) -> None:
    """Writes the configuration and formats the log folder."""
    properties = folder / "server.properties"
    properties.write_text(PROPERTIES.format(data=folder / "data", **chosen))
    cluster_id = "Q3VzdG9tZXJUZWxlbWV0cg"  # any 16 bytes in base64
    arguments = ["format", "--standalone", "-t", cluster_id, "-c", str(properties)]
    archive = class_archive_options() + QUICK_START
    done = subprocess.run(jvm(archive, "kafka.tools.StorageTool", *arguments), capture_output=True, text=True)
    if done.returncode:
        raise PartsError(f"formatting {folder}/data failed:\n{done.stdout}{done.stderr}")


def command(folder: Path, chosen: dict[str, int], options: dict) -> tuple[list[str], dict[str, str]]:
    start = [] if options.get("bench") else QUICK_START
    settings = HEAP + COLLECTOR_PAUSES + start + class_archive_options()
    return jvm(settings, "kafka.Kafka", str(folder / "server.properties")), {}


def ready(process: Process, folder: Path) -> bool:
    return process.listens(process.ports["broker"]) and kafka_admin.answers(bootstrap(process.ports))


def after_ready(process: Process, folder: Path) -> None:
    """Nothing to arrange: topics are made by whoever needs them."""


def describe(chosen: dict[str, int]) -> dict[str, str]:
    return {"kafka_bootstrap": bootstrap(chosen)}


def bootstrap(chosen: dict[str, int]) -> str:
    return f"127.0.0.1:{chosen['broker']}"


def class_archive_options() -> list[str]:
    archive = kafka_class_archive()
    return [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []


def make_class_archive(wait_ready) -> Path:
    """Runs a throw-away broker once and lets Java write down the classes that it loaded (AppCDS)."""
    archive = kafka_class_archive()
    with tempfile.TemporaryDirectory(prefix="ct-kafka-") as temporary:
        folder = Path(temporary)
        chosen = ports.pick(PORTS)
        prepare(folder, chosen, {})
        unfinished = archive.with_suffix(f".{os.getpid()}.tmp")
        argv, environment = command(folder, chosen, {})
        process = Process(NAME, [argv[0], f"-XX:ArchiveClassesAtExit={unfinished}", *argv[1:]], environment, chosen, str(folder / "log"))
        process.start(folder)
        try:
            wait_ready(process, folder)
        finally:
            process.stop(ARCHIVE_WAIT_S)
        if not unfinished.exists():
            raise PartsError(f"Java wrote no class archive:\n{process.log_tail()}")
        os.replace(unfinished, archive)
    return archive
