"""Who asks: what goes into the Authorization header, and the client's certificate."""

import asyncio
import os
from asyncio import subprocess
from base64 import b64encode
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from actors import Clock
from orchestrator.gateway.access import Access, AccessError, Plugin

_FILE_SECONDS: Final = 60.0  # client-go reads a token's file again each minute
_EARLY_SECONDS: Final = 10.0  # before a credential ends the next one is asked for


class _Status(Struct, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: str | None = None


class _Credential(Struct):
    status: _Status | None = None


class Credentials:
    """The credentials of an access, renewed when their time is over."""

    def __init__(self, access: Access, clock: Clock) -> None:
        self._access = access
        self._clock = clock
        self._header = ""
        self._until = -1.0
        self._certificate, self._key = access.certificate, access.key
        self._renewing = asyncio.Lock()

    async def header(self) -> str:
        """The Authorization header; empty: there is none. Raises AccessError."""
        if self._clock.now() < self._until:
            return self._header
        async with self._renewing:
            if self._clock.now() >= self._until:
                self._header, seconds = await self._renewed()
                self._until = self._clock.now() + seconds
        return self._header

    async def certificate(self) -> tuple[bytes, bytes]:
        """The client's certificate and its key as PEM texts; empty: there is none. Raises AccessError."""
        await self.header()  # a plugin tells both
        return self._certificate, self._key

    def refused(self) -> None:
        """The server does not know them (any more): what can be renewed is asked for anew."""
        if self._access.plugin is not None or self._access.token_file is not None:
            self._until = -1.0

    async def _renewed(self) -> tuple[str, float]:
        access = self._access
        if access.token_file is not None:
            try:
                return _bearer(access.token_file.read_text(), str(access.token_file)), _FILE_SECONDS
            except OSError as error:
                raise AccessError(f"{access.token_file}: {error.strerror}") from None
            except UnicodeDecodeError:
                raise AccessError(f"{access.token_file}: this is no token") from None
        if access.plugin is not None:
            return await self._told_by(access.plugin)
        if access.token:
            return _bearer(access.token, f"{access.server}: the user"), float("inf")
        if access.user:
            pair = f"{access.user}:{access.password}".encode()
            return f"Basic {b64encode(pair).decode()}", float("inf")
        return "", float("inf")

    async def _told_by(self, plugin: Plugin) -> tuple[str, float]:
        status = await _run(plugin)
        if status.client_certificate_data:
            self._certificate = status.client_certificate_data.encode()
            self._key = status.client_key_data.encode()
        seconds = float("inf")
        if status.expiration_timestamp:
            try:
                ends = datetime.fromisoformat(status.expiration_timestamp).timestamp()
            except ValueError:
                raise AccessError(
                    f"the credential plugin {plugin.command}: expirationTimestamp is a time such as "
                    f'2030-01-01T00:00:00Z, not "{status.expiration_timestamp}"'
                ) from None
            seconds = ends - self._clock.now() - _EARLY_SECONDS
        header = _bearer(status.token, f"the credential plugin {plugin.command}")
        return header if status.token else "", seconds


def _bearer(token: str, whose: str) -> str:
    """Raises AccessError for what a header cannot hold."""
    token = token.strip()
    if not token.isascii() or not token.isprintable():
        raise AccessError(f"{whose}: the token has characters that no token has")
    return f"Bearer {token}"


async def _run(plugin: Plugin) -> _Status:
    """What a plugin says. Raises AccessError."""
    asked = {
        "kind": "ExecCredential",
        "apiVersion": plugin.api_version,
        "spec": {"interactive": False},
    }
    info = {"KUBERNETES_EXEC_INFO": msgspec.json.encode(asked).decode()}
    try:
        process = await subprocess.create_subprocess_exec(
            plugin.command,
            *plugin.args,
            env={**os.environ, **dict(plugin.env), **info},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        output, complaint = await process.communicate()
    except OSError as error:
        raise AccessError(f"the credential plugin {plugin.command}: {error.strerror}") from None
    if process.returncode:
        words = complaint.decode(errors="replace").strip().splitlines()
        raise AccessError(
            f"the credential plugin {plugin.command} ended with exit code {process.returncode}"
            + (f": {words[-1]}" if words else "")
        )
    try:
        told = msgspec.json.decode(output, type=_Credential)
    except msgspec.MsgspecError as error:
        raise AccessError(f"the credential plugin {plugin.command}: {error}") from None
    return told.status or _Status()
