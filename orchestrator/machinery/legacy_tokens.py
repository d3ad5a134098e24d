"""Tokens that lie in Secrets: the days on which they were used last, and since which they count as invalid.

Days are those of UTC, written as `2026-11-28`, so that they can be compared as texts.
"""

import base64
import binascii
from datetime import UTC, date, datetime, timedelta
from typing import Final

from orchestrator.api.core.v1 import Secret

TYPE: Final = "kubernetes.io/service-account-token"
ACCOUNT_NAME: Final = "kubernetes.io/service-account.name"
ACCOUNT_UID: Final = "kubernetes.io/service-account.uid"
LAST_USED: Final = "kubernetes.io/legacy-token-last-used"
INVALID_SINCE: Final = "kubernetes.io/legacy-token-invalid-since"
# The ConfigMap in kube-system that says since when use is noted down.
TRACKING: Final = "kube-apiserver-legacy-service-account-token-tracking"
SINCE: Final = "since"


def day_of(now: float) -> str:
    """The day at `now` (epoch seconds)."""
    return datetime.fromtimestamp(now, UTC).date().isoformat()


def start_of(day: str) -> float | None:
    """When a day begins (epoch seconds); None for what is no day."""
    try:
        found = date.fromisoformat(day) if len(day) == len("2006-01-02") else None
    except ValueError:
        return None
    return None if found is None else datetime(*found.timetuple()[:3], tzinfo=UTC).timestamp()


def day_after(now: float) -> str:
    """The day after the one at `now`."""
    return (datetime.fromtimestamp(now, UTC).date() + timedelta(days=1)).isoformat()


def holds(secret: Secret, token: str) -> bool:
    """Whether the Secret is one of tokens, and holds this one."""
    if secret.type != TYPE:
        return False
    try:
        return base64.b64decode(secret.data.get("token", "")) == token.encode()
    except (binascii.Error, ValueError):
        return False


def marked_on(secret: Secret, now: float) -> str:
    """The day to mark a Secret with whose token was just shown; "" where it is marked already.

    A mark of tomorrow is that of a server whose clock is ahead.
    """
    today = day_of(now)
    known = secret.metadata.labels.get(LAST_USED)
    return "" if known in (today, day_after(now)) else today
