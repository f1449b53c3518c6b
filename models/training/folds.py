"""Which folds a person means."""

from __future__ import annotations


def fold_numbers(text: str, folds: int) -> list[int]:
    """Return the numbers that a person types: ``all``, ``2``, ``0-4``, ``0,3``.

    Raises
    ------
    ValueError
        It is none of these, or there is no such fold.

    Examples
    --------
    >>> fold_numbers("0-2,4", 5), fold_numbers("all", 3)
    ([0, 1, 2, 4], [0, 1, 2])
    """
    if text == "all":
        return list(range(folds))
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not (first.isdecimal() and (last.isdecimal() if dash else not last)):
            raise ValueError(f"folds are such as 0-{folds - 1}, 0,2 or all, not {text}")
        found.update(range(int(first), int(last or first) + 1))
    if not found or max(found) >= folds:
        raise ValueError(f"folds are 0 to {folds - 1}, not {text}")
    return sorted(found)
