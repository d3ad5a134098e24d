"""The view: tabs of tables that follow a cluster, and one object's YAML."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

from msgspec.structs import replace
from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Static, TabbedContent, TabPane
from textual.widgets.data_table import RowDoesNotExist

from orchestrator.api import codec
from orchestrator.machinery.times import human_duration
from orchestrator.top import looks
from orchestrator.top.looks import Row, Seen, Summary
from orchestrator.top.sources import Simulation, Source, SourceError

# A terminal shows fifty rows, and a table of thousands takes seconds to lay out.
MOST_ROWS: Final = 500
# How often a simulation's time moves on, in seconds of the wall's clock.
FRAME_SECONDS: Final = 0.25
SHORT_STEP_SECONDS: Final = 1.0
LONG_STEP_SECONDS: Final = 60.0
_FASTEST: Final = 4096.0

Columns = Sequence[str]
TABS: Final[Mapping[str, tuple[str, Columns]]] = {
    "nodes": ("Nodes", looks.NODE_COLUMNS),
    "pods": ("Pods", looks.POD_COLUMNS),
    "events": ("Events", looks.EVENT_COLUMNS),
    "actors": ("Actors", looks.ACTOR_COLUMNS),
    "queues": ("Queues", looks.QUEUE_COLUMNS),
}


class ObjectScreen(Screen[None]):
    """One object as `kubectl get -o yaml` prints it, as it was when it was opened."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "app.pop_screen", "Back")]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title = title
        self._text = text

    def compose(self) -> ComposeResult:
        """The name, and the YAML."""
        yield Static(self._title, classes="head", markup=False)
        with VerticalScroll():
            yield Static(self._text, id="yaml", markup=False)
        yield Footer()


