"""Why no rate is printed, or no interval, or not every earlier result is used.

Codes and their words. Many codes are the node's, which finds the earlier results; a
test compares them with its source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from models.hippocampus.interpretation.volumes import IMPLAUSIBLE

GRADE_C = "grade_c"
NO_DATE = "study_date_missing"
NO_PRIOR = "no_prior"
OTHER_SIDE = "other_side"
SIDE_UNKNOWN = "side_unknown"
TOO_SHORT = "interval_too_short"
VOLUME_MISSING = "volume_missing"
"""Reasons why no rate is printed."""

OTHER_WEIGHTS = "other_weights"
OTHER_PROTOCOL = "other_protocol"
PRIOR_RESERVATIONS = "prior_reservations"
PROTOCOL_UNKNOWN = "protocol_unknown"
"""Cautions: a rate is printed, its interval is not."""

OF_THIS_STUDY: Mapping[str, str] = MappingProxyType(
    {
        GRADE_C: "the quality of this result is C.",
        NO_DATE: "this study has no date.",
        NO_PRIOR: "no earlier result of this person was found.",
        OTHER_SIDE: "earlier results show the other side.",
        SIDE_UNKNOWN: "the side of a visit is neither proven nor declared.",
        TOO_SHORT: "no earlier visit is half a year away or more.",
        VOLUME_MISSING: "a visit has no volume above 0 of this structure.",
    }
)

REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "identity_conflict": "it carries this Patient ID, but another birth date, sex "
        "or name.",
        "identity_unproven": "it carries this Patient ID, and nothing proves that it "
        "is of this person.",
        "prior_not_renewed": "its exam was to be read again since then, and was not.",
        "prior_person_changed": "it was sought for the person whom this study named "
        "before it was corrected.",
        "prior_retracted": "it was taken back.",
        "prior_unreliable": "its quality is C.",
        IMPLAUSIBLE: "its volumes are missing, are not those of a hippocampus, or "
        "contradict one another.",
        "prior_images_gone": "its images are no longer at hand.",
        "prior_images_not_fetched": "its images did not come whole, or not in time.",
        "prior_images_rejected": "its images are rejected in the archive.",
        "prior_images_too_large": "its images are more than are fetched.",
        "prior_images_unread": "the reading of its images broke off.",
        "prior_images_unreadable": "its images cannot be read by the model.",
        "prior_images_unreliable": "what the model reads in its images has quality C.",
        "prior_report_unreadable": "its report is gone, or is not what was written.",
        "prior_reports_not_fetched": "its reports did not come whole, or not in time, "
        "or are not understood.",
    }
)
"""Of an earlier result that was found and is not used."""

UNSOUGHT: Mapping[str, str] = MappingProxyType(
    {
        "archive_unavailable": "the archive could not be asked, or not in time.",
        "patient_id_missing": "this study has no Patient ID.",
        "patient_id_not_asked": "an archive would take the Patient ID of this study "
        "for other people's as well.",
        "priors_not_sought": "nobody looked for them, or not in the time allowed.",
        "study_dates_differ": "the series of this study carry several dates.",
    }
)
"""Of a search that may have missed some."""

UNCONFIRMED: Mapping[str, str] = MappingProxyType(
    {
        "prior_rejections_unknown": "the archive could not be asked whether it "
        "rejects them.",
    }
)
"""Of earlier results that are used all the same."""

CAUTIONS: Mapping[str, str] = MappingProxyType(
    {
        "identity_unproven": "a visit does not state the sex",
        "name_differs": "the name differs",
        "prior_grade_b": "the earlier result has grade B",
        "prior_grade_unknown": "the earlier report states no grade",
        PROTOCOL_UNKNOWN: "the protocol of a visit is not known",
    }
)
"""What is known against an earlier result; other codes are reservations of its own,
which are told under one code: theirs would speak of this study."""


def why_not(reason: str) -> str:
    """Return why no rate is printed.

    >>> why_not("no_prior"), why_not("prior_retracted")
    ... # doctest: +NORMALIZE_WHITESPACE
    ('no earlier result of this person was found.',
     'an earlier result is not used: it was taken back.')
    """
    if reason in REFUSED:
        return f"an earlier result is not used: {REFUSED[reason]}"
    if reason in UNSOUGHT:
        return f"earlier results are not known: {UNSOUGHT[reason]}"
    if reason in UNCONFIRMED:
        return f"earlier results are not confirmed: {UNCONFIRMED[reason]}"
    return OF_THIS_STUDY.get(reason, f"{plain(reason)}.")


def beside(reason: str) -> str:
    """Return what a rate does not rest on, beside one that is printed.

    >>> beside("prior_retracted")
    'Another earlier result was not used: it was taken back.'
    """
    if reason in UNSOUGHT:
        return f"There may be other earlier results: {UNSOUGHT[reason]}"
    if reason in UNCONFIRMED:
        return f"Earlier results are not confirmed: {UNCONFIRMED[reason]}"
    why = REFUSED.get(reason, f"{plain(reason)}.")
    return f"Another earlier result was not used: {why}"


def cautions(codes: Iterable[str]) -> dict[str, str]:
    """Return what is known against an earlier result: reason code → words.

    >>> cautions(["name_differs", "thick_slices"])
    ... # doctest: +NORMALIZE_WHITESPACE
    {'name_differs': 'the name differs',
     'prior_reservations': 'the earlier result has reservations (thick slices)'}
    """
    given = list(codes)
    found = {code: CAUTIONS[code] for code in given if code in CAUTIONS}
    if own := ", ".join(plain(code) for code in given if code not in CAUTIONS):
        found[PRIOR_RESERVATIONS] = f"the earlier result has reservations ({own})"
    return found


def plain(code: str) -> str:
    """Return a code as words."""
    return code.replace("_", " ")
