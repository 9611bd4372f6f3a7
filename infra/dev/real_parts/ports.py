"""Free loopback ports below the range from which the system serves outgoing connections."""

import random
import socket

# Above 32767 Linux hands ports to outgoing connections (ip_local_port_range), so a free one may be gone a moment later.
PORT_MIN = 20_000
PORT_MAX = 31_999
ATTEMPTS_MAX = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on the port, on loopback and on all addresses, this instant."""
    for address in ("127.0.0.1", "0.0.0.0"):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True


def pick(names: list[str]) -> dict[str, int]:
    """One free port for each name. Random, so that two test runs side by side hardly ever meet; whoever starts a
    server checks that it is that server which listens, and picks again if not."""
    chosen: dict[str, int] = {}
    for name in names:
        for _ in range(ATTEMPTS_MAX):
            port = random.randint(PORT_MIN, PORT_MAX)
            if port not in chosen.values() and is_free(port):
                chosen[name] = port
                break
        else:
            raise RuntimeError(f"no free port between {PORT_MIN} and {PORT_MAX} after {ATTEMPTS_MAX} attempts")
    return chosen
