"""One notice in one process: whose study it is, and that it was not read.

A notice must come out where a job did not: it reads headers only, one file after the
other, the last received first, until one says to whom the study belongs. What came
last is what a hospital holds true now: under a SOP Instance UID that came twice it is
the corrected header, as in the report.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydicom import Dataset

import models
from models.volume.bundle import Bundle, BundleError, load_bundle
from models.volume.charsets import decode_text
from models.volume.headers import HeaderError, quiet, read_header
from node.jobs.job import Failed, Noticed, NoticeRequest, Unread
from node.jobs.objects import write_objects
from node.report.notice import UnreadModel, build_notice
from node.report.sop import ReportObject


def notify(request: NoticeRequest) -> Noticed | Failed:
    """Make the notice of one study; never raises.

    Returns
    -------
    Noticed or Failed
        ``no_readable_images``: nobody knows whose study it is, and a notice under no
        name would help nobody. What nobody foresaw is ``internal_error``.
    """
    try:
        return _notify(request)
    except Exception as error:  # noqa: BLE001 - what happened is kept in the ledger
        return Failed("internal_error", type(error).__name__, permanent=False)


@quiet()
def _notify(request: NoticeRequest) -> Noticed | Failed:
    source = next(_readable(request), None)
    if source is None:
        return Failed("no_readable_images", "no header of the study can be read")
    notice = build_notice(
        source,
        request.study_instance_uid,
        [_model(unread) for unread in request.unread],
        request.ended_at,
        request.installation_id,
        request.report,
        read_by_others=request.read_by_others,
    )
    made = ReportObject.of("NOTICE", notice)
    (written,) = write_objects([made], request.output_dir)
    return Noticed(written)


def _readable(request: NoticeRequest) -> Iterator[Dataset]:
    for path in reversed(request.files):
        try:
            header = read_header(path)
        except HeaderError:
            continue
        decode_text([header.dataset])
        yield header.dataset


def _model(unread: Unread) -> UnreadModel:
    folder = unread.bundle or models.bundle_folder(unread.model)
    return UnreadModel(unread.model, unread.reason, _bundle(folder), unread.version)


def _bundle(folder: Path) -> Bundle | None:
    try:
        return load_bundle(folder)
    except BundleError:  # that may be why there is no result
        return None
