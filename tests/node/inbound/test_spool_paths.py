"""From any UID to a path: refused, or strictly inside the spool, and never shared."""

from __future__ import annotations

import hashlib
import itertools
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from node.errors import BadUidError, SpoolError
from node.inbound.spool import Sent, Spool, checked_uid
from tests.node.inbound.objects import build_instance, build_spool, encoded, sent

SHORT = st.from_regex(r"[12][.12]{0,2}", fullmatch=True)
"""Few enough that two objects often have the same."""

LIKE_UIDS = st.text("0123456789.", max_size=70)
HOSTILE = st.sampled_from(
    [
        *("", ".", "..", "../../etc", "/etc/passwd", "1/2", "1\\2", "~", "-1"),
        *(".incoming", "drop", "1.2\n", "1.2\0", "1.2 ", "१.२", "1.2.dcm", "1" * 65),
    ]
)
UIDS = SHORT | LIKE_UIDS | HOSTILE | st.text(max_size=70)
MOSTLY_GOOD = SHORT | SHORT | SHORT | UIDS


@given(UIDS)
@example("1" * 64)
@example("1..")
def test_a_study_is_refused_or_has_one_folder_of_its_own(text: str) -> None:
    """Of its own name, strictly below the root, whatever the text."""
    root = Path("/spool/studies")
    try:
        path = (root / checked_uid(text)).resolve()
    except BadUidError:
        return

    assert path.parent == root
    assert path.name == text
    assert not path.name.startswith(".")


@given(st.lists(st.tuples(*[MOSTLY_GOOD] * 3, st.integers(0, 1)), max_size=8))
def test_objects_under_any_uids_lie_inside_and_never_share_a_file(
    objects: list[tuple[str, str, str, int]],
) -> None:
    """Study, series, instance and content: each combination has its own file."""
    with tempfile.TemporaryDirectory() as folder:
        spool = build_spool(Path(folder), durability="none")
        kept: dict[Path, str] = {}
        for study, series, uid, content in objects:
            stream = with_uids(study, series, uid, content)
            try:
                instance = spool.store(stream, said(uid)).instance
            except SpoolError:
                continue
            path = instance.path
            assert path.resolve() == path.absolute()
            assert path.relative_to(spool.root).parts[:2] == (
                instance.study_instance_uid,
                instance.series_instance_uid,
            )
            assert kept.setdefault(path, instance.digest) == instance.digest
            assert path.read_bytes().endswith(stream)
        outside = {p for p in Path(folder).rglob("*") if p.is_file()} - set(kept)

        assert outside == set()


def test_an_instance_uid_that_looks_like_a_second_content_gets_its_own_file(
    spool: Spool,
) -> None:
    """``<uid>.<digest>`` of one instance may be the UID of another."""
    first, second = two_contents_of("1.2.3")
    spool.store(encoded(first), sent(first))
    beside = spool.store(encoded(second), sent(second)).instance
    taken = beside.path.name.removesuffix(".dcm")
    other = build_instance("1.2", "1.2.1", SOPInstanceUID=taken)

    kept = spool.store(encoded(other), sent(other)).instance

    assert checked_uid(taken) == taken
    assert kept.path != beside.path
    assert beside.path.read_bytes().endswith(encoded(second))
    assert kept.path.read_bytes().endswith(encoded(other))


def with_uids(study: str, series: str, uid: str, content: int) -> bytes:
    """Return a data set with any UIDs, encoded as no honest sender would."""
    ds = build_instance(
        "1.9.1", "1.9.2", SOPInstanceUID="1.9.3", PatientID=str(content)
    )
    stream = encoded(ds)
    for element, value in ((0x0D, study), (0x0E, series)):
        stream = _replaced(stream, b"\x20\x00" + bytes([element, 0]), value)
    return _replaced(stream, b"\x08\x00\x18\x00", uid)


def _replaced(stream: bytes, tag: bytes, value: str) -> bytes:
    """Return the stream with another value of VR UI in the element with this tag."""
    at = stream.index(tag + b"UI")
    length = int.from_bytes(stream[at + 6 : at + 8], "little")
    raw = value.encode("utf-8", "surrogatepass")
    raw += b"\0" * (len(raw) % 2)
    header = tag + b"UI" + len(raw).to_bytes(2, "little")
    return stream[:at] + header + raw + stream[at + 8 + length :]


def said(uid: str) -> Sent:
    """Return what a C-STORE says of such a data set."""
    return replace(sent(build_instance()), sop_instance_uid=uid)


def two_contents_of(uid: str) -> tuple[Dataset, Dataset]:
    """Return two contents, the digest of the second beginning with eight digits."""
    first = build_instance("1.2", "1.2.1", SOPInstanceUID=uid, PatientID="first")
    for number in itertools.count():
        second = build_instance("1.2", "1.2.1", SOPInstanceUID=uid)
        second.PatientID = str(number)
        if hashlib.sha256(encoded(second)).hexdigest()[:8].isdecimal():
            return first, second
    raise AssertionError("a count does not end")
