"""A reading: what a job reads of a study, as the ledger names it.

On the wire it is a model, which chooses the series. Offline a person may want every
series read that a model can: then it is a model and one series, ``NAME@UID``.
"""

from __future__ import annotations

OF_SERIES = "@"
"""Between the two; the name of a model is a name of Python, and holds none."""


def reading_of(model: str, series_instance_uid: str = "") -> str:
    """Return the name of a reading.

    >>> reading_of("chest_ct"), reading_of("chest_ct", "1.2.3")
    ('chest_ct', 'chest_ct@1.2.3')
    """
    return OF_SERIES.join(part for part in (model, series_instance_uid) if part)


def parts_of(reading: str) -> tuple[str, str]:
    """Return the model of a reading, and its series, "" where the model chooses.

    >>> parts_of("chest_ct"), parts_of("chest_ct@1.2.3")
    (('chest_ct', ''), ('chest_ct', '1.2.3'))
    """
    model, _, series_instance_uid = reading.partition(OF_SERIES)
    return model, series_instance_uid
