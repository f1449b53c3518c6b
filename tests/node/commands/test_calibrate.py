"""``pacs-node calibrate`` as a person types it, up to the report that it changes."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from typer.testing import CliRunner, Result

import models
from models.hippocampus.phantom import write_study
from models.volume.bundle import load_bundle
from node.commands import app
from node.errors import NodeError
from node.jobs.job import Measured, Reported
from node.jobs.ledger import Ledger
from tests.dicom_series import save
from tests.models.hippocampus.interpretation.norms.site import calibrated, women
from tests.node.jobs.ledger_stories import T0, queue, result
from tests.node.test_main import pacs_node


def write_controls(folder: Path, count: int = 34) -> None:
    """Write controls of one side as a site would list them."""
    lines = ["subject,age,sex,side,total_mm3"]
    for number, control in enumerate(women(count)):
        age, volume = control.subject.age_years, control.total_mm3
        lines.append(f"person-{number},{age},F,right,{volume:.0f}")
    (folder / "controls.csv").write_text("\n".join(lines) + "\n")


def test_a_calibration_is_written_and_said(tmp_path: Path) -> None:
    """Plain lines of 80 columns; nothing of a person is in the file."""
    write_controls(tmp_path)

    status, output, errors = pacs_node(
        "calibrate", "--controls", "controls.csv", folder=tmp_path
    )

    assert (status, errors) == (0, "")
    content = json.loads((tmp_path / "calibration-hippocampus.json").read_text())
    (entry,) = content["entries"]
    assert (entry["norm"], entry["side"], entry["n"]) == ("nobis2019", "right", 34)
    assert "person-" not in json.dumps(content)
    assert "UK Biobank nomogram (Nobis 2019), right side\n" in output
    assert "  n         34, women of 53 to 70 years\n" in output
    assert "  NOMIS (Potvin 2021) 0 left, 0 right, needs icv_mm3\n" in output
    *told, line = output.splitlines()
    assert max(map(len, told)) <= 80
    assert line.startswith('calibration = "/')


def typed(*arguments: str) -> Result:
    """Run the command in this process, in the folder where it stands."""
    return CliRunner().invoke(app, ["calibrate", "--controls", *arguments])


def test_json_is_the_content_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For machines."""
    write_controls(tmp_path)
    monkeypatch.chdir(tmp_path)

    told = json.loads(typed("controls.csv", "--json", "--output", "c.json").output)

    assert told.pop("file") == str((tmp_path / "c.json").resolve())
    assert told == json.loads((tmp_path / "c.json").read_text())


@pytest.mark.parametrize(
    ("count", "there", "words"),
    [
        (29, False, "too few controls of one side, 30 are needed, and 10 of a"),
        (34, True, "is there already; name a new file with --output"),
    ],
)
def test_a_refusal_is_one_line_and_writes_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    there: bool,
    words: str,
) -> None:
    """What stood in the file stands there still."""
    write_controls(tmp_path, count)
    monkeypatch.chdir(tmp_path)
    output = tmp_path / "calibration-hippocampus.json"
    if there:
        output.write_text("mine")

    refused = typed("controls.csv").exception

    assert isinstance(refused, NodeError)
    assert words in str(refused)
    assert len(str(refused).splitlines()) == 1
    assert (output.read_text() if output.exists() else "") == ("mine" if there else "")


def test_volumes_are_taken_from_a_ledger_by_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a ledger, or with a study that it does not know, that is said."""
    lines = "subject,age,sex,side,study_uid\na,60,F,right,1.2.3\n"
    (tmp_path / "controls.csv").write_text(lines)
    monkeypatch.chdir(tmp_path)

    assert "no ledger in var" in str(typed("controls.csv").exception)
    (tmp_path / "var").mkdir()
    Ledger(tmp_path / "var").close()
    unknown = str(typed("controls.csv").exception)
    assert unknown.startswith("controls.csv, line 2: no result of this study_uid")


@pytest.mark.parametrize(
    ("line", "grade", "words"),
    [
        ("a,60,F,right,1.1", "C", "line 2: its result has grade C"),
        ("a,60,M,right,1.1", "A", "line 2: sex M, the study says F"),
        ("a,75,F,right,1.1", "B", "line 2: age 75, the study says 60"),
        ("a,60,F,right,1.1", "B", "too few controls of one side"),
    ],
)
def test_a_study_that_is_no_such_control_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, grade: str, words: str
) -> None:
    """By its grade, and by what its report says of the person."""
    (tmp_path / "controls.csv").write_text(f"subject,age,sex,side,study_uid\n{line}\n")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    with closing(Ledger(tmp_path / "var")) as ledger:
        (job,) = queue(ledger, models=["hippocampus"])
        ledger.jobs.claim(T0)
        ledger.jobs.report(job.job_id, reading(tmp_path, grade), [], T0)

    assert words in str(typed("controls.csv").exception)


def reading(folder: Path, grade: str) -> Reported:
    """Return a result of a woman of sixty, whose report lies in a folder."""
    (sr,) = result(kinds=["SR"]).objects
    report = Dataset()
    report.SOPClassUID, report.SOPInstanceUID = "1.2.3", sr.sop_instance_uid
    report.PatientSex, report.PatientAge = "F", "060Y"
    path = save(report, folder / "SR.dcm", "1.2.840.10008.1.2.1")
    return replace(
        result(),
        objects=(replace(sr, path=path),),
        weights_digest=load_bundle(models.bundle_folder("hippocampus")).weights_digest,
        summary={"grade": grade},
        measurements=(Measured("Hippocampus", "Volume", 3300.0, "3300", "mm3"),),
    )


@pytest.mark.slow
def test_a_calibration_in_force_gives_the_position_in_the_report(
    tmp_path: Path,
) -> None:
    """A woman of 60, right side declared: a step where nothing was given before."""
    write_study(tmp_path / "study", 41)
    for path in (tmp_path / "study").rglob("*.dcm"):
        right_of_sixty(path)
    (tmp_path / "c.json").write_text(json.dumps(calibrated().as_json()))
    (tmp_path / "node.toml").write_text(
        '[models.hippocampus]\nlaterality = "right"\ncalibration = "c.json"\n'
    )

    status, output, _ = pacs_node(
        *("infer", "study", "--json", "--output", "out"), folder=tmp_path
    )

    assert status == 0, output
    (sr,) = (tmp_path / "out").rglob("SR.dcm")
    report = dcmread(sr)
    told = "\n".join(texts(report))
    assert "percentile of healthy women of 60 years, right side" in told
    assert "Calibrated with 40 controls of this site" in told
    assert "side_declared" in told


def right_of_sixty(path: Path) -> None:
    """Make the person of a file a woman of sixty, and the side the right one."""
    dataset = dcmread(path)
    dataset.PixelData = dataset.pixel_array[:, ::-1].tobytes()
    dataset.PatientSex, dataset.PatientBirthDate = "F", "19600101"
    dataset.StudyDate = "20200601"
    dataset.save_as(path)


def texts(item: Dataset) -> list[str]:
    """Return every text of a report."""
    below = [t for child in item.get("ContentSequence", []) for t in texts(child)]
    return [str(item.get("TextValue", "")), *below]
