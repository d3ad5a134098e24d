"""What a question is answered: the zone's records in DNS messages.

Of a name that exists, records of the type that is asked (NODATA if there are none); of one that does not, NXDOMAIN;
both with the zone's SOA, so that resolvers may remember it. A CNAME is answered with what it leads to inside the
zone, and where there is an upstream with what that says. A question for a foreign name is handed back.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdata import Rdata

from orchestrator.dns.records import Found, Record, Zone

_TTL: Final = 5  # seconds, as of CoreDNS: how late a resolver may be
_CHAIN: Final = 8  # CNAMEs that are followed
_UDP_PAYLOAD: Final = 1232
_LONGEST: Final = 65535  # bytes of a message


class Foreign(Exception):
    """The name is not the cluster's; `response` is what is known of it, and `name` what an upstream must say."""

    def __init__(self, response: dns.message.Message, name: dns.name.Name) -> None:
        super().__init__(str(name))
        self.response = response
        self.name = name


def answer(zone: Zone, query: dns.message.Message) -> dns.message.Message:
    """The answer to a query. Raises Foreign."""
    response = dns.message.make_response(query, recursion_available=True)
    if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
        response.set_rcode(dns.rcode.NOTIMP)
        return response
    question = query.question[0]
    name = question.name
    if question.rdclass != dns.rdataclass.IN:
        response.set_rcode(dns.rcode.REFUSED)
        return response
    asked = dns.rdatatype.to_text(question.rdtype)
    for _ in range(_CHAIN):
        found = zone.find(_text(name))
        if found is None:
            raise Foreign(response, name)
        response.flags |= dns.flags.AA
        chosen = [r for r in found.records if r.type in (asked, "CNAME") or asked == "ANY"]
        _add(response.answer, name, chosen)
        follow = [r.data for r in chosen if r.type == "CNAME" and asked not in ("CNAME", "ANY")]
        if not follow:
            if not chosen:
                _deny(response, zone, found)
            elif asked == "SRV":
                _add_targets(response, zone, chosen)
            return response
        name = dns.name.from_text(follow[0])
    response.set_rcode(dns.rcode.SERVFAIL)
    return response


def refused(query: dns.message.Message) -> dns.message.Message:
    """The answer for a foreign name without an upstream."""
    response = dns.message.make_response(query, recursion_available=True)
    response.set_rcode(dns.rcode.REFUSED)
    return response


def in_datagram(query: dns.message.Message, response: dns.message.Message) -> bytes:
    """The answer as one datagram: as large as its asker takes, else cut off and marked, so that it asks by TCP.

    It has as many of the records as find room, as CoreDNS's: there are resolvers that never ask by TCP.
    """
    largest = max(512, min(query.payload, _UDP_PAYLOAD)) if query.edns >= 0 else 512
    wire = response.to_wire(max_size=_LONGEST)
    if len(wire) <= largest:
        return wire
    records = [(each, data) for each in response.answer for data in each]
    room = bisect_right(
        range(len(records)), largest, key=lambda n: len(_cut(query, response, records[: n + 1]))
    )
    return _cut(query, response, records[:room])


def _cut(
    query: dns.message.Message,
    response: dns.message.Message,
    records: Sequence[tuple[dns.rrset.RRset, Rdata]],
) -> bytes:
    """The answer with no more than these records, marked as cut off."""
    cut = dns.message.make_response(query, recursion_available=True)
    cut.set_rcode(response.rcode())
    cut.flags |= dns.flags.TC | (response.flags & dns.flags.AA)
    for of, data in records:
        cut.find_rrset(cut.answer, of.name, of.rdclass, of.rdtype, create=True).add(data, of.ttl)
    return cut.to_wire(max_size=_LONGEST)


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _add(section: list[dns.rrset.RRset], name: dns.name.Name, records: list[Record]) -> None:
    by_type: dict[str, list[str]] = {}
    for record in records:
        by_type.setdefault(record.type, []).append(record.data)
    for kind, data in by_type.items():
        section.append(dns.rrset.from_text_list(name, _TTL, "IN", kind, data))


def _add_targets(response: dns.message.Message, zone: Zone, records: list[Record]) -> None:
    """The addresses of what SRV records point at."""
    for target in dict.fromkeys(record.data.rpartition(" ")[2] for record in records):
        found = zone.find(target.rstrip("."))
        if found is not None:
            addresses = [r for r in found.records if r.type in ("A", "AAAA")]
            _add(response.additional, dns.name.from_text(target), addresses)


def _deny(response: dns.message.Message, zone: Zone, found: Found) -> None:
    if not found.exists:
        response.set_rcode(dns.rcode.NXDOMAIN)
    soa = f"ns.dns.{zone.domain}. hostmaster.{zone.domain}. 1 7200 1800 86400 {_TTL}"
    response.authority.append(dns.rrset.from_text(f"{zone.domain}.", _TTL, "IN", "SOA", soa))
