"""One colour for one thing, in every picture: Okabe and Ito's, which the colour-blind tell apart."""

from typing import Final

BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
GREEN: Final = "#009E73"
VERMILION: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
SKY: Final = "#56B4E9"
GREY: Final = "#7A7A7A"
INK: Final = "#2B2F36"
RULE: Final = "#D9DCE1"

PHASES: Final = {
    "podsSucceeded": ("Succeeded", GREEN),
    "podsRunning": ("Running", BLUE),
    "podsPending": ("Pending", ORANGE),
    "podsFailed": ("Failed", VERMILION),
}
"""From a series' column to the phase and its colour, in the order in which they are stacked."""

SEQUENCE: Final = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, GREY)
"""For things that have no colour of their own: groups, resources, runs."""

SHADES: Final = "YlGnBu"
"""Of the heat map: light is empty, dark is full, in print as well."""


def colour(index: int) -> str:
    """The colour of the index-th thing."""
    return SEQUENCE[index % len(SEQUENCE)]
