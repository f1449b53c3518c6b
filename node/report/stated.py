"""One value of a source header as it may stand in an object of ours.

Headers hold two values where one is allowed, line ends, and texts without end. What
is written must be valid all the same, and two patients must not become a third.
"""

from __future__ import annotations

import re

from pydicom import Dataset
from pydicom.datadict import dictionary_VR

from models.volume.headers import text

LENGTHS = {"CS": 16, "LO": 64, "SH": 16}
"""Characters in a value of these VRs (PS3.5 6.2)."""

PN_GROUPS, PN_COMPONENTS, PN_GROUP_LENGTH = 3, 5, 64
"""Of a name: alphabetic, ideographic, phonetic; family to suffix (PS3.5 6.2.1)."""

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def stated(source: Dataset, keyword: str) -> str:
    """Return the first value of a text, cut to what its VR allows; "" without one.

    Control characters become a space: what they part stays apart.
    """
    first = text(source, keyword).partition("\\")[0]
    value = CONTROL.sub(" ", first).strip()
    vr = dictionary_VR(keyword)
    if vr == "PN":
        return _name(value)
    return value[: LENGTHS.get(vr)].rstrip()


def _name(name: str) -> str:
    groups = (group.split("^")[:PN_COMPONENTS] for group in name.split("="))
    cut = ["^".join(components)[:PN_GROUP_LENGTH].rstrip() for components in groups]
    return "=".join(cut[:PN_GROUPS])
