"""`$(NAME)` in the command, arguments and environment of a container."""

from collections.abc import Mapping


def substituted(text: str, known: Mapping[str, str]) -> str:
    """`$(NAME)` replaced by what is known, `$$` by `$`; what is not known stays."""
    result, at = [], 0
    while at < len(text):
        if text.startswith("$$", at):
            result.append("$")
            at += 2
        elif text.startswith("$(", at) and (end := text.find(")", at)) > 0:
            name = text[at + 2 : end]
            result.append(known.get(name, text[at : end + 1]))
            at = end + 1
        else:
            result.append(text[at])
            at += 1
    return "".join(result)
