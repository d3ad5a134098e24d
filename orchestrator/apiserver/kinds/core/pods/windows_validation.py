"""What containers on Windows run as."""

import re
from typing import Final

from orchestrator.api.core.v1 import (
    Container,
    EphemeralContainer,
    PodSpec,
    WindowsSecurityContextOptions,
)
from orchestrator.apiserver.validation.field import Errors, complaints, invalid
from orchestrator.machinery.names import dns1123_subdomain_errors

_SPEC_KIB: Final = 64
_DOMAIN_END: Final = 256  # a domain is shorter
_USER_MAX: Final = 104
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_NETBIOS: Final = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}')
_LABEL: Final = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_USER_REFUSED: Final = re.compile(r'["/\\:;|=,+*?<>@\[\]]')


def windows_option_errors(path: str, options: WindowsSecurityContextOptions | None) -> Errors:
    """The account of a pod or a container, and its credentials."""
    if options is None:
        return
    name = options.gmsa_credential_spec_name
    if name is not None:
        messages = dns1123_subdomain_errors(name)
        yield from complaints(f"{path}.gmsaCredentialSpecName", name, messages)
    spec = options.gmsa_credential_spec
    where = f"{path}.gmsaCredentialSpec"
    if spec == "":
        yield invalid(where, spec, "gmsaCredentialSpec cannot be an empty string")
    elif spec and len(spec.encode()) > _SPEC_KIB * 1024:
        yield invalid(where, spec, f"gmsaCredentialSpec size must be under {_SPEC_KIB} KiB")
    if options.run_as_user_name is not None:
        account = options.run_as_user_name
        yield from complaints(f"{path}.runAsUserName", account, _account_errors(account))


def _account_errors(account: str) -> list[str]:
    if not account:
        return ["runAsUserName cannot be an empty string"]
    if _CONTROL.search(account):
        return ["runAsUserName cannot contain control characters"]
    if account.count("\\") > 1:
        return ["runAsUserName cannot contain more than one backslash"]
    domain, slash, user = account.rpartition("\\")
    return [*_domain_errors(domain, bool(slash)), *_user_errors(user)]


def _domain_errors(domain: str, given: bool) -> list[str]:
    messages = []
    if len(domain.encode()) >= _DOMAIN_END:
        messages.append(f"runAsUserName's Domain length must be under {_DOMAIN_END} characters")
    if given and not (_NETBIOS.fullmatch(domain) or _DOMAIN.fullmatch(domain)):
        messages.append("runAsUserName's Domain doesn't match the NetBios nor the DNS format")
    return messages


def _user_errors(user: str) -> list[str]:
    messages = []
    if not user:
        messages.append("runAsUserName's User cannot be empty")
    elif len(user.encode()) > _USER_MAX:
        detail = f"User length must not be longer than {_USER_MAX} characters"
        messages.append(f"runAsUserName's {detail}")
    if user and not user.strip(". "):
        messages.append("runAsUserName's User cannot contain only periods or spaces")
    if _USER_REFUSED.search(user):
        detail = r'cannot contain the following characters: "/\:;|=,+*?<>@[]'
        messages.append(f"runAsUserName's User {detail}")
    return messages


def host_process_errors(path: str, spec: PodSpec) -> Errors:
    """All containers of a pod run as processes of the host, or none does."""
    context = spec.security_context
    options = context.windows_options if context is not None else None
    whole = options.host_process if options is not None else None
    groups: tuple[tuple[str, tuple[Container | EphemeralContainer, ...]], ...] = (
        ("initContainers", spec.init_containers),
        ("containers", spec.containers),
        ("ephemeralContainers", spec.ephemeral_containers),
    )
    hosted = []
    for name, containers in groups:
        for i, container in enumerate(containers):
            own_context = container.security_context
            own_options = own_context.windows_options if own_context is not None else None
            own = own_options.host_process if own_options is not None else None
            if whole is not None and own is not None and own != whole:
                where = f"{path}.{name}[{i}].securityContext.windowsOptions.hostProcess"
                detail = "pod hostProcess value must be identical if both are specified, was"
                yield invalid(where, own, f"{detail} {str(whole).lower()}")
            hosted.append(bool(whole if own is None else own))
    if not any(hosted):
        return
    if not all(hosted):
        detail = "If pod contains any hostProcess containers then all containers must be "
        yield invalid(path, "", detail + "HostProcess containers")
    if not spec.host_network:
        detail = "hostNetwork must be true if pod contains any hostProcess containers"
        yield invalid(f"{path}.hostNetwork", False, detail)
