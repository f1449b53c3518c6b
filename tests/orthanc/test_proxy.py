"""The archive's answers reach the browser whole, and two of its gaps are filled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import IncompleteRead
from pathlib import Path

import pytest

from orthanc.proxy import without_default_voi_lut
from tests.orthanc.web import Browser, Played, upstream, viewing

METADATA = "/dicom-web/studies/1.2/metadata"


@pytest.fixture
def played() -> Played:
    """Return what the upstream will answer."""
    return Played()


@pytest.fixture
def browser(tmp_path: Path, played: Played) -> Iterator[Browser]:
    """Return a client of a viewer in front of that upstream."""
    with upstream(played) as port, viewing(tmp_path, port) as asking:
        yield asking


def voi_lut(function: str) -> dict[str, object]:
    """Return an instance in DICOM JSON with a VOI LUT Function."""
    return {"00281056": {"vr": "CS", "Value": [function]}, "00280010": {"vr": "US"}}


def test_the_origin_of_the_browser_is_passed_on(
    browser: Browser, played: Played
) -> None:
    """Orthanc builds its links from Host and Forwarded."""
    browser.ask("/dicom-web/studies", headers={"Host": "localhost:3000"})

    assert played.headers[0]["host"] == "localhost:3000"
    assert played.headers[0]["forwarded"] == "host=localhost:3000;proto=http"


def test_escaped_commas_of_includefield_are_bare(
    browser: Browser, played: Played
) -> None:
    """Only that parameter: a comma in a patient's name stays what it is."""
    browser.ask("/dicom-web/studies?includefield=0008%2C0010%2c1&PatientName=A%2CB")

    assert played.targets == [
        "/dicom-web/studies?includefield=0008,0010,1&PatientName=A%2CB"
    ]


def test_the_default_voi_lut_function_is_left_out_of_metadata(
    browser: Browser, played: Played
) -> None:
    """LINEAR is the default: without it OHIF shows the image, not a black pane."""
    nested = {"52009230": {"vr": "SQ", "Value": [voi_lut("LINEAR")]}}
    content = [voi_lut("LINEAR"), voi_lut("SIGMOID"), nested]
    played.pieces = (json.dumps(content).encode(),)

    answer, body = browser.ask(METADATA + "?accept=json")

    assert answer.status == 200
    first, second, third = json.loads(body)
    assert "00281056" not in first
    assert second == voi_lut("SIGMOID")
    assert third["52009230"]["Value"] == [{"00280010": {"vr": "US"}}]


@pytest.mark.parametrize("target", ["/dicom-web/studies", METADATA + "/x"])
def test_other_answers_are_passed_on_untouched(
    browser: Browser, played: Played, target: str
) -> None:
    """Only metadata are read; every other byte is Orthanc's own."""
    played.pieces = (b'[{"00281056":{"vr":"CS","Value":["LINEAR"]}} ]',)

    _, body = browser.ask(target)

    assert body == played.pieces[0]


@pytest.mark.parametrize("measured", [True, False], ids=["length", "chunks"])
def test_bodies_are_streamed_whole(
    browser: Browser, played: Played, measured: bool
) -> None:
    """Frames of any length arrive, whether Orthanc told the length or not."""
    played.content_type = "multipart/related"
    played.measured = measured
    played.pieces = tuple(bytes([i]) * 300_000 for i in range(5))

    answer, body = browser.ask("/dicom-web/studies/1/series/2/instances/3/frames/1")

    assert body == b"".join(played.pieces)
    assert answer.getheader("Content-Type") == "multipart/related"


def test_an_answer_that_breaks_off_is_not_taken_for_whole(
    browser: Browser, played: Played
) -> None:
    """When Orthanc dies in the middle, the browser sees that bytes are missing."""
    played.cut = True
    played.pieces = (b"a" * 1000, b"b" * 1000)

    with pytest.raises(IncompleteRead):
        browser.ask("/dicom-web/studies/1")


def test_what_the_viewer_stores_is_passed_on(browser: Browser, played: Played) -> None:
    """A STOW-RS body arrives with its type, byte for byte."""
    body = bytes(range(256)) * 3000
    headers = {"Content-Type": "multipart/related; boundary=x"}

    browser.ask("/dicom-web/studies", "POST", headers, body)

    assert played.bodies == [body]
    assert played.headers[0]["content-type"] == headers["Content-Type"]


def test_a_down_archive_is_one_line(tmp_path: Path) -> None:
    """502 and what to do, not a traceback."""
    with upstream(Played()) as port:
        pass

    with viewing(tmp_path, port) as browser:
        answer, body = browser.ask("/dicom-web/studies")

    assert answer.status == 502
    assert body.decode() == (
        f"Orthanc does not answer at http://127.0.0.1:{port}: "
        "start it with ./launch_orthanc.sh\n"
    )


def test_the_archive_gets_our_password_and_never_the_browsers(
    tmp_path: Path, played: Played
) -> None:
    """Credentials of the settings replace whatever the browser sends."""
    with (
        upstream(played) as port,
        viewing(tmp_path, port, user="ai", password="pw") as browser,  # noqa: S106 - not one
    ):
        browser.ask("/dicom-web/studies", headers={"Authorization": "Basic eDp5"})

    assert played.headers[0]["authorization"] == "Basic YWk6cHc="


def test_errors_of_the_archive_keep_their_status(
    browser: Browser, played: Played
) -> None:
    """A 404 on metadata is not parsed."""
    played.status, played.pieces = 404, (b"<html>",)

    answer, body = browser.ask(METADATA)

    assert (answer.status, body) == (404, b"<html>")


def test_an_empty_voi_lut_function_is_kept() -> None:
    """An element without a value says nothing that could be left out."""
    empty = {"00281056": {"vr": "CS"}}

    assert without_default_voi_lut([empty]) == [empty]
