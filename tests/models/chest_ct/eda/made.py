"""Lines of a table with what might have been found for them, without any files."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.chest_ct.cases.labels import Label
from models.chest_ct.eda.entries import Entry, Usable
from models.chest_ct.eda.seen import Acquired, Person, Picture, Pixels, Seen


def usable(line: int, *, label: bool = False, study: str = "", **known: Any) -> Usable:
    """Return a sound line; ``known`` sets what its header and pixels say."""
    uid = study or f"1.2.{line}"
    person = Person(
        patient=known.pop("patient", f"p{line}"),
        sex=known.pop("sex", ""),
        age=known.pop("age", None),
        birth_year=known.pop("birth_year", None),
    )
    picture = known.pop("picture", None)
    pixels = Pixels(
        digest=known.pop("digest", f"{line:064d}"),
        lung_ml=4000,
        lung_hu=known.pop("lung_hu", -800.0),
        noise_hu=known.pop("noise_hu", 10.0),
        picture=unit(line) if picture is None else picture,
        thumbnail=np.zeros((60, 60), np.uint8),
    )
    acquired = Acquired(
        manufacturer=known.pop("manufacturer", "One"),
        kernel=known.pop("kernel", "B30f"),
        thickness_mm=known.pop("thickness_mm", 2.0),
        spacing_mm=known.pop("spacing_mm", (2.0, 0.7, 0.7)),
        slices=known.pop("slices", 100),
        rows=512,
        moment=known.pop("moment", ""),
    )
    assert not known
    seen = Seen(uid, f"{uid}.{line}", f"place{line}", person, acquired, pixels=pixels)
    entry = Entry(line, Label(uid, seen.series_uid, label), (seen,))
    return Usable(entry, seen, pixels)


def unit(seed: int) -> Picture:
    """Return a picture that is like no other."""
    picture = np.random.default_rng(seed).standard_normal(24**3).astype(np.float32)
    return picture / np.float32(np.linalg.norm(picture))