class Top(App[None]):
    """Looks at `source` every `every` seconds of the wall's clock.

    A `simulation` is the same source when its time is ours: it passes `speed` times as fast as the wall's,
    stands while `paused`, and goes on by a step.
    """

    CSS = """
    .head { height: auto; padding: 0 1; background: $panel; }
    #trouble { color: $error; height: auto; padding: 0 1; display: none; }
    TabbedContent, DataTable { height: 1fr; }
    #yaml { padding: 0 1; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number), f"tab('{name}')", title, show=False)
            for number, (name, (title, _)) in enumerate(TABS.items(), 1)
        ),
        Binding("enter", "open", "Open", show=False),
        Binding("y", "open", "YAML"),
        Binding("q", "quit", "Quit"),
        Binding("space", "pause", "Pause"),
        Binding("s", "step(1)", "Step 1 s"),
        Binding("m", "step(60)", "Step 1 min"),
        Binding("plus", "faster", "Faster"),
        Binding("minus", "slower", "Slower"),
    ]

    def __init__(
        self,
        source: Source,
        *,
        every: float = 1.0,
        simulation: Simulation | None = None,
        speed: float = 1.0,
        paused: bool = False,
    ) -> None:
        super().__init__()
        self._source = source
        self._every = every
        self._simulation = simulation
        self._speed = speed
        self._paused = paused
        self._seen: Seen | None = None
        self._before: Seen | None = None
        self._opened: frozenset[str] = frozenset()
        self._rows: dict[str, dict[str, Row]] = {name: {} for name in TABS}
        self._first = 0.0  # the cluster's time at the first look
        self._looking = asyncio.Lock()
        # Kept, for another screen may be on top of theirs when there is news.
        self._summary = Static("", classes="head", id="summary", markup=False)
        self._trouble = Static("", id="trouble", markup=False)
        self._tables: dict[str, DataTable[Text]] = {
            name: DataTable(id=f"{name}-table", cursor_type="row", zebra_stripes=True)
            for name in TABS
        }
        self._tab = "nodes"

    def compose(self) -> ComposeResult:
        """The summary, what is wrong, and the tabs."""
        yield self._summary
        yield self._trouble
        with TabbedContent(initial=self._tab):
            for name, (title, _) in TABS.items():
                with TabPane(title, id=name):
                    yield self._tables[name]
        yield Footer()

    def on_mount(self) -> None:
        """Make the tables, and begin to look."""
        for name, (_, columns) in TABS.items():
            for column in columns:
                self._tables[name].add_column(column, key=column)
        self._tables[self._tab].focus()
        self.follow()
        self.set_interval(self._every if self._simulation is None else FRAME_SECONDS, self.follow)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Time's keys are there only for a simulation, and those of tables only where a table is."""
        if action in ("pause", "step", "faster", "slower"):
            return self._simulation is not None
        return action not in ("open", "tab") or not isinstance(self.screen, ObjectScreen)

    # --- following -------------------------------------------------------------------------

    @work
    async def _follow(self, seconds: float) -> None:
        await self.look(seconds)

    def follow(self) -> None:
        """Look again, unless the look before is still under way."""
        if not self._looking.locked():
            begun = self._simulation is not None and not self._paused and self._seen is not None
            self._follow(self._speed * FRAME_SECONDS if begun else 0.0)

    async def look(self, seconds: float = 0.0) -> None:
        """Let a simulation's time pass, look, and show what is seen; one look after the other."""
        async with self._looking:
            await self._look(seconds)

    async def _look(self, seconds: float) -> None:
        begun = time.perf_counter()
        try:
            if self._simulation is not None and seconds:
                await self._simulation.advance(seconds)
            seen = await self._source.look()
        except SourceError as error:
            self._say_trouble(str(error))
            return
        self._say_trouble("")
        if self._seen is None:
            self._first = seen.now
        elif seen.now > self._seen.now:
            self._before = self._seen
        self._seen = seen
        self._show(time.perf_counter() - begun)

    def _say_trouble(self, text: str) -> None:
        self._trouble.update(text)
        self._trouble.display = bool(text)

    # --- showing ---------------------------------------------------------------------------

    def _show(self, took: float) -> None:
        seen = self._seen
        assert seen is not None
        summary = looks.summarize(seen, self._before)
        self._summary.update("\n".join(self._head(seen, summary, took)))
        self._fill(self._tab)

    def _head(self, seen: Seen, summary: Summary, took: float) -> list[str]:
        phases = ", ".join(f"{n:,} {phase.lower()}" for phase, n in sorted(summary.phases.items()))
        first = f"{self._source.name}   {human_duration(seen.now - self._first)} of its time"
        if self._simulation is not None:
            how = "paused" if self._paused else f"{self._speed:g}x"
            first += f"   {how}   {self._simulation.step}"
        else:
            first += f"   a look takes {took:.1f} s"
        return [
            first,
            f"{summary.nodes_ready:,} of {summary.nodes:,} nodes ready   {len(seen.pods):,} pods"
            + (f": {phases}" if phases else ""),
            f"{summary.created_rate:,.1f} pods/s created   {summary.started_rate:,.1f} started   "
            f"{summary.message_rate:,.0f} messages/s",
        ]

    def _fill(self, name: str) -> None:
        """Bring the table of a tab to what was seen; the cursor stays where it is."""
        seen, before = self._seen, self._before
        if seen is None:
            return
        makers: Mapping[str, Callable[[], list[Row]]] = {
            "nodes": lambda: looks.node_rows(seen),
            "pods": lambda: looks.pod_rows(seen),
            "events": lambda: looks.event_rows(seen),
            "actors": lambda: looks.actor_rows(seen, before, self._opened),
            "queues": lambda: looks.queue_rows(seen),
        }
        rows = makers[name]()
        shown = {row.key: row for row in rows[:MOST_ROWS]}
        if len(rows) > MOST_ROWS:
            more = f"... and {len(rows) - MOST_ROWS:,} more"
            width = len(TABS[name][1])
            shown["more"] = Row("more", (more, *[""] * (width - 1)))
        self._bring(self._tables[name], self._rows[name], shown)
        self._rows[name] = shown

    def _bring(
        self, table: "DataTable[Text]", old: Mapping[str, Row], new: Mapping[str, Row]
    ) -> None:
        columns = [column.value or "" for column in table.columns]
        if list(old) != list(new):
            self._rebuild(table, new)
            return
        for key, row in new.items():
            for column, was, cell in zip(columns, old[key].cells, row.cells, strict=True):
                if was != cell:
                    table.update_cell(key, column, _cell(column, cell), update_width=True)

    def _rebuild(self, table: "DataTable[Text]", rows: Mapping[str, Row]) -> None:
        here, key, scroll = table.cursor_row, self._key(table), table.scroll_y
        table.clear()
        columns = [column.value for column in table.columns]
        for row in rows.values():
            table.add_row(*map(_cell, columns, row.cells), key=row.key)
        try:
            here = table.get_row_index(key)
        except RowDoesNotExist:
            here = min(here, table.row_count - 1)
        table.move_cursor(row=here, scroll=False)
        table.scroll_y = scroll

    def _key(self, table: "DataTable[Text]") -> str:
        if not table.row_count:
            return ""
        return table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value or ""

    def on_tabbed_content_tab_activated(self, event: TabbedContent.TabActivated) -> None:
        """A tab is filled when somebody looks at it."""
        self._tab = event.pane.id or self._tab
        self._fill(self._tab)
        self._tables[self._tab].focus()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Enter, or a click."""
        self.action_open()

    # --- keys ------------------------------------------------------------------------------

    def action_tab(self, name: str) -> None:
        """Go to a tab."""
        self.query_one(TabbedContent).active = name

    def action_open(self) -> None:
        """Open an object's YAML, or what is folded in the tree of actors."""
        name = self._tab
        key = self._key(self._tables[name])
        row = self._rows[name].get(key)
        if key.startswith("fold:"):
            self._opened |= {key.removeprefix("fold:")}
            self._fill(name)
        elif key in self._opened:
            self._opened -= {key}
            self._fill(name)
        elif row is not None and row.object is not None:
            self.push_screen(ObjectScreen(key, _yaml(row.object)))

    def action_pause(self) -> None:
        """Stop a simulation's time, or let it pass again."""
        self._paused = not self._paused
        self._head_again()

    def action_step(self, seconds: int) -> None:
        """Let so much of a simulation's time pass, and stop it."""
        self._paused = True
        self._follow(float(seconds))

    def action_faster(self) -> None:
        """Twice as fast."""
        self._speed = min(_FASTEST, self._speed * 2)
        self._head_again()

    def action_slower(self) -> None:
        """Half as fast."""
        self._speed = max(1 / 16, self._speed / 2)
        self._head_again()

    def _head_again(self) -> None:
        if self._seen is not None:
            self._show(0.0)


def _cell(column: str | None, text: str) -> Text:
    return Text(text, justify="right" if column in looks.NUMBERS else "left", no_wrap=True)


def _yaml(obj: Any) -> str:
    """Without who owns which field, as kubectl leaves it out."""
    return codec.to_yaml(replace(obj, metadata=replace(obj.metadata, managed_fields=())))
