"""Tumours that people marked, and places that are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.chest_ct.cases.simulated import DATA
from models.chest_ct.validation.evaluation.marked import (
    MARKED,
    Mark,
    marks_of,
    met,
    read_boxes,
    read_outlines,
)
from models.chest_ct.validation.evaluation.real import SERIES, real_volumes
from models.contract import Instance, SeriesInfo
from models.evidence import Location

READERS = """<LidcReadMessage xmlns="http://www.nih.gov">
<readingSession>
 <unblindedReadNodule><roi><imageSOP_UID>1.1</imageSOP_UID>
  <edgeMap><xCoord>1</xCoord><yCoord>2</yCoord></edgeMap></roi></unblindedReadNodule>
 <unblindedReadNodule>
  <roi><imageSOP_UID>1.2</imageSOP_UID>
   <edgeMap><xCoord>30</xCoord><yCoord>52</yCoord></edgeMap>
   <edgeMap><xCoord>40</xCoord><yCoord>50</yCoord></edgeMap></roi>
  <roi><imageSOP_UID>1.3</imageSOP_UID>
   <edgeMap><xCoord>33</xCoord><yCoord>55</yCoord></edgeMap></roi>
  <roi><imageSOP_UID>1.3</imageSOP_UID><inclusion>FALSE</inclusion>
   <edgeMap><xCoord>34</xCoord><yCoord>56</yCoord></edgeMap></roi>
  <roi><imageSOP_UID>1.4</imageSOP_UID></roi>
 </unblindedReadNodule>
</readingSession>
<readingSession/>
</LidcReadMessage>"""

BOX = """<annotation><object><name>A</name><bndbox><xmin>3</xmin><ymin>10</ymin>
<xmax>7</xmax><ymax>15</ymax></bndbox></object></annotation>"""


def series(*uids: str) -> SeriesInfo:
    """Return a series of these images."""
    instances = tuple(Instance(uid, "", Path(uid)) for uid in uids)
    return SeriesInfo("1", "2", "CT", instances)


def place(first: tuple[int, int, int], last: tuple[int, int, int]) -> Location:
    """Return a place of a box."""
    return Location("Nodule", first, last, 0.5)


def test_of_each_reader_the_largest_nodule_counts(tmp_path: Path) -> None:
    """Its holes, slices without an edge, and a reader who found none leave nothing."""
    path = tmp_path / "readers.xml"
    path.write_text(READERS, encoding="utf-8")
    assert list(read_outlines(path)) == [
        Mark("1.2", (30, 40), (50, 52)),
        Mark("1.3", (33, 33), (55, 55)),
    ]


def test_a_file_of_boxes_is_named_after_its_slice(tmp_path: Path) -> None:
    """Columns are x, rows are y."""
    path = tmp_path / "1.2.3.xml"
    path.write_text(BOX, encoding="utf-8")
    assert list(read_boxes(path)) == [Mark("1.2.3", (3, 7), (10, 15))]


def test_the_first_place_that_meets_a_mark_is_told() -> None:
    """On its slice, in its rows, in its columns; edge to edge is enough."""
    marks = [Mark("b", (3, 7), (10, 15))]
    beside = [
        place((0, 10, 3), (0, 15, 7)),
        place((1, 3, 10), (1, 7, 15)),
        place((1, 16, 3), (2, 20, 7)),
        place((1, 10, 8), (1, 15, 9)),
    ]
    there = place((1, 15, 0), (4, 40, 3))

    assert met(marks, series("a", "b"), [*beside, there]) == {
        "told": 5,
        "first_met": 5,
        "kind": "Nodule",
    }
    assert met(marks, series("a", "b"), beside) == {
        "told": 4,
        "first_met": None,
        "kind": "",
    }


def test_of_another_series_nothing_is_known() -> None:
    """None is not zero."""
    assert met([Mark("b", (3, 7), (10, 15))], series("c"), []) is None
    assert met([], series("b"), []) is None


@pytest.mark.data
def test_every_mark_lies_on_the_images_at_hand(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each marked patient some slices, and inside them."""
    monkeypatch.setenv(DATA, str(shared_data))
    for name in SERIES:
        marks = marks_of(name)
        assert bool(marks) == (name in MARKED)
        for one, volume in real_volumes(name):
            _, rows, columns = volume.shape
            uids = {each.sop_instance_uid for each in one.instances}
            there = [mark for mark in marks if mark.sop_instance_uid in uids]
            assert bool(there) == bool(marks)
            assert all(
                mark.columns[1] < columns and mark.rows[1] < rows for mark in there
            )
