"""The few requests of Kafka's protocol that tests need, spoken directly: a Java tool would take seconds for each.

Versions are the last ones before the compact encoding; Kafka 4 still serves them (CreateTopics 2 to 7, DeleteTopics 1 to
6, DeleteRecords 0 to 2, Metadata 0 to 13).
"""

import socket
import struct
import time

from .places import PartsError

METADATA, METADATA_VERSION = 3, 1
CREATE_TOPICS, CREATE_TOPICS_VERSION = 19, 4
DELETE_TOPICS, DELETE_TOPICS_VERSION = 20, 3
DELETE_RECORDS, DELETE_RECORDS_VERSION = 21, 1
TOPIC_ALREADY_EXISTS = 36
HIGH_WATERMARK = -1
# Only a broken broker takes so long, however busy the machine.
ANSWER_WAIT_S = 60.0
CREATE_WAIT_MS = 30_000


class Answer:
    """Reads Kafka's fixed-width types from an answer, in order."""

    def __init__(self, content: bytes):
        self.content, self.position = content, 0

    def number(self, kind: str) -> int:
        (value,) = struct.unpack_from(f">{kind}", self.content, self.position)
        self.position += struct.calcsize(f">{kind}")
        return value

    def text(self) -> str | None:
        length = self.number("h")
        if length < 0:
            return None
        self.position += length
        return self.content[self.position - length : self.position].decode()

    def array(self, read) -> list:
        return [read() for _ in range(max(0, self.number("i")))]


def text(value: str) -> bytes:
    return struct.pack(">h", len(value.encode())) + value.encode()


def ask(bootstrap: str, api: int, version: int, body: bytes, wait_s: float = ANSWER_WAIT_S) -> Answer:
    host, port = bootstrap.rsplit(":", 1)
    request = struct.pack(">hhi", api, version, 1) + text("infra-dev-parts") + body
    try:
        with socket.create_connection((host, int(port)), timeout=wait_s) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            size = struct.unpack(">i", read_exactly(connection, 4))[0]
            answer = Answer(read_exactly(connection, size))
    except OSError as error:
        raise PartsError(f"Kafka does not answer at {bootstrap}: {error}; `parts status` says whether it runs") from error
    answer.number("i")  # correlation id
    return answer


def read_exactly(connection: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        piece = connection.recv(size - len(content))
        if not piece:
            raise ConnectionError("the broker closed the connection")
        content += piece
    return content


def partition_leaders(bootstrap: str, topic: str) -> list[int]:
    """The leader of each partition, −1 where there is none yet; empty when the topic is unknown."""
    answer = ask(bootstrap, METADATA, METADATA_VERSION, struct.pack(">i", 1) + text(topic))
    answer.array(lambda: (answer.number("i"), answer.text(), answer.number("i"), answer.text()))  # brokers
    answer.number("i")  # controller

    def partition() -> int:
        answer.number("h")
        answer.number("i")
        leader = answer.number("i")
        answer.array(lambda: answer.number("i"))  # replicas
        answer.array(lambda: answer.number("i"))  # in sync
        return leader

    topics = answer.array(lambda: (answer.number("h"), answer.text(), answer.number("b"), answer.array(partition)))
    return [] if topics[0][0] else topics[0][3]


def answers(bootstrap: str) -> bool:
    """Whether the broker answers a metadata request and knows a broker, itself."""
    try:
        answer = ask(bootstrap, METADATA, METADATA_VERSION, struct.pack(">i", 0), wait_s=2.0)
        return answer.number("i") > 0
    except PartsError:
        return False


def create_topic(bootstrap: str, name: str, partitions: int, configs: dict[str, str]) -> bool:
    """Creates the topic and waits until every partition has a leader. False when it was there already."""
    body = struct.pack(">i", 1) + text(name) + struct.pack(">ih", partitions, 1) + struct.pack(">i", 0)
    body += struct.pack(">i", len(configs)) + b"".join(text(key) + text(value) for key, value in configs.items())
    body += struct.pack(">ib", CREATE_WAIT_MS, 0)
    answer = ask(bootstrap, CREATE_TOPICS, CREATE_TOPICS_VERSION, body, wait_s=CREATE_WAIT_MS / 1000 + ANSWER_WAIT_S)
    answer.number("i")  # throttle time
    [(_, code, message)] = answer.array(lambda: (answer.text(), answer.number("h"), answer.text()))
    if code and code != TOPIC_ALREADY_EXISTS:
        raise PartsError(f"Kafka at {bootstrap} refused to create the topic {name} with {partitions} partitions: error {code}, {message}")
    deadline = time.monotonic() + CREATE_WAIT_MS / 1000
    while not (leaders := partition_leaders(bootstrap, name)) or min(leaders) < 0:
        if time.monotonic() > deadline:
            raise PartsError(f"topic {name} at {bootstrap} has partitions without a leader after {CREATE_WAIT_MS} ms: {leaders}")
        time.sleep(0.02)
    if code and len(leaders) != partitions:
        raise PartsError(f"topic {name} at {bootstrap} exists with {len(leaders)} partitions, not {partitions}; choose another name")
    return not code


def delete_topic(bootstrap: str, name: str) -> None:
    """Deletes the topic and waits until no partition of it is known."""
    body = struct.pack(">i", 1) + text(name) + struct.pack(">i", CREATE_WAIT_MS)
    answer = ask(bootstrap, DELETE_TOPICS, DELETE_TOPICS_VERSION, body, wait_s=CREATE_WAIT_MS / 1000 + ANSWER_WAIT_S)
    answer.number("i")  # throttle time
    [(_, code)] = answer.array(lambda: (answer.text(), answer.number("h")))
    if code:
        raise PartsError(f"Kafka at {bootstrap} refused to delete the topic {name}: error {code}")
    deadline = time.monotonic() + CREATE_WAIT_MS / 1000
    while partition_leaders(bootstrap, name):
        if time.monotonic() > deadline:
            raise PartsError(f"topic {name} at {bootstrap} is still there {CREATE_WAIT_MS} ms after it was deleted")
        time.sleep(0.02)


def empty_topic(bootstrap: str, name: str) -> list[int]:
    """Removes every record there is, as retention does: offsets go on. Returns where each partition begins now."""
    partitions = range(len(partition_leaders(bootstrap, name)))
    body = struct.pack(">i", 1) + text(name) + struct.pack(">i", len(partitions))
    body += b"".join(struct.pack(">iq", partition, HIGH_WATERMARK) for partition in partitions) + struct.pack(">i", CREATE_WAIT_MS)
    answer = ask(bootstrap, DELETE_RECORDS, DELETE_RECORDS_VERSION, body, wait_s=CREATE_WAIT_MS / 1000 + ANSWER_WAIT_S)
    answer.number("i")  # throttle time
    emptied = lambda: (answer.number("i"), answer.number("q"), answer.number("h"))  # noqa: E731
    [(_, done)] = answer.array(lambda: (answer.text(), answer.array(emptied)))
    if refused := [(partition, code) for partition, _, code in done if code]:
        raise PartsError(f"Kafka at {bootstrap} refused to empty partitions of {name}: (partition, error) {refused}")
    return [begins for _, begins, _ in sorted(done)]
