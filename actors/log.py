"""The logs of a system: structlog's events, in the standard `logging` tree.

A system writes to one logger (`actors`, or the name that it was given), which is silent until the
program that embeds it configures `logging`: pytest's caplog, `logging.basicConfig()` or `show()`. An
event is one line with its keys; a record has `event` and `fields`, too. A traceback shows no locals:
these hold whole objects, Secrets among them. structlog's own configuration is neither read nor changed.

What fails once often fails for ever. An error of one place in the code, in one actor and event, is shown
whole the first time; the second, fourth, eighth ... time a line says how many times it came (`times`).
"""

import json
import logging
import sys
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TextIO

if TYPE_CHECKING:
    from structlog.typing import EventDict

_REMEMBERED: Final = 1024  # errors that are counted; the one that came least lately is forgotten
_VALUE_CHARACTERS: Final = 300  # of one value in a line; an error's text may hold whole objects


def new_log(name: str) -> Any:
    """A structlog logger that writes to `logging.getLogger(name)`, with a memory of its own."""
    import structlog  # late: it brings rich along, which is most of what `import actors` would cost

    logger = logging.getLogger(name)
    if not any(isinstance(handler, logging.NullHandler) for handler in logger.handlers):
        logger.addHandler(logging.NullHandler())
    return structlog.wrap_logger(
        logger,
        processors=[structlog.stdlib.filter_by_level, _name_error, Repeats(), _render],
        wrapper_class=structlog.stdlib.BoundLogger,
        context_class=dict,
        cache_logger_on_first_use=True,
    ).bind()


def show(level: int, names: Iterable[str], *, as_json: bool = False, **fields: Any) -> None:
    """Show what these loggers say from `level` on at standard error; `fields` stand in every line.

    `as_json`: a JSON object a line, with `ts` (milliseconds), `level`, `logger`, `msg` and the event's keys.
    For programs of our own: calling it again takes the place of the call before.
    """
    handler = _Shown()
    handler.setFormatter(_Document(fields) if as_json else _Line(fields))
    for name in names:
        logger = logging.getLogger(name)
        for before in [h for h in logger.handlers if isinstance(h, _Shown)]:
            logger.removeHandler(before)
        logger.addHandler(handler)
        logger.setLevel(level)


class Repeats:
    """Lets an error through when it comes the first, second, fourth, eighth ... time."""

    def __init__(self) -> None:
        self._counts: OrderedDict[Hashable, int] = OrderedDict()

    def __call__(self, _logger: Any, _method: str, event: "EventDict") -> "EventDict":
        """The event, without its traceback when it is not the first; raises DropEvent."""
        error = event.get("exc_info")
        if not isinstance(error, BaseException):
            return event
        key = (event["event"], event.get("actor"), type(error), _origin(error))
        count = self._counts[key] = self._counts.get(key, 0) + 1
        self._counts.move_to_end(key)
        if len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)
        if count == 1:
            return event
        if count & (count - 1):
            from structlog import DropEvent  # late, as above

            raise DropEvent
        del event["exc_info"]
        event["times"] = count
        return event


def _origin(error: BaseException) -> Hashable:
    """Where an error was raised; what it says may differ each time."""
    traceback = error.__traceback__
    if traceback is None:
        return str(error)
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame.f_code.co_filename, traceback.tb_lineno


def _name_error(_logger: Any, _method: str, event: "EventDict") -> "EventDict":
    """The exception itself as `exc_info`, and its text as `error`."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, tuple):
        error = error[1]
    if error is not None:
        event["exc_info"] = error
        event.setdefault("error", f"{type(error).__name__}: {error}")
    return event


def _render(_logger: Any, _method: str, event: "EventDict") -> tuple[tuple[str], Mapping[str, Any]]:
    """What the standard logger is called with."""
    name, error = event.pop("event"), event.pop("exc_info", None)
    fields = dict(event)
    line = " ".join([str(name), *(f"{key}={_value(value)}" for key, value in fields.items())])
    return (line,), {"exc_info": error, "extra": {"event": name, "fields": fields}}


def _value(value: Any) -> str:
    text = str(value)
    if any(character in text for character in ' "=\n'):
        text = repr(text)
    if len(text) > _VALUE_CHARACTERS:
        text = text[: _VALUE_CHARACTERS - 3] + "..."
    return text


class _Shown(logging.StreamHandler[TextIO]):
    """To whatever standard error is at the moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


class _Line(logging.Formatter):
    """`2026-01-31T12:00:00Z [warning] actor restarted actor=/scheduler ...`"""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__()
        self._fields = "".join(f" {key}={_value(value)}" for key, value in fields.items())

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"{at} [{record.levelname.lower()}] {record.message}{self._fields}"


class _Document(logging.Formatter):
    """`{"ts":1769860800000.0,"level":"warning","logger":"orchestrator","msg":"actor restarted",...}`"""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__()
        self._fields = fields

    def format(self, record: logging.LogRecord) -> str:
        document = {
            "ts": record.created * 1000,
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": getattr(record, "event", None) or record.getMessage(),
            **getattr(record, "fields", {}),
            **self._fields,
        }
        if record.exc_info:
            document["stacktrace"] = self.formatException(record.exc_info)
        return json.dumps(document, default=str, separators=(",", ":"))
