"""Identity and edition: equal for equal content, different for any difference."""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from models.contract import Findings
from models.terms import Flag, Statement
from node.config_reading import ReportSettings
from node.jobs.known_priors import PASSING
from node.report.identity import edition, identity, input_digest
from node.report.provenance import Provenance
from node.report.sources import source_headers
from tests.node.earlier import PRIOR
from tests.node.report.inputs import WHEN, Case, build_case

OTHER: dict[str, Any] = {
    "installation_id": "other",
    "site_salt": "other",
    "package_version": "9",
    "model_name": "other",
    "model_version": "9",
    "bundle_digest": "e" * 64,
    "weights_digest": "e" * 64,
    "precision": "bf16",
    "device": "cuda",
    "input_digest": "e" * 64,
    "retrieve_ae_title": "OTHER",
    "series_reason": "other",
    "priors": (PRIOR,),
    "priors_withheld": ("identity_conflict",),
    "laterality": "left",
    "calibration_digest": "e" * 64,
    "references_digest": "e" * 64,
    "fast": True,
}
"""Another value for each field that makes another result."""

LATER: dict[str, Any] = {
    "version": 2,
    "completed_at": WHEN + timedelta(seconds=1),
    "completeness": "unconfirmed",
    "completeness_reason": "other",
}
"""Another value for each field that makes another edition of the same result."""


NOTHING_FOUND = Findings(np.zeros((1, 1, 1), np.uint8), (), ())


def _edition(case: Case, provenance: Provenance, findings: Findings) -> str:
    named = _identity(case, provenance=provenance)
    return edition(named, provenance, findings, [])


def _identity(case: Case, **changes: Any) -> str:
    return replace(case, **changes).prepare().identity


def _changed(case: Case, name: str, value: Any) -> Provenance:
    changes = {name: value}
    if name == "version":
        changes["replaces"] = "2.25.7"
    return replace(case.provenance, **changes)


def test_every_field_is_tried() -> None:
    """A new field of Provenance must be put into one of the two tables."""
    fields = set(Provenance.__dataclass_fields__)

    assert fields == {*OTHER, *LATER, "replaces"}


@pytest.mark.parametrize("name", OTHER)
def test_another_making_is_another_result(case: Case, name: str) -> None:
    """Identity and edition change with everything that shapes the result."""
    provenance = _changed(case, name, OTHER[name])
    before, after = (
        _identity(case, provenance=p) for p in (case.provenance, provenance)
    )

    assert before != after


@pytest.mark.parametrize("name", LATER)
def test_a_later_edition_is_the_same_result(case: Case, name: str) -> None:
    """The identity stays, so that nothing is made twice; the UIDs change."""
    provenance = _changed(case, name, LATER[name])
    before, after = (
        _identity(case, provenance=p) for p in (case.provenance, provenance)
    )

    assert before == after
    assert _edition(case, case.provenance, case.findings) != _edition(
        case, provenance, case.findings
    )


@pytest.mark.parametrize(
    "settings",
    [
        ReportSettings(seg="binary"),
        ReportSettings(series_number=42),
        ReportSettings(institution="Hospital"),
        ReportSettings(pdf=True),
    ],
)
def test_other_settings_are_another_result(
    case: Case, settings: ReportSettings
) -> None:
    """Every setting of the report is part of the identity."""
    before, after = (_identity(case, settings=s) for s in (case.settings, settings))

    assert before != after


FIRST = Provenance(
    installation_id="0f3c2d",
    site_salt="salt",
    package_version="0.1.0",
    model_name="ellipsoids",
    model_version="1.2.0",
    bundle_digest="d" * 64,
    weights_digest="b3" * 32,
    version=1,
    replaces=None,
    completed_at=WHEN,
    precision="fp32",
    device="cpu",
    input_digest="e" * 64,
    completeness="confirmed",
    retrieve_ae_title="ORTHANC",
)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (ReportSettings(), "7e4eb106883d6c2dc10ba5534f4677bc"),
        (
            ReportSettings(institution="Hospital", seg="binary"),
            "66db78820f013f44ec0eff352b62419f",
        ),
    ],
)
def test_a_result_of_before_is_the_same_result(
    settings: ReportSettings, named: str
) -> None:
    """As the node of before priors, norms and PDF named it: no second reading."""
    assert identity(FIRST, "1.2.3", [], settings).startswith(named)


def test_a_result_that_was_told_of_another_is_the_same_result() -> None:
    """A new field of a prior would name each of them anew."""
    named = identity(replace(FIRST, priors=(PRIOR,)), "1.2.3", [], ReportSettings())

    assert named.startswith("483e675979c369e2")


def of_images(folder: Path, **stated: Any) -> str:
    """Return the identity of a result of images whose headers state something."""
    case = build_case(folder, (3, 51, 35), **stated)
    headers = source_headers(case.study, case.volume)
    return identity(FIRST, "1.2.3", headers, ReportSettings())


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("DeviceSerialNumber", ("7", "8")),
        ("ContrastBolusAgent", ("Agent", "")),
        ("SequenceVariant", ("SP", "MP")),
        ("InversionTime", ("900", "2200")),
    ],
)
def test_how_the_images_were_taken_counts(
    tmp_path: Path, keyword: str, values: tuple[str, str]
) -> None:
    """The report says it: corrected, it makes another one of the same pixels."""
    one, two = (
        of_images(tmp_path / str(number), **{keyword: value})
        for number, value in enumerate(values)
    )

    assert one != two


