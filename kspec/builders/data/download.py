"""Whether a download can work at all, found out in seconds rather than in minutes of retries."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request

SECONDS = 5.0
"""How long a host may take to answer; a name that does not resolve can take longer than any socket's limit."""


def reachable(url: str, seconds: float = SECONDS) -> bool:
    """Whether the host of the address answers within `seconds`, through the proxy of the environment if there is one.

    Any HTTP answer counts, errors too.
    """
    answers: list[bool] = []
    probe = threading.Thread(target=lambda: answers.append(_answers(url, seconds)), daemon=True)
    probe.start()
    probe.join(seconds)
    return bool(answers and answers[0])


def _answers(url: str, seconds: float) -> bool:
    try:
        urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=seconds).close()
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except (OSError, ValueError):
        return False
    return True
