"""HTTP to servers on this machine."""

import urllib.request

# A proxy of the environment has no business with loopback.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
LOOK_WAIT_S = 2.0


def is_well(address: str) -> bool:
    """Whether a server answers 200 there."""
    try:
        with DIRECT.open(address, timeout=LOOK_WAIT_S) as answer:
            return answer.status == 200
    except OSError:
        return False
