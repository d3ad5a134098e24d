"""What a list or a watch selects: label and field selectors, compiled together."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from msgspec import Struct

from orchestrator.machinery import fields, labels

Matches: TypeAlias = Callable[[Any], bool]


class Selection(Struct, frozen=True):
    """A compiled pair of selectors. `matches` is None when everything is selected."""

    matches: Matches | None
    fields: fields.Selector

    def fixed(self, field: str) -> str | None:
        """The one value that the field must have, if the selectors say so."""
        return self.fields.exact(field)


EVERYTHING: Final = Selection(None, fields.EVERYTHING)


def compiled(
    bucket: str,
    label_selector: str,
    field_selector: str,
    custom: Mapping[str, Callable[[Any], str]] | None = None,
) -> Selection:
    """The selection in a bucket's resource; `custom` are further fields. Raises SelectorError."""
    if not label_selector and not field_selector:
        return EVERYTHING
    by_label = labels.parse(label_selector)
    by_field = fields.compiled(field_selector, bucket, custom)
    if by_label.empty:
        return Selection(None if by_field.empty else by_field.matches, by_field)
    label_matches = by_label.matches
    if by_field.empty:
        return Selection(lambda stored: label_matches(stored.metadata.labels), by_field)
    field_matches = by_field.matches
    return Selection(
        lambda stored: field_matches(stored) and label_matches(stored.metadata.labels), by_field
    )
