"""Commands that write and change text."""

import re
from collections.abc import Mapping
from typing import Final

from orchestrator.kubelet.runtimes.commands.options import Gathered, gather, split
from orchestrator.kubelet.runtimes.commands.paths import absolute, write
from orchestrator.kubelet.runtimes.commands.steps import Command, Err, Out, Read, Run, Sleep
from orchestrator.kubelet.runtimes.interface import World

_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "a": "\a", "b": "\b", "0": "\0"}
_LOOK_SECONDS: Final = 1.0


def _unescaped(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        if found[1].startswith("x"):
            return chr(int(found[1][1:], 16))
        if found[1].isdecimal() and len(found[1]) > 1:
            return chr(int(found[1], 8) & 255)
        return _ESCAPES.get(found[1], found[0])

    return re.sub(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{2,4}|.)", one, text)


def _echo(arguments: list[str], world: World) -> Run:
    newline, escapes = True, False
    while arguments and re.fullmatch(r"-[neE]+", arguments[0]):
        option = arguments.pop(0)
        newline = newline and "n" not in option
        escapes = "e" in option or (escapes and "E" not in option)
    text = " ".join(arguments)
    yield Out((_unescaped(text) if escapes else text).encode() + (b"\n" if newline else b""))
    return 0


def _printf(arguments: list[str], world: World) -> Run:
    if not arguments:
        return 1
    form, values = _unescaped(arguments[0]), list(arguments[1:])

    def one(found: re.Match[str]) -> str:
        kind = found[0][-1]
        if kind == "%":
            return "%"
        value = values.pop(0) if values else ""
        if kind in "di":
            return (found[0][:-1] + "d") % (int(value) if value.lstrip("-").isdecimal() else 0)
        if kind in "ouxX":
            return (found[0][:-1] + kind.replace("u", "d")) % int(value or "0")
        return (found[0][:-1] + "s") % (_unescaped(value) if kind == "b" else value)

    text = ""
    while True:
        before = len(values)
        text += re.sub(r"%[-0-9.]*[sdiuoxXbc%]", one, form)
        if not values or len(values) == before:
            break
    yield Out(text.encode())
    return 0


def _cat(arguments: list[str], world: World) -> Run:
    failed = 0
    for name in [a for a in arguments if a == "-" or not a.startswith("-")] or ["-"]:
        if name == "-":
            while (data := (yield Read())) is not None:
                yield Out(data)
            continue
        read = Gathered()
        code = yield from gather("cat", [name], world, read)
        if code:
            failed = 1
            continue
        yield Out(read.data)
    return failed


def _lines(data: bytes) -> list[bytes]:
    return data.splitlines(True)


def _head(arguments: list[str], world: World) -> Run:
    options, names = split(_numbered(arguments), "nc")
    read = Gathered()
    code = yield from gather("head", names, world, read)
    if "c" in options:
        yield Out(read.data[: int(options["c"])])
    else:
        yield Out(b"".join(_lines(read.data)[: int(options.get("n", "10"))]))
    return code


def _numbered(arguments: list[str]) -> list[str]:
    return [f"-n{a[1:]}" if re.fullmatch(r"-\d+", a) else a for a in arguments]


def _tail(arguments: list[str], world: World) -> Run:
    options, names = split(_numbered(arguments), "nc")
    read = Gathered()
    code = yield from gather("tail", names, world, read)
    if "c" in options:
        yield Out(read.data[-int(options["c"]) :])
    else:
        text = options.get("n", "10")
        lines = _lines(read.data)
        count = int(text.lstrip("+"))
        first = count - 1 if text.startswith("+") else max(0, len(lines) - count)
        yield Out(b"".join(lines[first:]))
    seen = len(read.data)
    while ("f" in options or "F" in options) and not code:
        yield Sleep(_LOOK_SECONDS)
        data = world.files.get(absolute(names[0], world), b"") if names else b""
        if len(data) > seen:
            yield Out(data[seen:])
        seen = len(data)
    return code


def _wc(arguments: list[str], world: World) -> Run:
    options, names = split(arguments)
    read = Gathered()
    code = yield from gather("wc", names, world, read)
    data = read.data
    counts = {"l": data.count(b"\n"), "w": len(data.split()), "c": len(data)}
    shown = [counts[o] for o in ("l", "w", "c") if o in options] or list(counts.values())
    text = " ".join(map(str, shown)) if len(shown) == 1 else " ".join(f"{n:9d}" for n in shown)
    yield Out((text + (f" {names[0]}" if len(names) == 1 else "") + "\n").encode())
    return code


def _grep(arguments: list[str], world: World) -> Run:
    options, words = split(arguments, "em")
    pattern = options["e"] if "e" in options else (words.pop(0) if words else "")
    read = Gathered()
    yield from gather("grep", words, world, read)
    if "F" in options:
        pattern = re.escape(pattern)
    elif "E" not in options:
        pattern = re.sub(r"\\([|(){}+?])|([|(){}+?])", lambda m: m[1] or f"\\{m[2]}", pattern)
    if "w" in options:
        pattern = rf"\b(?:{pattern})\b"
    try:
        wanted = re.compile(pattern, re.IGNORECASE if "i" in options else 0)
    except re.error:
        yield Err(f"grep: bad regex '{pattern}'\n".encode())
        return 2
    lines = read.data.decode(errors="replace").splitlines()
    found = [line for line in lines if bool(wanted.search(line)) is not ("v" in options)]
    if "c" in options:
        yield Out(f"{len(found)}\n".encode())
    elif "o" in options:
        yield Out("".join(f"{m[0]}\n" for line in found for m in wanted.finditer(line)).encode())
    elif found and "q" not in options:
        yield Out("".join(f"{line}\n" for line in found).encode())
    return int(not found)


def _sed(arguments: list[str], world: World) -> Run:
    options, words = split(arguments, "e")
    script = options["e"] if "e" in options else (words.pop(0) if words else "")
    read = Gathered()
    code = yield from gather("sed", words, world, read)
    text = read.data.decode(errors="replace")
    for each in script.split(";"):
        text = _edited(each.strip(), text, quiet="n" in options)
    if "i" in options and words:
        write(absolute(words[0], world), text.encode(), world)
    else:
        yield Out(text.encode())
    return code


def _edited(script: str, text: str, *, quiet: bool) -> str:
    lines = text.splitlines(True)
    if script.startswith("s") and len(script) > 3:
        _, old, new, flags = (*script.split(script[1]), "", "", "")[:4]
        replacement = re.sub(r"(?<!\\)&", r"\\g<0>", new)
        count = 0 if "g" in flags else 1
        return "".join(re.sub(old, replacement, line, count=count) for line in lines)
    match = re.fullmatch(r"(\d+)(?:,(\d+|\$))?([dpq])", script)
    if match is None:
        return text
    first, last = int(match[1]), int(match[1]) if not match[2] else len(lines)
    if match[2] and match[2].isdecimal():
        last = int(match[2])
    chosen = lines[first - 1 : last]
    if match[3] == "d":
        return "".join(lines[: first - 1] + lines[last:])
    return "".join(chosen) if quiet else text


def _cut(arguments: list[str], world: World) -> Run:
    options, names = split(arguments, "dfc")
    read = Gathered()
    code = yield from gather("cut", names, world, read)
    by = options.get("d") or "\t"
    out = ""
    for line in read.data.decode(errors="replace").splitlines():
        pieces = list(line) if "c" in options else line.split(by)
        if len(pieces) == 1 and "c" not in options:
            out += line + "\n"
            continue
        chosen = _chosen(pieces, options.get("c") or options.get("f") or "1")
        out += ("" if "c" in options else by).join(chosen) + "\n"
    yield Out(out.encode())
    return code


def _chosen(pieces: list[str], ranges: str) -> list[str]:
    chosen: list[str] = []
    for each in ranges.split(","):
        first, dash, last = each.partition("-")
        low = int(first or "1")
        high = (int(last) if last else len(pieces)) if dash else low
        chosen += pieces[low - 1 : high]
    return chosen


def _sort(arguments: list[str], world: World) -> Run:
    options, names = split(arguments, "kt")
    read = Gathered()
    code = yield from gather("sort", names, world, read)
    lines = read.data.decode(errors="replace").splitlines()
    if "n" in options:
        lines.sort(key=lambda line: float((re.match(r"\s*-?[\d.]+", line) or ["0"])[0]))
    else:
        lines.sort()
    if "u" in options:
        lines = list(dict.fromkeys(lines))
    if "r" in options:
        lines.reverse()
    yield Out("".join(f"{line}\n" for line in lines).encode())
    return code


def _uniq(arguments: list[str], world: World) -> Run:
    options, names = split(arguments)
    read = Gathered()
    code = yield from gather("uniq", names, world, read)
    rows: list[tuple[str, int]] = []
    for line in read.data.decode(errors="replace").splitlines():
        if rows and rows[-1][0] == line:
            rows[-1] = (line, rows[-1][1] + 1)
        else:
            rows.append((line, 1))
    yield Out("".join(f"{n:7d} {t}\n" if "c" in options else f"{t}\n" for t, n in rows).encode())
    return code


def _tr(arguments: list[str], world: World) -> Run:
    options, sets = split(arguments)
    read = Gathered()
    yield from gather("tr", [], world, read)
    text = read.data.decode(errors="replace")
    first = _set(sets[0]) if sets else ""
    if "d" in options:
        text = "".join(c for c in text if c not in first)
    elif len(sets) > 1:
        second = _set(sets[1])
        second += second[-1:] * (len(first) - len(second))
        text = text.translate({ord(a): b for a, b in zip(first, second, strict=False)})
    yield Out(text.encode())
    return 0


def _set(text: str) -> str:
    text = _unescaped(text)
    for name, letters in (("[:upper:]", "A-Z"), ("[:lower:]", "a-z"), ("[:digit:]", "0-9"), ("[:space:]", " \t\n")):  # fmt: skip
        text = text.replace(name, letters)
    return re.sub(
        r"(.)-(.)", lambda m: "".join(chr(c) for c in range(ord(m[1]), ord(m[2]) + 1)), text
    )


def _awk(arguments: list[str], world: World) -> Run:
    """Only what prints fields of lines: `'{print $1, "text"}'`, with a pattern `/text/` or none."""
    options, words = split(arguments, "F")
    program = words.pop(0) if words else ""
    read = Gathered()
    code = yield from gather("awk", words, world, read)
    match = re.fullmatch(r"\s*(?:/([^/]*)/)?\s*\{\s*print\s*([^}]*?);?\s*\}\s*", program)
    if match is None:
        yield Err(b"awk: this program is not simulated\n")
        return 2
    out = ""
    for n, line in enumerate(read.data.decode(errors="replace").splitlines(), 1):
        if match[1] and not re.search(match[1], line):
            continue
        pieces = line.split(options.get("F"))
        out += _printed(match[2], line, pieces, n) + "\n"
    yield Out(out.encode())
    return code


def _printed(expressions: str, line: str, pieces: list[str], number: int) -> str:
    if not expressions:
        return line
    shown = []
    for group in expressions.split(","):
        text = ""
        for part in re.findall(r'"[^"]*"|\$\w+|NR|NF', group):
            if part.startswith('"'):
                text += _unescaped(part[1:-1])
            elif part in ("NR", "NF"):
                text += str(number if part == "NR" else len(pieces))
            else:
                place = (
                    len(pieces) if part == "$NF" else int(part[1:]) if part[1:].isdecimal() else 0
                )
                text += line if place == 0 else pieces[place - 1] if place <= len(pieces) else ""
        shown.append(text)
    return " ".join(shown)


def _seq(arguments: list[str], world: World) -> Run:
    numbers = [int(a) for a in arguments if a.lstrip("-").isdecimal()]
    if not numbers:
        return 1
    first = numbers[0] if len(numbers) > 1 else 1
    by = numbers[1] if len(numbers) > 2 else 1
    last = numbers[-1] + (1 if by > 0 else -1)
    yield Out("".join(f"{n}\n" for n in range(first, last, by)).encode())
    return 0


def _tee(arguments: list[str], world: World) -> Run:
    options, names = split(arguments)
    first = "a" not in options
    while (data := (yield Read())) is not None:
        for name in names:
            write(absolute(name, world), data, world, append=not first)
        first = False
        yield Out(data)
    return 0


def _hexdump(arguments: list[str], world: World) -> Run:
    _, names = split(arguments)
    read = Gathered()
    code = yield from gather("hexdump", names, world, read)
    data = read.data
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        halves = [" ".join(f"{b:02x}" for b in half) for half in (row[:8], row[8:])]
        shown = "".join(chr(b) if 32 <= b < 127 else "." for b in row)
        yield Out(f"{at:08x}  {halves[0]:<23}  {halves[1]:<23}  |{shown}|\n".encode())
    if data:
        yield Out(f"{len(data):08x}\n".encode())
    return code


COMMANDS: Final[Mapping[str, Command]] = {
    "echo": _echo,
    "printf": _printf,
    "cat": _cat,
    "head": _head,
    "tail": _tail,
    "wc": _wc,
    "grep": _grep,
    "sed": _sed,
    "cut": _cut,
    "sort": _sort,
    "uniq": _uniq,
    "tr": _tr,
    "awk": _awk,
    "seq": _seq,
    "tee": _tee,
    "hexdump": _hexdump,
}
