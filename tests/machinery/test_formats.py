"""The formats of strings in schemas: what the original takes and what it refuses, as it was asked."""

from typing import Final

import pytest

from orchestrator.machinery.formats import FORMATS

# For each format what fits, and what does not.
_ASKED: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "mac": (
        ("00005e005301", "0000.5e00.5301", "00-00-5e-00-53-01", "02:00:5e:10:00:00:00:01", "0" * 40),
        ("0000-5e00-5301", "00:00:5e:00-53:01", "0" * 14, "0" * 13, "0:0:0:0:0:0", "00:00:5e:00:53:0g"),
    ),
    "email": (
        ("a@b", " a@ b ", "a@b (c)", 'x "y z" <a@b>', "x (y) <a@b>", '"a b"@c.d', "a@[1.2.3.4]", "a@[::1]", "é@b"),
        ("", "a", "a@b.c.", "a @b", "a@b, c@d", '""@b', "a@[x]", "a@b <c@d>", "a..b@c", "<a@b", "<a@b >", "x:y <a@b>"),
    ),
    "hostname": (
        ("m-y", "a-", "ab-c.de", "a.b.co", "€", "a€.com", "a+b", "a" * 63, "1.com", "é.fr", "a." + "b" * 63),
        ("", "my-host", "-a", "a.b", "a.bc.", "a..co", "a.c0", "x_y", "1.2.3.4", "a" * 64, "a-.com", "a b"),
    ),
    "uri": (
        (
            *("*", "/", "//a", "http://", "http://a:80", "http://u:p@h", "/a b", "/%41", "http://[::1]:1", "a:"),
            *("http://[::1%25eth0]", "a+b:c", "/x#y", "http:x y", "http://é", "http:?q", "http://h?%zz", "http://a]b"),
        ),
        (
            *("", "x", "http://a:b", "http://u p@h", "http://u%zz@h", "/%", "http://a%41", "http://[::1", "/\t"),
            *("http://[x]", "http://[::1%eth0]", "http://[::1]a", "1a:b", ":a", "#x", "http://a^b", "?q", "http://a:1:2"),
        ),
    ),
    "ipv4": (
        ("1.2.3.4", "001.002.003.004", "::1.2.3.4", "::01.2.3.4", "::ffff:1.2.3.4"),
        ("1.2.3.256", "1.2.3.4.5", " 1.2.3.4", "1.2.3.", "::1", "fe80::1%a.b"),
    ),
    "ipv6": (
        ("::", "1:2:3:4:5:6:7:8", "::1.2.3.4", "::FFFF"),
        ("::01.2.3.4", "fe80::1%1", "00001::", "1::2::3", "1.2.3.4"),
    ),
    "cidr": (
        ("1.2.3.4/8", "01.2.3.4/08", "::/0", "::01.2.3.4/96"),
        ("1.2.3.4/33", "1.2.3.4/", "1.2.3/8", "1.2.3.4/255.0.0.0", "fe80::1%a/64", "1.2.3.4/+8"),
    ),
    "date-time": (
        ("2020-01-01T00:00:00Z", "2020-02-29t23:59:59.5+99:99", "2020-01-01T00:00:00,5Z", "2020-01-01T00:00:00Zt5"),
        ("2020-01-01T00:00:00", "2020-01-01 00:00:00Z", "2020-01-01T23:59:60Z", "2020-01-01T00:00:00+0100", "2020"),
    ),
    "duration": (
        ("0", "+5s", "1h5m", "5 minutes", "1 min 5 sec", "x 5 weeks y", "5h 3q", "1d"),
        ("", "3", "PT", "5 fortnights", "99999999999999999999 s"),
    ),
    "ssn": (("123-45-6789", "123 45 6789"), ("123456789", "123-456789")),
    "creditcard": (("4111 1111 1111 1111", "5500000000000004"), ("1234567812345670", "2221000000000009")),
}  # fmt: skip


@pytest.mark.parametrize("name", _ASKED)
def test_formats(name: str) -> None:
    """Kubernetes' rules, and Go's, are not those of the standards."""
    fit, misfit = _ASKED[name]
    assert [text for text in fit if not FORMATS[name](text)] == []
    assert [text for text in misfit if FORMATS[name](text)] == []


@pytest.mark.parametrize("name", FORMATS)
def test_no_text_takes_long(name: str) -> None:
    """However it repeats itself; what takes a square of its length, or more, would not end here."""
    for piece in (
        "1",
        "a",
        " ",
        "-",
        ".",
        "a ",
        "a.",
        "a:",
        '"',
        '"a" ',
        "(",
        "\\",
        "%41",
        "1 ",
        "µ",
        "[",
    ):
        for text in (
            piece * 30_000,
            f"a@{piece * 30_000}<",
            f"http://{piece * 30_000}]",
            f"rgb({piece * 30_000}",
        ):
            FORMATS[name](text)
