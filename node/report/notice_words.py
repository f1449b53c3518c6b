"""Reason codes in the words of the people who wait for a result.

Each says what happened and what can be done about it, to someone who knows scanners
and studies, and neither this program nor its models.
"""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """What happened, and what to do."""

    what: str
    advice: str


SEND_AGAIN = "Send the study again; if this notice comes back, tell the administrator."
ASK = "Tell the administrator of the AI node; its log and `pacs-node jobs` say more."
CHECK_SERIES = (
    "Check that the series is complete and was acquired in one piece; correct it or "
    "send it again."
)
OTHER_SERIES = "Nothing to do, unless such a series was meant to be in this study."

WORDS: dict[str, Words] = {
    # The study
    "identity_conflict": Words(
        "Images of more than one patient or study lie in this study.",
        "Find out whose images they are, correct the study in the archive, and send "
        "it again.",
    ),
    "conflicting_instances": Words(
        "Some images came twice with different content under the same identifier.",
        "Find out which are right, remove the others from the archive, and send the "
        "study again after a day.",
    ),
    "no_readable_images": Words("No image of the study could be read.", SEND_AGAIN),
    "file_missing": Words("An image was gone when it was to be read.", SEND_AGAIN),
    "damaged_file": Words(
        "A damaged file lies among the images of the series.", SEND_AGAIN
    ),
    "no_complete_study": Words("The record of the study is incomplete.", SEND_AGAIN),
    # The images
    "pixels_damaged": Words("The pixels of an image are damaged.", SEND_AGAIN),
    "pixels_unsupported": Words(
        "The images are stored in a form that cannot be read, such as colour.",
        "Send the original greyscale images.",
    ),
    "pixels_too_large": Words(
        "An image claims a size that cannot be real.", SEND_AGAIN
    ),
    "constant_image": Words("The images are blank.", CHECK_SERIES),
    "not_finite": Words("The images hold values that are no numbers.", CHECK_SERIES),
    # Their geometry
    "missing_position": Words("Images do not say where they lie.", CHECK_SERIES),
    "missing_spacing": Words("Images do not say how large they are.", CHECK_SERIES),
    "single_slice": Words("The series has one slice only.", CHECK_SERIES),
    "not_an_image": Words("The series holds something that is no image.", CHECK_SERIES),
    "mixed_matrix": Words("The images have different matrices.", CHECK_SERIES),
    "mixed_spacing": Words("The images have different pixel sizes.", CHECK_SERIES),
    "mixed_orientation": Words("The slices are not parallel.", CHECK_SERIES),
    "invalid_orientation": Words(
        "The direction of the slices is not a possible one.", CHECK_SERIES
    ),
    "duplicate_position": Words(
        "Several slices lie at the same position.", CHECK_SERIES
    ),
    "several_acquisitions": Words(
        "Several acquisitions lie in one series.", CHECK_SERIES
    ),
    "gantry_tilt": Words("The gantry was tilted.", CHECK_SERIES),
    "slice_gap": Words("Slices are missing, or their distances differ.", CHECK_SERIES),
    "not_in_slice_order": Words("The slices cannot be put in order.", CHECK_SERIES),
    "multi_frame_unsupported": Words(
        "The series is a multi-frame object of a kind that is not read.",
        "Have the scanner or archive send single images.",
    ),
    # The series
    "no_series_accepted": Words(
        "The study holds no series of the kind that is read.", OTHER_SERIES
    ),
    "slice_count": Words("The series has too few or too many slices.", CHECK_SERIES),
    "series_not_accepted": Words(
        "The series is not of the kind that is read.", OTHER_SERIES
    ),
    "plane": Words("The slices lie in another plane.", OTHER_SERIES),
    "matrix": Words("The images are too small or too large.", OTHER_SERIES),
    "spacing": Words("The slices are too thick or the pixels too large.", OTHER_SERIES),
    "demonstration_off": Words(
        "The model is a demonstration, and this site has not allowed it to answer.",
        "Where its answers are wanted, let node.toml allow demonstrations.",
    ),
    # Is it a chest CT that covers the lungs?
    "not_ct": Words("The images are no CT.", OTHER_SERIES),
    "not_axial": Words("The slices are not axial.", OTHER_SERIES),
    "too_few_slices": Words("The series has too few slices.", OTHER_SERIES),
    "slices_too_thick": Words("The slices are too thick.", OTHER_SERIES),
    "not_hounsfield": Words("The values are no Hounsfield units.", OTHER_SERIES),
    "no_lungs": Words("The images show no lungs.", OTHER_SERIES),
    "one_lung": Words("The images show too little of a lung.", OTHER_SERIES),
    "lungs_not_split": Words("The lungs could not be told apart.", OTHER_SERIES),
    "lungs_not_covered": Words(
        "The images show only a part of the lungs.", OTHER_SERIES
    ),
    "lungs_too_low": Words(
        "What looks like lungs is not tall enough for a chest.", OTHER_SERIES
    ),
    "lungs_shape": Words(
        "What looks like lungs is not shaped like lungs.", OTHER_SERIES
    ),
    "field_of_view": Words("The images show only a part of the chest.", OTHER_SERIES),
    "body_cut": Words("The body is cut off at the edge.", OTHER_SERIES),
    "no_soft_tissue": Words("The images show no body.", OTHER_SERIES),
    "no_bone": Words("The images show no bones of a chest.", OTHER_SERIES),
    "no_vessels": Words("What looks like lungs holds no vessels.", OTHER_SERIES),
    # The machine
    "deadline_exceeded": Words("The reading took too long.", ASK),
    "out_of_memory": Words("The reading needed too much memory.", ASK),
    "worker_died": Words("The reading ended abnormally.", ASK),
    "no_worker": Words("The reading could not be started.", ASK),
    "interrupted": Words("The AI node was restarted again and again.", ASK),
    "internal_error": Words("An unforeseen error ended the reading.", ASK),
    "result_conflict": Words("The result could not be recorded.", ASK),
    "model_unavailable": Words("The model cannot be loaded.", ASK),
    "invalid_findings": Words("The result contradicted the images.", ASK),
    "findings_off_grid": Words("The result contradicted the images.", ASK),
}
"""Reason code → words; a test compares the codes with those in the source."""

UNKNOWN = Words("The reading failed.", ASK)


def words_for(reason: str) -> Words:
    """Return the words for a reason code."""
    return WORDS.get(reason, UNKNOWN)