def test_headers_that_say_the_same_make_the_same_result(tmp_path: Path) -> None:
    """Another way to count them would name each result anew."""
    assert of_images(tmp_path / "series").startswith("dc601ff4433b030e")


@pytest.mark.parametrize("reason", sorted(PASSING))
def test_what_could_not_be_done_that_day_makes_no_other_result(reason: str) -> None:
    """An archive that was down when a study was read says nothing of the person."""
    named = {
        identity(replace(FIRST, priors_withheld=told), "1.2.3", [], ReportSettings())
        for told in ((), (reason,))
    }

    assert len(named) == 1


def test_one_earlier_report_is_the_same_wherever_it_was_found() -> None:
    """Our ledger tells more of its images than the archive: another road, one prior."""
    roads = (PRIOR, replace(PRIOR, source="own results", protocol={"EchoTime": "3"}))

    named = {
        identity(replace(FIRST, priors=(prior,)), "1.2.3", [], ReportSettings())
        for prior in roads
    }

    assert len(named) == 1


def test_what_packs_a_pdf_counts_where_there_is_one(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another zlib would make other bytes of it; the others are packed by nobody."""

    def editions() -> list[str]:
        return [
            edition("named", FIRST, case.findings, (), pdf=pdf) for pdf in (False, True)
        ]

    before = editions()
    monkeypatch.setattr(zlib, "ZLIB_RUNTIME_VERSION", "9.9")

    assert [one == two for one, two in zip(before, editions(), strict=True)] == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    "keyword",
    ["PatientName", "PatientID", "PatientBirthDate", "StudyDate", "AccessionNumber"],
)
def test_other_demographics_are_another_result(case: Case, keyword: str) -> None:
    """What is written into the objects is part of the identity."""
    first, *rest = case.volume.series.instances
    changed = Dataset()
    changed.update(case.study.datasets[first.sop_instance_uid])
    changed.add_new(keyword, changed[keyword].VR, "19000101")
    datasets = dict(case.study.datasets) | {first.sop_instance_uid: changed}
    study = replace(case.study, datasets=datasets)
    before, after = (_identity(case, study=s) for s in (case.study, study))

    assert rest
    assert before != after


def test_other_findings_are_another_edition(case: Case) -> None:
    """One voxel, one digit, one word: each gives other UIDs."""
    labels = case.findings.label_map.copy()
    labels[0, 0, 0] = 3
    first = case.findings.measurements[0]
    others = (
        replace(case.findings, label_map=labels),
        replace(
            case.findings,
            measurements=(
                replace(first, value=first.value + 1),
                *case.findings.measurements[1:],
            ),
        ),
        replace(case.findings, statements=(Statement("Side", "left"),)),
        replace(case.findings, flags=(Flag("other", "Other."),)),
    )
    editions = {_edition(case, case.provenance, f) for f in (case.findings, *others)}

    assert len(editions) == 5


def test_the_input_digest_ignores_the_order_of_instances(case: Case) -> None:
    """The same images in another order are the same input."""
    volume = case.volume
    turned = replace(volume.series, instances=tuple(reversed(volume.series.instances)))
    flipped = replace(volume, array=np.ascontiguousarray(volume.array[::-1]))

    assert input_digest(volume.series, volume) == input_digest(turned, flipped)


def test_one_other_pixel_is_another_input(case: Case) -> None:
    """The digest covers the pixels, not only the UIDs."""
    array = case.volume.array.copy()
    array[0, 0, 0] += 1

    assert input_digest(case.volume.series, case.volume) != input_digest(
        case.volume.series, replace(case.volume, array=array)
    )


WORDS = st.text(max_size=12)
MAKINGS = st.fixed_dictionaries(
    {
        name: st.text(max_size=3)
        for name, value in OTHER.items()
        if isinstance(value, str)
    }
    | {"completeness_reason": WORDS, "version": st.integers(1, 3)}
)
"""Values of everything in a Provenance that is free; short, so that many collide."""


def _made(case: Case, making: dict[str, Any]) -> Provenance:
    replaces = None if making["version"] == 1 else "2.25.7"
    return replace(case.provenance, **making, replaces=replaces)


@given(making=MAKINGS, other=MAKINGS)
def test_editions_are_equal_exactly_when_all_that_makes_them_is(
    case: Case, making: dict[str, Any], other: dict[str, Any]
) -> None:
    """Installation, model, version, settings: no two share a UID, none has two."""
    changed = _made(case, making | {next(iter(other)): next(iter(other.values()))})
    editions = [
        edition(
            identity(made, "1.2.3", [], case.settings), made, case.findings, ["word"]
        )
        for made in (_made(case, making), _made(case, other), changed)
    ]
    makings = [_made(case, making), _made(case, other), changed]

    for a, b in combinations(range(3), 2):
        assert (editions[a] == editions[b]) == (makings[a] == makings[b])


@given(WORDS, WORDS, st.lists(WORDS, max_size=3), st.lists(WORDS, max_size=3))
def test_words_are_never_taken_for_each_other(
    case: Case, named: str, other: str, words: list[str], others: list[str]
) -> None:
    """``a`` and ``bc`` are not ``ab`` and ``c``: the borders count."""
    one = edition(named, case.provenance, NOTHING_FOUND, words)
    two = edition(other, case.provenance, NOTHING_FOUND, others)

    assert (one == two) == ((named, words) == (other, others))
