"""Numbers as a person would write them."""


def duration(seconds: float) -> str:
    """Seconds in the unit that a person would use."""
    if seconds == 0:
        return "0 s"
    if seconds < 1e-3:
        return f"{seconds * 1e6:,.0f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:,.0f} ms"
    if seconds < 300:
        return f"{seconds:,.1f} s"
    if seconds < 3 * 3600:
        return f"{seconds / 60:,.1f} min"
    return f"{seconds / 3600:,.1f} h" if seconds < 72 * 3600 else f"{seconds / 86400:,.1f} days"
