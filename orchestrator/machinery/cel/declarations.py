"""The functions that expressions may call: CEL's own, and those that Kubernetes adds, by their types.

A line is a function: its name, then each of its overloads, `target.(arguments) result` for one that is called on
something. `A` and `B` stand for any type.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from orchestrator.machinery.cel.types import (
    PLAIN,
    Type,
    list_of,
    map_of,
    optional_of,
    struct_of,
)


class Overload(Struct, frozen=True):
    """One signature. `member`: the first of what it takes stands before the dot."""

    takes: tuple[Type, ...]
    gives: Type
    member: bool = False


_OPAQUE: Final = {
    "quantity": "kubernetes.Quantity",
    "url": "kubernetes.URL",
    "format": "kubernetes.NamedFormat",
    "semver": "kubernetes.Semver",
    "authorizer": "kubernetes.authorization.Authorizer",
    "path": "kubernetes.authorization.PathCheck",
    "group": "kubernetes.authorization.GroupCheck",
    "resource": "kubernetes.authorization.ResourceCheck",
    "decision": "kubernetes.authorization.Decision",
}
_ADDRESSES: Final = {"ip": "net.IP", "cidr": "net.CIDR"}
AUTHORIZER: Final = struct_of(_OPAQUE["authorizer"])
QUANTITY: Final = struct_of(_OPAQUE["quantity"])
RESOURCE_CHECK: Final = struct_of(_OPAQUE["resource"])

_PAIRS: Final = (
    "(bool,bool) bool; (int,int) bool; (int,double) bool; (int,uint) bool; (uint,uint) bool; "
    "(uint,double) bool; (uint,int) bool; (double,double) bool; (double,int) bool; (double,uint) bool; "
    "(string,string) bool; (bytes,bytes) bool; (timestamp,timestamp) bool; (duration,duration) bool"
)
_OF_TIME: Final = "timestamp.() int; timestamp.(string) int"
_OF_TIMES: Final = f"{_OF_TIME}; duration.() int"
_COMPARED: Final = "; ".join(
    f"list<{each}>.() bool"
    for each in ("int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes")
)
_SUMMED: Final = "; ".join(f"list<{e}>.() {e}" for e in ("int", "uint", "double", "duration"))
_CHOSEN: Final = "; ".join(
    f"list<{e}>.() {e}"
    for e in ("int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes")
)
_TEXT_INDEX: Final = "string.(string) int; string.(string,int) int"

_TABLE: Final = f"""
_?_:_ = (bool,A,A) A
_&&_ = (bool,bool) bool
_||_ = (bool,bool) bool
!_ = (bool) bool
@not_strictly_false = (bool) bool
cel.@mapInsert = (map<A,B>,A,B) map<A,B>; (map<A,B>,map<A,B>) map<A,B>
_==_ = (A,A) bool
_!=_ = (A,A) bool
_<_ = {_PAIRS}
_<=_ = {_PAIRS}
_>_ = {_PAIRS}
_>=_ = {_PAIRS}
_+_ = (bytes,bytes) bytes; (double,double) double; (duration,duration) duration; (duration,timestamp) timestamp; (timestamp,duration) timestamp; (int,int) int; (list<A>,list<A>) list<A>; (string,string) string; (uint,uint) uint
_-_ = (double,double) double; (duration,duration) duration; (int,int) int; (timestamp,duration) timestamp; (timestamp,timestamp) duration; (uint,uint) uint
_*_ = (double,double) double; (int,int) int; (uint,uint) uint
_/_ = (double,double) double; (int,int) int; (uint,uint) uint
_%_ = (int,int) int; (uint,uint) uint
-_ = (double) double; (int) int
_[_] = (list<A>,int) A; (map<A,B>,A) B; (optional<list<A>>,int) optional<A>; (optional<map<A,B>>,A) optional<B>
_[?_] = (list<A>,int) optional<A>; (optional<list<A>>,int) optional<A>; (map<A,B>,A) optional<B>; (optional<map<A,B>>,A) optional<B>
@in = (A,list<A>) bool; (A,map<A,B>) bool
size = (bytes) int; bytes.() int; (list<A>) int; list<A>.() int; (map<A,B>) int; map<A,B>.() int; (string) int; string.() int
type = (A) type<A>
bool = (bool) bool; (string) bool
bytes = (bytes) bytes; (string) bytes
double = (double) double; (int) double; (string) double; (uint) double
duration = (duration) duration; (int) duration; (string) duration
dyn = (A) dyn
int = (int) int; (double) int; (duration) int; (string) int; (timestamp) int; (uint) int
string = (string) string; (bool) string; (bytes) string; (double) string; (duration) string; (int) string; (timestamp) string; (uint) string; (ip) string; (cidr) string
timestamp = (timestamp) timestamp; (int) timestamp; (string) timestamp
uint = (uint) uint; (double) uint; (int) uint; (string) uint
contains = string.(string) bool
endsWith = string.(string) bool
startsWith = string.(string) bool
matches = (string,string) bool; string.(string) bool
getFullYear = {_OF_TIME}
getMonth = {_OF_TIME}
getDate = {_OF_TIME}
getDayOfMonth = {_OF_TIME}
getDayOfWeek = {_OF_TIME}
getDayOfYear = {_OF_TIME}
getHours = {_OF_TIMES}
getMinutes = {_OF_TIMES}
getSeconds = {_OF_TIMES}
getMilliseconds = {_OF_TIMES}
optional.of = (A) optional<A>
optional.ofNonZeroValue = (A) optional<A>
optional.none = () optional<A>
value = optional<A>.() A
hasValue = optional<A>.() bool
or = optional<A>.(optional<A>) optional<A>
orValue = optional<A>.(A) A
optional.unwrap = (list<optional<A>>) list<A>
unwrapOpt = list<optional<A>>.() list<A>
charAt = string.(int) string
indexOf = {_TEXT_INDEX}; list<A>.(A) int
lastIndexOf = {_TEXT_INDEX}; list<A>.(A) int
lowerAscii = string.() string
upperAscii = string.() string
replace = string.(string,string) string; string.(string,string,int) string
split = string.(string) list<string>; string.(string,int) list<string>
substring = string.(int) string; string.(int,int) string
trim = string.() string
format = string.(list<dyn>) string
strings.quote = (string) string
join = list<string>.() string; list<string>.(string) string
isSorted = {_COMPARED}
sum = {_SUMMED}
min = {_CHOSEN}
max = {_CHOSEN}
first = list<A>.() optional<A>
last = list<A>.() optional<A>
slice = list<A>.(int,int) list<A>
flatten = list<list<A>>.() list<A>; list<dyn>.(int) list<dyn>
sort = list<int>.() list<int>; list<uint>.() list<uint>; list<double>.() list<double>; list<bool>.() list<bool>; list<duration>.() list<duration>; list<timestamp>.() list<timestamp>; list<string>.() list<string>; list<bytes>.() list<bytes>
lists.range = (int) list<int>
distinct = list<A>.() list<A>
reverse = list<A>.() list<A>
sets.contains = (list<A>,list<A>) bool
sets.equivalent = (list<A>,list<A>) bool
sets.intersects = (list<A>,list<A>) bool
find = string.(string) string
findAll = string.(string) list<string>; string.(string,int) list<string>
url = (string) url
isURL = (string) bool
getScheme = url.() string
getHost = url.() string
getHostname = url.() string
getPort = url.() string
getEscapedPath = url.() string
getQuery = url.() map<string,list<string>>
ip = (string) ip; cidr.() ip
isIP = (string) bool
ip.isCanonical = (string) bool
family = ip.() int
isUnspecified = ip.() bool
isLoopback = ip.() bool
isLinkLocalMulticast = ip.() bool
isLinkLocalUnicast = ip.() bool
isGlobalUnicast = ip.() bool
cidr = (string) cidr
isCIDR = (string) bool
containsIP = cidr.(string) bool; cidr.(ip) bool
containsCIDR = cidr.(string) bool; cidr.(cidr) bool
prefixLength = cidr.() int
masked = cidr.() cidr
quantity = (string) quantity
isQuantity = (string) bool
sign = (quantity) int
isGreaterThan = quantity.(quantity) bool; semver.(semver) bool
isLessThan = quantity.(quantity) bool; semver.(semver) bool
compareTo = quantity.(quantity) int; semver.(semver) int
asApproximateFloat = quantity.() double
asInteger = quantity.() int
isInteger = quantity.() bool
add = quantity.(quantity) quantity; quantity.(int) quantity
sub = quantity.(quantity) quantity; quantity.(int) quantity
semver = (string) semver; (string,bool) semver
isSemver = (string) bool; (string,bool) bool
major = semver.() int
minor = semver.() int
patch = semver.() int
validate = format.(string) optional<list<string>>
format.named = (string) optional<format>
path = authorizer.(string) path
group = authorizer.(string) group
serviceAccount = authorizer.(string,string) authorizer
resource = group.(string) resource
subresource = resource.(string) resource
namespace = resource.(string) resource
name = resource.(string) resource
fieldSelector = resource.(string) resource
labelSelector = resource.(string) resource
check = path.(string) decision; resource.(string) decision
errored = decision.() bool
error = decision.() string
allowed = decision.() bool
reason = decision.() string
jsonpatch.escapeKey = (string) string
"""
_FORMATS: Final = (
    *("dns1123Label", "dns1123Subdomain", "dns1035Label", "qualifiedName", "dns1123LabelPrefix"),
    *("dns1123SubdomainPrefix", "dns1035LabelPrefix", "labelValue", "uri", "uuid", "byte"),
    *("date", "datetime"),
)
_SIGNATURE: Final = re.compile(r"(?:(?P<target>[^(]+)\.)?\((?P<takes>[^)]*)\) (?P<gives>\S+)")
_WORD: Final = re.compile(r"\w+|[<>,]")


def _types(text: str) -> tuple[Type, ...]:
    words = iter([*_WORD.findall(text), ""])
    found, _ = _listed(words)
    return found


def _listed(words: Iterator[str]) -> tuple[tuple[Type, ...], str]:
    """Types with commas between them, and the word after them."""
    found: list[Type] = []
    word = next(words)
    while word not in ("", ">"):
        if word == ",":
            word = next(words)
            continue
        after = next(words)
        parts: tuple[Type, ...] = ()
        if after == "<":
            parts, _ = _listed(words)
            after = next(words)
        found.append(_type(word, parts))
        word = after
    return tuple(found), word


def _type(word: str, parts: tuple[Type, ...]) -> Type:
    match word:
        case "list":
            return list_of(*parts)
        case "map":
            return map_of(*parts)
        case "optional":
            return optional_of(*parts)
        case "type" if parts:
            return Type("type", "type", parts)
        case "A" | "B":
            return Type(word, "parameter")
    if word in _OPAQUE:
        return struct_of(_OPAQUE[word])
    return Type(_ADDRESSES[word], "opaque") if word in _ADDRESSES else PLAIN[word]


def _overload(text: str) -> Overload:
    match = _SIGNATURE.fullmatch(text.strip())
    assert match is not None, text
    target = _types(match["target"]) if match["target"] else ()
    return Overload((*target, *_types(match["takes"])), _types(match["gives"])[0], bool(target))


def _read(table: str) -> Iterator[tuple[str, tuple[Overload, ...]]]:
    for line in table.strip().splitlines():
        name, _, overloads = line.partition(" = ")
        yield name, tuple(map(_overload, overloads.split(";")))
    for name in _FORMATS:
        yield f"format.{name}", (Overload((), struct_of(_OPAQUE["format"])),)


FUNCTIONS: Final[Mapping[str, tuple[Overload, ...]]] = dict(_read(_TABLE))
"""The overloads of each function."""
