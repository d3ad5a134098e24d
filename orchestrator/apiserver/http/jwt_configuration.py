"""AuthenticationConfiguration: issuers of tokens, what is made of their claims, and who need not say who she is.

As kube-apiserver's `--authentication-config` (apiserver.config.k8s.io/v1), whose rules and words it has.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from orchestrator.apiserver.authentication.tokens import ISSUER
from orchestrator.apiserver.http.claim_expressions import CLAIMS, USER, Expressions, Rule
from orchestrator.apiserver.http.oidc import ALGORITHMS, OidcSettings
from orchestrator.machinery import names
from orchestrator.machinery.cel import CompileError, compile_expression, scope_of
from orchestrator.machinery.field_errors import quote

_KIND: Final = "AuthenticationConfiguration"
_VERSIONS: Final = ("apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1")
_BOTH: Final = "claim and expression can't both be set"
_UNVERIFIED: Final = (
    "claims.email_verified must be used in claimMappings.username.expression or "
    "claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in "
    "claimMappings.username.expression"
)


class InvalidAuthentication(ValueError):
    """A configuration that is none; the text says what is wrong and where, a fault a line."""


class _Issuer(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    url: str = ""
    discovery_url: str = msgspec.field(default="", name="discoveryURL")
    certificate_authority: str = ""
    audiences: tuple[str, ...] = ()
    audience_match_policy: str = ""


class _Rule(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    claim: str = ""
    required_value: str = ""
    expression: str = ""
    message: str = ""


class _Mapping(Struct, frozen=True, forbid_unknown_fields=True):
    claim: str = ""
    prefix: str | None = None
    expression: str = ""


class _Extra(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    key: str = ""
    value_expression: str = ""


class _Mappings(Struct, frozen=True, forbid_unknown_fields=True):
    username: _Mapping = _Mapping()
    groups: _Mapping = _Mapping()
    uid: _Mapping = _Mapping()
    extra: tuple[_Extra, ...] = ()


class _Jwt(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    issuer: _Issuer = _Issuer()
    claim_validation_rules: tuple[_Rule, ...] = ()
    claim_mappings: _Mappings = _Mappings()
    user_validation_rules: tuple[Rule, ...] = ()


class _Condition(Struct, frozen=True, forbid_unknown_fields=True):
    path: str = ""


class _Anonymous(Struct, frozen=True, forbid_unknown_fields=True):
    enabled: bool = False
    conditions: tuple[_Condition, ...] = ()


class _Configuration(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    kind: str = ""
    api_version: str = ""
    jwt: tuple[_Jwt, ...] = ()
    anonymous: _Anonymous | None = None


class AuthenticationConfiguration(Struct, frozen=True):
    """What a file says. `anonymous`: whether who shows nothing comes in, at which paths alone; None: it does not say."""

    issuers: tuple[OidcSettings, ...] = ()
    anonymous: bool | tuple[str, ...] | None = None


def load_authentication(document: Mapping[str, Any]) -> AuthenticationConfiguration:
    """The configuration that a document is. Raises InvalidAuthentication."""
    try:
        read = msgspec.convert(document, _Configuration)
    except msgspec.ValidationError as error:
        raise InvalidAuthentication(str(error)) from None
    if read.kind != _KIND or read.api_version not in _VERSIONS:
        raise InvalidAuthentication(f"expected an {_KIND} of {_VERSIONS[0]}")
    faults = list(_faults(read))
    if faults:
        raise InvalidAuthentication("\n".join(faults))
    anonymous: bool | tuple[str, ...] | None = None
    if read.anonymous is not None:
        paths = tuple(each.path for each in read.anonymous.conditions)
        anonymous = paths or read.anonymous.enabled
    return AuthenticationConfiguration(tuple(map(_settings, read.jwt)), anonymous)


def _settings(jwt: _Jwt) -> OidcSettings:
    issuer, mapped = jwt.issuer, jwt.claim_mappings
    rules = jwt.claim_validation_rules
    return OidcSettings(
        issuer=issuer.url,
        client=issuer.audiences[0],
        audiences=issuer.audiences,
        discovery=issuer.discovery_url,
        authority=issuer.certificate_authority,
        algorithms=ALGORITHMS,
        username_claim=mapped.username.claim,
        username_prefix=mapped.username.prefix or "-",
        groups_claim=mapped.groups.claim,
        groups_prefix=mapped.groups.prefix or "",
        uid_claim=mapped.uid.claim,
        required={each.claim: each.required_value for each in rules if each.claim},
        expressions=Expressions(
            name=mapped.username.expression,
            group=mapped.groups.expression,
            identifier=mapped.uid.expression,
            extras=tuple((each.key, each.value_expression) for each in mapped.extra),
            claim_rules=tuple(
                Rule(each.expression, each.message) for each in rules if each.expression
            ),
            user_rules=jwt.user_validation_rules,
        ),
    )


# --- what is wrong -------------------------------------------------------------------------


def _faults(read: _Configuration) -> Iterator[str]:
    issuers: set[str] = set()
    discovered: set[str] = set()
    for position, jwt in enumerate(read.jwt):
        path = f"jwt[{position}]"
        yield from _faults_of_issuer(jwt.issuer, f"{path}.issuer")
        yield from _faults_of_rules(jwt.claim_validation_rules, f"{path}.claimValidationRules")
        yield from _faults_of_mappings(jwt, f"{path}.claimMappings")
        yield from _faults_of_user_rules(jwt.user_validation_rules, f"{path}.userValidationRules")
        for name, url, seen in (
            ("url", jwt.issuer.url, issuers),
            ("discoveryURL", jwt.issuer.discovery_url, discovered),
        ):
            if url and url in seen:
                yield f"{path}.issuer.{name}: Duplicate value: {quote(url)}"
            seen.add(url)
    anonymous = read.anonymous
    if anonymous is not None and anonymous.conditions and not anonymous.enabled:
        words = "enabled should be set to true when conditions are defined"
        yield f"anonymous.conditions: Invalid value: {words}"


def _faults_of_issuer(issuer: _Issuer, path: str) -> Iterator[str]:
    if not issuer.url:
        yield f"{path}.url: Required value"
    else:
        if issuer.url == ISSUER:
            words = f"URL must not overlap with disallowed issuers: [{ISSUER}]"
            yield f"{path}.url: Invalid value: {quote(issuer.url)}: {words}"
        yield from _faults_of_url(issuer.url, f"{path}.url")
    found = issuer.discovery_url
    if found:
        if issuer.url and issuer.url.rstrip("/") == found.rstrip("/"):
            words = "discoveryURL must be different from URL"
            yield f"{path}.discoveryURL: Invalid value: {quote(found)}: {words}"
        yield from _faults_of_url(found, f"{path}.discoveryURL")
    yield from _faults_of_audiences(issuer, path)


def _faults_of_url(url: str, path: str) -> Iterator[str]:
    parts = urlsplit(url)
    for wrong, words in (
        (parts.scheme != "https", "URL scheme must be https"),
        (parts.username is not None, "URL must not contain a username or password"),
        (bool(parts.query), "URL must not contain a query"),
        (bool(parts.fragment), "URL must not contain a fragment"),
    ):
        if wrong:
            yield f"{path}: Invalid value: {quote(url)}: {words}"


def _faults_of_audiences(issuer: _Issuer, path: str) -> Iterator[str]:
    where = f"{path}.audiences"
    if not issuer.audiences:
        yield f"{where}: Required value: at least one {where} is required"
        return
    for position, audience in enumerate(issuer.audiences):
        if not audience:
            yield f"{where}[{position}]: Required value"
        if audience in issuer.audiences[:position]:
            yield f"{where}[{position}]: Duplicate value: {quote(audience)}"
    policy = issuer.audience_match_policy
    value = f"{path}.audienceMatchPolicy: Invalid value: {quote(policy)}"
    if len(issuer.audiences) > 1 and policy != "MatchAny":
        yield f"{value}: audienceMatchPolicy must be MatchAny for multiple audiences"
    elif policy not in ("", "MatchAny"):
        yield f"{value}: audienceMatchPolicy must be empty or MatchAny for single audience"


def _faults_of_rules(rules: Sequence[_Rule], path: str) -> Iterator[str]:
    seen: set[str] = set()
    for position, rule in enumerate(rules):
        where = f"{path}[{position}]"
        if rule.claim and rule.expression:
            yield f"{where}: Invalid value: {quote(rule.claim)}: {_BOTH}"
        elif not rule.claim and not rule.expression:
            yield f"{where}: Required value: claim or expression is required"
        elif rule.claim:
            if rule.message:
                words = "may not be specified when claim is set"
                yield f"{where}.message: Invalid value: {quote(rule.message)}: {words}"
            if rule.claim in seen:
                yield f"{where}.claim: Duplicate value: {quote(rule.claim)}"
        else:
            if rule.required_value:
                words = "may not be specified when expression is set"
                value = quote(rule.required_value)
                yield f"{where}.requiredValue: Invalid value: {value}: {words}"
            if rule.expression in seen:
                yield f"{where}.expression: Duplicate value: {quote(rule.expression)}"
            else:
                yield from _compiled(rule.expression, CLAIMS, f"{where}.expression", "bool")
        seen.update((rule.claim, rule.expression))


def _faults_of_user_rules(rules: Sequence[Rule], path: str) -> Iterator[str]:
    seen: set[str] = set()
    for position, rule in enumerate(rules):
        where = f"{path}[{position}].expression"
        if not rule.expression:
            yield f"{where}: Required value"
        elif rule.expression in seen:
            yield f"{where}: Duplicate value: {quote(rule.expression)}"
        else:
            yield from _compiled(rule.expression, USER, where, "bool")
        seen.add(rule.expression)


def _faults_of_mappings(jwt: _Jwt, path: str) -> Iterator[str]:
    mapped = jwt.claim_mappings
    yield from _faults_of_mapping(mapped.username, f"{path}.username", needed=True)
    yield from _faults_of_mapping(mapped.groups, f"{path}.groups", needed=False)
    if mapped.uid.claim and mapped.uid.expression:
        yield f'{path}.uid: Invalid value: "": {_BOTH}'
    elif mapped.uid.expression:
        yield from _compiled(mapped.uid.expression, CLAIMS, f"{path}.uid.expression", "")
    keys: set[str] = set()
    for position, each in enumerate(mapped.extra):
        yield from _faults_of_extra(each, keys, f"{path}.extra[{position}]")
        keys.add(each.key)
    username = mapped.username.expression
    others = [each.expression for each in jwt.claim_validation_rules]
    others += [username, *(each.value_expression for each in mapped.extra)]
    verified = any("claims.email_verified" in each for each in others)
    if re.search(r"\bclaims\.email\b(?!_)", username) and not verified:
        yield f"{path}.username.expression: Invalid value: {quote(username)}: {_UNVERIFIED}"


def _faults_of_mapping(mapping: _Mapping, path: str, *, needed: bool) -> Iterator[str]:
    if mapping.expression and mapping.claim:
        yield f'{path}: Invalid value: "": {_BOTH}'
    elif mapping.expression:
        if mapping.prefix is not None:
            words = "prefix can't be set when expression is set"
            yield f"{path}.prefix: Invalid value: {quote(mapping.prefix)}: {words}"
        yield from _compiled(mapping.expression, CLAIMS, f"{path}.expression", "")
    elif mapping.claim:
        if mapping.prefix is None:
            words = "prefix is required when claim is set. It can be set to an empty string to disable prefixing"
            yield f"{path}.prefix: Required value: {words}"
    elif needed:
        yield f"{path}: Required value: claim or expression is required"
    elif mapping.prefix is not None:
        yield f"{path}: Required value: claim or expression is required when prefix is set"


def _faults_of_extra(extra: _Extra, seen: set[str], path: str) -> Iterator[str]:
    key = extra.key
    domain, slash, rest = key.partition("/")
    if not key:
        yield f"{path}.key: Required value"
    elif not slash or not rest:
        words = 'must be a domain-prefixed path (such as "acme.io/foo")'
        yield f"{path}.key: Invalid value: {quote(key)}: {words}"
    elif errors := names.dns1123_subdomain_errors(domain):
        for error in errors:
            yield f"{path}.key: Invalid value: {quote(domain)}: {error}"
    if key != key.lower():
        yield f"{path}.key: Invalid value: {quote(key)}: must be lowercase"
    if slash and f".{domain}".endswith((".kubernetes.io", ".k8s.io")):
        words = "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use"
        yield f"{path}.key: Invalid value: {quote(key)}: {words}"
    if key in seen:
        yield f"{path}.key: Duplicate value: {quote(key)}"
    elif not extra.value_expression:
        yield f"{path}.valueExpression: Required value"
    else:
        yield from _compiled(extra.value_expression, CLAIMS, f"{path}.valueExpression", "")


def _compiled(text: str, known: frozenset[str], path: str, type_: str) -> Iterator[str]:
    try:
        expression = compile_expression(text, scope_of(known))
    except CompileError as error:
        yield f"{path}: Invalid value: {quote(text)}: compilation failed: {error}"
        return
    if type_ and expression.type.name not in (type_, "dyn"):
        yield f"{path}: Invalid value: {quote(text)}: must evaluate to {type_}"
