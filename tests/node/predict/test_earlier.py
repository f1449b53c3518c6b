"""Images of earlier exams: what they tell, and what they never cost."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from models.contract import Context
from models.history import LEFT
from node.declared import Declared
from node.jobs.job import EarlierImages, JobRequest
from node.predict.earlier import with_earlier
from node.report.provenance import is_own
from tests.node.earlier import PRIOR
from tests.node.jobs.stand_in import StandIn
from tests.node.jobs.worker_stories import request, series

MAKER = {
    "Manufacturer": "Maker",
    "ManufacturerModelName": "Model",
    "MagneticFieldStrength": "3",
    "StudyDate": "20180506",
}


def fetched(folder: Path, study: str, **tags: Any) -> EarlierImages:
    """Write a series of an earlier exam into a folder of its own."""
    changes = {**MAKER, "StudyInstanceUID": study, **tags}
    files = series(folder / study, **changes)
    return EarlierImages(study, files[0].parent, ("identity_unproven",))


def told(tmp_path: Path, *images: EarlierImages, **changes: Any) -> JobRequest:
    """Return the request with what the stand-in reads in the images."""
    asked = request(tmp_path, (), earlier=images, **changes)
    model = StandIn()
    return with_earlier(asked, model, model.bundle.acceptance, Context(), is_own)


def test_a_prior_out_of_images_says_what_its_headers_prove(tmp_path: Path) -> None:
    """Scanner and day are theirs, the side is declared; cautions come along."""
    declared = Declared(laterality="left")

    again = told(tmp_path, fetched(tmp_path, "1.2"), declared=declared)

    (prior,) = again.priors
    assert (prior.study_date, prior.laterality) == (date(2018, 5, 6), LEFT)
    assert prior.protocol["Manufacturer"] == "Maker"
    assert prior.cautions == ("identity_unproven",)
    assert {m.interval for m in prior.measurements} == {None}
    assert again.earlier == ()


def test_priors_stand_oldest_first_beside_those_that_were_known(tmp_path: Path) -> None:
    """Whatever order they were fetched in, and one that fails takes none along."""
    images = [
        fetched(tmp_path, "1.3", StudyDate="20190101"),
        fetched(tmp_path, "1.4", SeriesDescription="crop error"),
        fetched(tmp_path, "1.2"),
    ]

    again = told(tmp_path, *images, priors=(PRIOR,), priors_withheld=("x",))

    days = [prior.study_date for prior in again.priors]
    assert days == sorted(days)
    assert len(days) == 3
    assert again.priors_withheld == ("x", "prior_images_unreadable")


@pytest.mark.parametrize("fault", ["junk beside", "another study", "gone"])
def test_files_that_are_not_one_exam_tell_nothing(tmp_path: Path, fault: str) -> None:
    """Of an exam that lacks a slice a number would be too small."""
    images = fetched(tmp_path, "1.2")
    if fault == "junk beside":
        (images.folder / "9.dcm").write_bytes(b"DICM")
    elif fault == "gone":
        shutil.rmtree(images.folder)
    else:
        images = EarlierImages("1.5", images.folder)

    again = told(tmp_path, images)

    expected = "prior_images_gone" if fault == "gone" else "prior_images_unreadable"
    assert (again.priors, again.priors_withheld) == ((), (expected,))
