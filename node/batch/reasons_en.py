"""Why a study at the desk has no result, in English.

What happened is said once, in the words of the notice. What can be done differs:
here nobody sends a study again, and the one who reads ordered the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from node.report import notice_words
from node.report.notice_words import ASK, CHECK_SERIES, OTHER_SERIES, SEND_AGAIN, Words

EXPORT_AGAIN = "Export the study again, and give the same command."
COPY_AGAIN = "Copy or export it again, and give the same command."
SEE_LOG = "Give the same command again; if it stays, send the log of the run with it."
CHECK_AGAIN = (
    "Check that the series is complete and was acquired in one piece; correct it or "
    "export it again."
)

_AT_THE_DESK = {
    SEND_AGAIN: EXPORT_AGAIN,
    ASK: SEE_LOG,
    CHECK_SERIES: CHECK_AGAIN,
}

OF_THE_DESK = {
    "identity_conflict": Words(
        notice_words.WORDS["identity_conflict"].what,
        "Find out whose images they are, and put each study into its own folder.",
    ),
    "conflicting_instances": Words(
        notice_words.WORDS["conflicting_instances"].what,
        "Find out which are right, and take the others out of the folder.",
    ),
    "modality": Words("Another modality.", OTHER_SERIES),
    "description": Words("Another kind of series.", OTHER_SERIES),
    "geometry": Words("The slices form no regular grid.", CHECK_AGAIN),
    "image_type": Words(
        "A localizer, a reformatted image or the like, and no scan.", OTHER_SERIES
    ),
    "own_output": Words(
        "The series is a result of a node like this one.", OTHER_SERIES
    ),
    "not_chosen": Words("Another series of the study was read.", OTHER_SERIES),
    "no_study": Words(
        "No study was found here.",
        "Name the folder or the ZIP in which the DICOM images lie.",
    ),
    "interrupted": Words(
        "The run was interrupted before it was read to the end.",
        "Give the same command again: what is finished is not read twice.",
    ),
    "no_space": Words(
        "The disk of the results is full.", "Make room, and give the same command."
    ),
    "out_of_memory": Words(
        notice_words.WORDS["out_of_memory"].what,
        "Give the same command with --workers 1.",
    ),
    "worker_died": Words(
        notice_words.WORDS["worker_died"].what,
        "Give the same command with --workers 1, as memory may have run out; if it "
        "stays, send the log of the run with it.",
    ),
    "destination_removed": Words(
        "The destination is no longer configured.", "Name it with --to AET@HOST:PORT."
    ),
    "pixels_unsupported": Words(
        notice_words.WORDS["pixels_unsupported"].what,
        "Export the original greyscale images.",
    ),
    "multi_frame_unsupported": Words(
        notice_words.WORDS["multi_frame_unsupported"].what,
        "Export the series as single images.",
    ),
    "results_with_images": Words(
        "Images lie among the results of a run, where none are read.",
        "Move them into a folder of their own.",
    ),
    # Files
    "not_dicom": Words("The files are not DICOM.", EXPORT_AGAIN),
    "damaged": Words("The files are damaged.", EXPORT_AGAIN),
    "empty": Words("The files are empty.", EXPORT_AGAIN),
    "missing_uid": Words("The files do not say which study they are of.", EXPORT_AGAIN),
    "inflates_too_far": Words(
        "A file claims a size that cannot be real.", EXPORT_AGAIN
    ),
    "unreadable": Words(
        "The files cannot be read.", "Make them readable for this user."
    ),
    # ZIPs
    "zip_encrypted": Words(
        "The ZIP is protected by a password.",
        "Unpack it with the password, and name the folder.",
    ),
    "zip_damaged": Words("The ZIP is cut off or damaged.", COPY_AGAIN),
    "not_a_zip": Words(
        "The file is no ZIP, whatever its name says.",
        "Unpack it with the program that packed it, and name the folder.",
    ),
    "zip_empty": Words("The ZIP is empty.", COPY_AGAIN),
    "zip_preamble": Words(
        "Something else lies in the file before the ZIP.",
        "Pack the images into a new ZIP.",
    ),
    "zip_bomb": Words("The ZIP claims to hold more than can be real.", EXPORT_AGAIN),
    "zip_too_many_files": Words(
        "The ZIP holds too many files.", "Pack fewer studies into one ZIP."
    ),
    "zip_nested": Words(
        "The ZIP lies too deep inside other ZIPs.",
        "Unpack the outer ones, and name the folder.",
    ),
    "zip_compression": Words(
        "The ZIP is packed in a way that is not read here.",
        "Pack the images as an ordinary ZIP (Deflate).",
    ),
    "zip_other_kind": Words(
        "The file is an archive of another kind.", "Unpack it, and name the folder."
    ),
    "zip_duplicate": Words(
        "What the ZIP holds lies in another ZIP, too, and is read there.",
        "Nothing needs to be done.",
    ),
}
"""What only happens here, or has another remedy here."""

REASONS: Mapping[str, Words] = MappingProxyType(
    {
        code: Words(words.what, _AT_THE_DESK.get(words.advice, words.advice))
        for code, words in notice_words.WORDS.items()
    }
    | OF_THE_DESK
)
"""Reason code → words; a test compares the codes with those in the source."""
