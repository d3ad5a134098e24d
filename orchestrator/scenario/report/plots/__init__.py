"""The pictures of a report: one file a picture, each a function from data to an SVG in a figure.

A picture is as wide as a phone's screen allows its letters to be read; the page puts two side by
side. Names that users chose stand in the page's text where they can, since it wraps and an SVG does
not.
"""

from orchestrator.extras import need

need("matplotlib", extra="plots", what="reports are drawn")
