"""The viewer's files are served from one folder, to this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.config import Settings
from node.errors import ConfigError
from orthanc import viewer
from tests.orthanc.web import Browser, viewing

NO_ARCHIVE = 9  # the discard service: nothing listens there


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """Return a client of a viewer without an archive."""
    with viewing(tmp_path, NO_ARCHIVE) as asking:
        yield asking


@pytest.mark.parametrize(
    ("target", "content", "content_type"),
    [
        ("/", b"the application", "text/html; charset=utf-8"),
        ("/app-config.js", b"ours", "text/javascript; charset=utf-8"),
        ("/codec.wasm", b"\0asm", "application/wasm"),
        ("/viewer?StudyInstanceUIDs=1.2.3", b"the application", "text/html; "),
        ("/a/place/inside", b"the application", "text/html; "),
    ],
)
def test_files_and_places_are_served(
    browser: Browser, target: str, content: bytes, content_type: str
) -> None:
    """Files under their types; any place of the application is its page."""
    answer, body = browser.ask(target)

    assert (answer.status, body) == (200, content)
    assert answer.getheader("Content-Type", "").startswith(content_type)


def test_only_names_with_a_hash_are_kept_for_ever(browser: Browser) -> None:
    """A new version of OHIF or of the configuration is seen at once."""
    hashed, _ = browser.ask("/app.bundle.0123456789abcdef.js")
    page, _ = browser.ask("/")

    assert "immutable" in hashed.getheader("Cache-Control", "")
    assert page.getheader("Cache-Control") == "no-cache"


def test_an_unchanged_file_is_not_sent_again(browser: Browser) -> None:
    """The entity tag of the first answer makes the second one empty."""
    first, _ = browser.ask("/")
    tag = first.getheader("ETag", "")

    second, body = browser.ask("/", headers={"If-None-Match": tag})

    assert (second.status, body) == (304, b"")


@pytest.mark.parametrize(
    "target",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "/a/%2E%2E/%2E%2E/secret.txt",
        "/dicom-web/../instances",
        "/dicom-web/%2e%2e/instances",
    ],
)
def test_no_path_climbs_out(browser: Browser, target: str) -> None:
    """Neither out of the folder nor out of DICOMweb into Orthanc's REST interface."""
    answer, body = browser.ask(target)

    assert answer.status == 400
    assert b"secret" not in body.replace(b"secret.txt", b"")


def test_a_link_out_of_the_folder_is_not_followed(
    browser: Browser, tmp_path: Path
) -> None:
    """What lies elsewhere is not served under a name in the folder."""
    (tmp_path / "dist" / "link.txt").symlink_to(tmp_path / "secret.txt")

    answer, _ = browser.ask("/link.txt")

    assert answer.status == 404


def test_a_foreign_name_for_this_machine_is_refused(browser: Browser) -> None:
    """A page elsewhere that points its name at loopback reads nothing."""
    answer, _ = browser.ask("/", headers={"Host": "attacker.example:3000"})

    assert answer.status == 421


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("POST", "/", 405),
        ("DELETE", "/dicom-web/studies/1", 501),
        ("PUT", "/dicom-web/studies/1", 501),
        ("GET", "/missing.js", 404),
    ],
)
def test_what_a_viewer_does_not_need_is_refused(
    browser: Browser, method: str, target: str, status: int
) -> None:
    """Nothing can be deleted or replaced through the viewer."""
    answer, _ = browser.ask(target, method)

    assert answer.status == status


def test_head_brings_no_body(browser: Browser) -> None:
    """HEAD answers with the headers of GET."""
    answer, body = browser.ask("/", "HEAD")

    assert (answer.getheader("Content-Length"), body) == ("15", b"")


def test_a_missing_build_says_how_to_get_it(tmp_path: Path) -> None:
    """Without OHIF the server does not start, and names the command."""
    with pytest.raises(ConfigError, match=r"python -m orthanc\.ohif"):
        viewer.site_of(Settings(), tmp_path, loopback_only=True)
