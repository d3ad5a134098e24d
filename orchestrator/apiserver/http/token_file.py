"""A file of bearer tokens: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file."""

import csv
from pathlib import Path

from orchestrator.protocol import Identity


class TokenFileError(ValueError):
    """The file is no such table, or cannot be read; says where."""


def read_token_file(path: Path) -> dict[str, Identity]:
    """Identities by token: lines of `token,user,uid` and, in quotes, `"group1,group2"`. Raises TokenFileError.

    Of two lines with one token the last counts, as in Kubernetes.
    """
    found: dict[str, Identity] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.reader(file, skipinitialspace=True), 1):
                if row:
                    token, identity = _row(row, f"{path}:{number}")
                    found[token] = identity
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TokenFileError(f"{path}: {error}") from error
    return found


def _row(row: list[str], where: str) -> tuple[str, Identity]:
    if len(row) < 3:
        raise TokenFileError(
            f"{where}: token, user name and uid are expected, with commas between them, got "
            f"{len(row)} column{'' if len(row) == 1 else 's'}"
        )
    token, user, uid = (each.strip() for each in row[:3])
    if not token:
        raise TokenFileError(f"{where}: the token is empty")
    groups = tuple(
        filter(None, (each.strip() for each in (row[3] if len(row) > 3 else "").split(",")))
    )
    return token, Identity(user, groups, uid)
