"""What every section of the settings is, and the kinds of value that they share."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

AETitle = Annotated[
    str,
    Field(min_length=1, max_length=16, pattern=r"^[\x21-\x5b\x5d-\x7e]+$"),
]
"""PS3.5 6.2: at most 16 characters, no backslash; we also refuse spaces."""

Port = Annotated[int, Field(ge=1, le=65_535)]
Seconds = Annotated[float, Field(gt=0)]


def _known_zone(name: str) -> str:
    if name and name not in available_timezones():
        raise ValueError("no time zone of that name, such as Europe/Berlin, is known")
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]


class Section(BaseModel):
    """A frozen section whose keys are all known."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
