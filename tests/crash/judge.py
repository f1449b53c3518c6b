"""The judge: what the archive holds of a study, against what it should hold.

Nothing of the node is asked but the files that it made, which must be the same bytes
as those in the archive: a rebuild under a UID that was sent would differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import requests
from pydicom import Dataset, dcmread

from tests.pacs.archive import Archive

KINDS = {
    "1.2.840.10008.5.1.4.1.1.66.4": "SEG",
    "1.2.840.10008.5.1.4.1.1.88.34": "SR",
    "1.2.840.10008.5.1.4.1.1.7": "SC",
    "1.2.840.10008.5.1.4.1.1.88.11": "NOTICE",
}
RESULT = ("SEG", "SR", "SC")


@dataclass(frozen=True)
class Held:
    """What the archive has of one study.

    Attributes
    ----------
    images
        SOP Instance UID → MD5 of the stored file, of what the scanner sent.
    objects
        What the node sent.
    """

    images: Mapping[str, str] = field(default_factory=dict)
    objects: tuple[Dataset, ...] = ()

    def kinds(self) -> Counter[str]:
        """Return how many objects there are of each kind."""
        return Counter(KINDS[ds.SOPClassUID] for ds in self.objects)


@dataclass(frozen=True)
class Expected:
    """What the archive should have of one study.

    Attributes
    ----------
    images
        As in `Held`, from before the node was asked.
    versions
        The images that each version was made from, oldest first.
    notices
        How often it says that the study was not read.
    """

    images: Mapping[str, str]
    versions: tuple[frozenset[str], ...]
    notices: int = 0


def held(archive: Archive, study_instance_uid: str) -> Held:
    """Fetch what the archive has of a study; nothing when it does not know it."""
    query = {
        "Level": "Instance",
        "Query": {"StudyInstanceUID": study_instance_uid},
        "Expand": True,
    }
    found = requests.post(f"{archive.url}/tools/find", json=query, timeout=10)
    images, objects = {}, []
    for instance in found.json():
        path = f"{archive.url}/instances/{instance['ID']}"
        if _is_result(path):
            content = requests.get(f"{path}/file", timeout=10).content
            objects.append(dcmread(BytesIO(content)))
        else:
            md5 = requests.get(f"{path}/attachments/dicom/md5", timeout=10).text
            images[instance["MainDicomTags"]["SOPInstanceUID"]] = md5
    return Held(images, tuple(objects))


def _is_result(instance: str) -> bool:
    answer = requests.get(f"{instance}/metadata/SopClassUid", timeout=10)
    return answer.text in KINDS


def complaints(
    expected: Expected, found: Held, made: Iterable[Dataset] = ()
) -> list[str]:
    """Return what is wrong in the archive; nothing when all is right.

    Parameters
    ----------
    made
        The objects as they lie on the node's disk.
    """
    return [
        *_of_counts(expected, found),
        *_of_images(expected, found),
        *_of_inputs(expected, found),
        *_of_versions(found),
        *_of_bytes(found, made),
    ]


def _of_counts(expected: Expected, found: Held) -> Iterable[str]:
    wanted = Counter({kind: len(expected.versions) for kind in RESULT})
    wanted["NOTICE"] = expected.notices
    if +wanted != found.kinds():
        yield f"{dict(found.kinds())} objects, not {dict(+wanted)}"


def _of_images(expected: Expected, found: Held) -> Iterable[str]:
    if expected.images != found.images:
        yield "the images are not those that were there before"


def _of_inputs(expected: Expected, found: Held) -> Iterable[str]:
    inputs = [_inputs(ds) for ds in found.objects if KINDS[ds.SOPClassUID] == "SEG"]
    counts = sorted(map(len, inputs))
    if Counter(inputs) != Counter(expected.versions):
        wanted = sorted(map(len, expected.versions))
        yield f"made from {counts} images, not from {wanted}"


def _inputs(segmentation: Dataset) -> frozenset[str]:
    """Return the images that a Segmentation says it was made from."""
    return frozenset(
        str(instance.ReferencedSOPInstanceUID)
        for series in segmentation.ReferencedSeriesSequence
        for instance in series.ReferencedInstanceSequence
    )


def _of_versions(found: Held) -> Iterable[str]:
    """Each report but the first names the one that it replaces."""
    reports = [ds for ds in found.objects if KINDS[ds.SOPClassUID] == "SR"]
    uids = {str(ds.SOPInstanceUID) for ds in reports}
    replaced = [uid for ds in reports for uid in _predecessors(ds)]
    if len(replaced) != max(len(uids) - 1, 0) or not uids.issuperset(replaced):
        yield f"{len(uids)} reports name {len(replaced)} predecessors"


def _predecessors(report: Dataset) -> list[str]:
    return [
        str(reference.ReferencedSOPInstanceUID)
        for study in report.get("PredecessorDocumentsSequence", [])
        for series in study.ReferencedSeriesSequence
        for reference in series.ReferencedSOPSequence
    ]


def _of_bytes(found: Held, made: Iterable[Dataset]) -> Iterable[str]:
    stored = {ds.SOPInstanceUID: ds for ds in found.objects}
    for ours in made:
        if ours.SOPInstanceUID not in stored:
            yield f"a {KINDS[ours.SOPClassUID]} lies on the node's disk alone"
        elif stored[ours.SOPInstanceUID] != ours:
            yield f"a {KINDS[ours.SOPClassUID]} has other bytes under its UID"


def made_of(data_dir: Path, study_instance_uid: str) -> list[Dataset]:
    """Read the objects of a study that lie on the node's disk."""
    folder = data_dir / "results" / study_instance_uid
    return [dcmread(path) for path in sorted(folder.rglob("*.dcm"))]
