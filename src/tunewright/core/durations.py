"""Durations in words, in the three styles that are read: a line of a terminal, a page of a report, a rough estimate."""

NARROW_SPACE = "\u202f"


def terminal_duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 20 s`` or ``2 h 05 min``; up to 120 of a unit are left in it, as an ETA is read."""
    return _duration(seconds, space=" ", seconds_below=120, minutes_below=120)


def page_duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``3 min 12 s``, ``2 h 05 min``, with spaces at which no line breaks."""
    return _duration(seconds, space=NARROW_SPACE, seconds_below=60, minutes_below=60)


def rough_duration(seconds: float) -> str:
    """``5 min`` or ``2.5 hours``: what an estimate is good for; never less than a minute."""
    hours = seconds / 3600
    return f"{hours:.1f} hours" if hours >= 1 else f"{max(hours * 60, 1):.0f} min"


def _duration(seconds: float, *, space: str, seconds_below: int, minutes_below: int) -> str:
    """`seconds` with one decimal below ten, else rounded to a whole number before it is parted into units."""
    if round(seconds, 1) < 10:
        return f"{seconds:.1f}{space}s"
    whole = round(seconds)
    if whole < seconds_below:
        return f"{whole}{space}s"
    minutes, rest = divmod(whole, 60)
    if minutes < minutes_below:
        return f"{minutes}{space}min {rest:02d}{space}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}{space}h {minutes:02d}{space}min"
