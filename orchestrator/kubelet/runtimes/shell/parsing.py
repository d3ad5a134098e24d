"""Reads a script as a POSIX shell does, into the tree of `tree.py`. Not read: arrays, process substitution."""

import re
from collections.abc import Callable
from typing import Final

from orchestrator.kubelet.runtimes.shell.tree import (
    Arithmetic,
    Bare,
    Case,
    Command,
    For,
    Function,
    Group,
    If,
    Literal,
    Loop,
    Parameter,
    Part,
    Pipeline,
    Redirect,
    Redirected,
    Script,
    Simple,
    Step,
    Substitution,
    Word,
)

_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_SPECIAL: Final = "?$#@*!0123456789-"
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w*)=")
_REDIRECT: Final = re.compile(r"(\d?)(>>|>&|>\||<<-?|<|>)|(&>>?)")
_OPERATOR_OF_PARAMETER: Final = re.compile(r":?[-=?+]|##?|%%?|//?")
_ENDS: Final = frozenset({"then", "elif", "else", "fi", "do", "done", "esac", "}"})
_BREAKS: Final = " \t\n;&|<>()"


class ScriptError(ValueError):
    """The text is no script: says what was not expected."""


def parse(text: str) -> Script:
    """The tree of a script. Raises ScriptError."""
    reader = _Reader(text)
    script = reader.script(())
    if reader.at < len(reader.text):
        raise ScriptError(f'unexpected "{reader.text[reader.at]}"')
    return script


class _Reader:
    """Reads from `at` on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    # --- lists -----------------------------------------------------------------------------

    def script(self, ends: tuple[str, ...]) -> Script:
        """Commands up to one of these words, or the end."""
        steps: list[Step] = []
        operator = ";"
        while True:
            self._gap(newlines=True)
            if self.at >= len(self.text) or self._at_end(ends):
                break
            pipeline = self._pipeline()
            self._gap()
            nxt = self._operator()
            steps.append(Step(operator, pipeline, nxt == "&"))
            if nxt == "":
                break
            operator = nxt if nxt in ("&&", "||") else ";"
        return Script(tuple(steps))

    def _operator(self) -> str:
        for each in ("&&", "||", ";;", ";", "&", "\n"):
            if self.text.startswith(each, self.at):
                if each == ";;":
                    return ""
                self.at += len(each)
                return each
        return ""

    def _at_end(self, ends: tuple[str, ...]) -> bool:
        if self.text[self.at] == ")" or self.text.startswith(";;", self.at):
            return True
        word = self._peek()
        return word in ends or word in _ENDS

    def _peek(self) -> str:
        """The plain word that comes next."""
        end = self.at
        while (
            end < len(self.text)
            and self.text[end] not in _BREAKS
            and self.text[end] not in "'\"$`\\"
        ):
            end += 1
        return self.text[self.at : end]

    def _expect(self, word: str) -> None:
        self._gap(newlines=True)
        if not self.text.startswith(word, self.at):
            raise ScriptError(f'expecting "{word}"')
        self.at += len(word)

    def _gap(self, newlines: bool = False) -> None:
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in " \t\r" or (newlines and char in "\n"):
                self.at += 1
            elif self.text.startswith("\\\n", self.at):
                self.at += 2
            elif char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                return

    def _pipeline(self) -> Pipeline:
        negated = False
        if self._peek() == "!":
            negated = True
            self.at += 1
            self._gap()
        commands = [self._command()]
        while True:
            self._gap()
            if not self.text.startswith("|", self.at) or self.text.startswith("||", self.at):
                return Pipeline(tuple(commands), negated)
            self.at += 1
            self._gap(newlines=True)
            commands.append(self._command())

    # --- commands --------------------------------------------------------------------------

    def _command(self) -> Command:
        bare = self._bare()
        if isinstance(bare, Simple | Function):
            return bare
        redirects = self._redirects()
        return Redirected(bare, redirects) if redirects else bare

    def _bare(self) -> Bare:
        word = self._peek()
        if self.text.startswith("(", self.at):
            self.at += 1
            script = self.script(())
            self._expect(")")
            return Group(script, True)
        compounds: dict[str, Callable[[str], Bare]] = {
            "{": self._group,
            "if": self._if,
            "while": self._loop,
            "until": self._loop,
            "for": self._for,
            "case": self._case,
        }
        compound = compounds.get(word)
        if compound is not None:
            self.at += len(word)
            return compound(word)
        if word == "function":
            self.at += len(word)
            self._gap()
            return self._function(self._peek())
        end = self.at + len(word)
        if _NAME.fullmatch(word) and re.match(r"[ \t]*\(\)", self.text[end:]):
            return self._function(word)
        return self._simple()

    def _function(self, name: str) -> Function:
        self.at += len(name)
        self._gap()
        if self.text.startswith("()", self.at):
            self.at += 2
        self._gap(newlines=True)
        return Function(name, self._command())

    def _group(self, word: str) -> Group:
        script = self.script(("}",))
        self._expect("}")
        return Group(script, False)

    def _if(self, word: str) -> If:
        branches: list[tuple[Script, Script]] = []
        otherwise = None
        while True:
            condition = self.script(("then",))
            self._expect("then")
            branches.append((condition, self.script(("elif", "else", "fi"))))
            self._gap(newlines=True)
            if self._peek() == "elif":
                self.at += 4
                continue
            if self._peek() == "else":
                self.at += 4
                otherwise = self.script(("fi",))
            self._expect("fi")
            return If(tuple(branches), otherwise)

    def _loop(self, word: str) -> Loop:
        condition = self.script(("do",))
        return Loop(condition, self._body(), word == "until")

    def _body(self) -> Script:
        self._expect("do")
        body = self.script(("done",))
        self._expect("done")
        return body

    def _for(self, word: str) -> For:
        self._gap()
        name = self._peek()
        self.at += len(name)
        self._gap(newlines=True)
        words: list[Word] | None = None
        if self._peek() == "in":
            self.at += 2
            words = []
            self._gap()
            while self.at < len(self.text) and self.text[self.at] not in ";\n":
                words.append(self._word())
                self._gap()
        self._gap()
        if self.text.startswith(";", self.at):
            self.at += 1
        return For(name, tuple(words) if words is not None else None, self._body())

    def _case(self, word: str) -> Case:
        self._gap()
        subject = self._word()
        self._expect("in")
        branches: list[tuple[tuple[Word, ...], Script]] = []
        while True:
            self._gap(newlines=True)
            if self._peek() == "esac":
                self.at += 4
                return Case(subject, tuple(branches))
            if self.text.startswith("(", self.at):
                self.at += 1
            patterns = [self._word()]
            self._gap()
            while self.text.startswith("|", self.at):
                self.at += 1
                self._gap()
                patterns.append(self._word())
                self._gap()
            self._expect(")")
            branches.append((tuple(patterns), self.script(("esac",))))
            self._gap(newlines=True)
            if self.text.startswith(";;", self.at):
                self.at += 2
            elif self._peek() != "esac":
                raise ScriptError('expecting ";;"')

    def _simple(self) -> Simple:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        test = self._peek() == "[["  # in which < and ( are no operators
        while self.at < len(self.text):
            self._gap()
            found = self._redirects()
            redirects += found
            self._gap()
            if self.at >= len(self.text) or (
                self.text[self.at] in _BREAKS and not (test and words and self._in_test(words))
            ):
                break
            start = _ASSIGNMENT.match(self.text, self.at)
            if start is not None and not words:
                self.at = start.end()
                assignments.append((start[1], self._word(empty=True)))
            else:
                words.append(self._test_word() if test and self._in_test(words) else self._word())
        if not (assignments or words or redirects):
            unexpected = self.text[self.at : self.at + 1] or "end of file"
            raise ScriptError(f'unexpected "{unexpected}"')
        return Simple(tuple(assignments), tuple(words), tuple(redirects))

    @staticmethod
    def _in_test(words: list[Word]) -> bool:
        return bool(words) and words[-1].literal != "]]"

    def _test_word(self) -> Word:
        for each in ("&&", "||", "<", ">", "(", ")"):
            if self.text.startswith(each, self.at):
                self.at += len(each)
                return Word((Literal(each),))
        if self.text[self.at] in _BREAKS:
            self.at += 1
            return self._test_word()
        return self._word()

    # --- redirections ----------------------------------------------------------------------

    def _redirects(self) -> tuple[Redirect, ...]:
        found: list[Redirect] = []
        while True:
            self._gap()
            match = _REDIRECT.match(self.text, self.at)
            if match is None:
                return tuple(found)
            self.at = match.end()
            self._gap()
            if match[3]:
                target = self._word()
                found += [Redirect(1, match[3][1:], target), Redirect(2, ">&", _plain("1"))]
            elif match[2].startswith("<<"):
                end = self._word().literal or ""
                found.append(Redirect(0, "<<", self._document(end, tabs=match[2] == "<<-")))
            else:
                operator = ">" if match[2] == ">|" else match[2]
                stream = int(match[1]) if match[1] else int(operator != "<")
                found.append(Redirect(stream, operator, self._word()))

    def _document(self, end: str, *, tabs: bool) -> Word:
        """The lines of a here-document, which begin after this line."""
        line_end = self.text.find("\n", self.at)
        if line_end < 0:
            return _plain("")
        lines, at = [], line_end + 1
        while at < len(self.text):
            stop = self.text.find("\n", at)
            stop = len(self.text) if stop < 0 else stop
            line = self.text[at:stop]
            at = stop + 1
            line = line.lstrip("\t") if tabs else line
            if line == end:
                break
            lines.append(line + "\n")
        self.text = self.text[: line_end + 1] + self.text[at:]
        return Word(_Reader("".join(lines)).quoted_parts(""))

    # --- words -----------------------------------------------------------------------------

    def _word(self, empty: bool = False) -> Word:
        parts: list[Part] = []
        bare = ""

        def flush() -> None:
            nonlocal bare
            if bare:
                parts.append(Literal(bare))
                bare = ""

        while self.at < len(self.text):
            char = self.text[self.at]
            if char in _BREAKS:
                break
            if char == "'":
                flush()
                end = self.text.find("'", self.at + 1)
                if end < 0:
                    raise ScriptError("unterminated quoted string")
                parts.append(Literal(self.text[self.at + 1 : end], True))
                self.at = end + 1
            elif char == '"':
                flush()
                self.at += 1
                parts += self.quoted_parts('"') or (Literal("", True),)
                self.at += 1
            elif char == "\\":
                flush()
                if self.text[self.at + 1 : self.at + 2] != "\n":
                    parts.append(Literal(self.text[self.at + 1 : self.at + 2], True))
                self.at += 2
            elif char in "$`":
                part = self._dollar(quoted=False)
                if part is None:
                    bare += char
                    self.at += 1
                else:
                    flush()
                    parts.append(part)
            else:
                bare += char
                self.at += 1
        flush()
        if not parts and not empty:
            unexpected = self.text[self.at : self.at + 1] or "end of file"
            raise ScriptError(f'unexpected "{unexpected}"')
        return Word(tuple(parts))

    def quoted_parts(self, quote: str) -> tuple[Part, ...]:
        """Parts up to the closing quote (empty: to the end)."""
        parts: list[Part] = []
        text = ""
        while self.at < len(self.text) and self.text[self.at] != quote:
            char = self.text[self.at]
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in ('"', "\\", "$", "`", "\n"):
                following = self.text[self.at + 1]
                text += "" if following == "\n" else following
                self.at += 2
                continue
            part = self._dollar(quoted=True) if char in "$`" else None
            if part is None:
                text += char
                self.at += 1
            else:
                if text:
                    parts.append(Literal(text, True))
                    text = ""
                parts.append(part)
        if quote and self.at >= len(self.text):
            raise ScriptError("unterminated quoted string")
        if text:
            parts.append(Literal(text, True))
        return tuple(parts)

    def _dollar(self, *, quoted: bool) -> Part | None:
        """What is replaced here; None if nothing is."""
        text, at = self.text, self.at
        if text[at] == "`":
            end = text.find("`", at + 1)
            if end < 0:
                raise ScriptError("unterminated quoted string")
            self.at = end + 1
            return Substitution(parse(text[at + 1 : end]), quoted)
        if text.startswith("$((", at):
            end = _closing(text, at + 3, 2)
            self.at = end + 2
            return Arithmetic(Word(_Reader(text[at + 3 : end]).quoted_parts("")), quoted)
        if text.startswith("$(", at):
            inner = _Reader(text)
            inner.at = at + 2
            script = inner.script(())
            inner._expect(")")
            self.at = inner.at
            return Substitution(script, quoted)
        if text.startswith("${", at):
            return self._braced(quoted)
        name = _NAME.match(text, at + 1)
        if name is not None:
            self.at = name.end()
            return Parameter(name[0], quoted=quoted)
        if text[at + 1 : at + 2] and text[at + 1] in _SPECIAL:
            self.at = at + 2
            return Parameter(text[at + 1], quoted=quoted)
        return None

    def _braced(self, quoted: bool) -> Parameter:
        self.at += 2
        length = self.text.startswith("#", self.at) and self.text[self.at + 1 : self.at + 2] != "}"
        self.at += length
        name = _NAME.match(self.text, self.at)
        found = name[0] if name is not None else self.text[self.at : self.at + 1]
        self.at += len(found)
        operator = _OPERATOR_OF_PARAMETER.match(self.text, self.at)
        word = None
        if operator is not None:
            self.at = operator.end()
            word = Word(self.quoted_parts("}"))
            word = Word(
                tuple(p if not isinstance(p, Literal) else Literal(p.text) for p in word.parts)
            )
        if not self.text.startswith("}", self.at):
            raise ScriptError("bad substitution")
        self.at += 1
        how = "length" if length else operator[0] if operator is not None else ""
        return Parameter(found, how, word, quoted)


def _plain(text: str) -> Word:
    return Word((Literal(text, True),))


def _closing(text: str, at: int, count: int) -> int:
    """Where the brackets close that are open. Raises ScriptError."""
    depth = 0
    while at < len(text):
        if text[at] == "(":
            depth += 1
        elif text[at] == ")":
            if depth == 0 and text.startswith(")" * count, at):
                return at
            depth -= 1
        at += 1
    raise ScriptError("missing '))'")
