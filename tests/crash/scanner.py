"""Small studies, and a sender that knows what was acknowledged to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pynetdicom import AE, evt

from models.hippocampus.phantom import write_study
from node.config import Settings
from node.send.scu import _no_delay

SMALL_CROP = (18, 24, 16)
"""A little more than the fewest slices that the model accepts."""


@dataclass
class Study:
    """A study on the disk of the scanner.

    Attributes
    ----------
    acknowledged
        SOP Instance UIDs that the node answered with 0x0000.
    """

    uid: str
    folder: Path
    images: dict[str, FileDataset]
    acknowledged: set[str] = field(default_factory=set)

    @property
    def read(self) -> frozenset[str]:
        """Return the images that the model reads."""
        return frozenset(
            uid
            for uid, image in self.images.items()
            if image.SeriesDescription == "HippoCrop"
        )

    @property
    def unsent(self) -> list[str]:
        """Return what has to be sent (again)."""
        return [uid for uid in self.images if uid not in self.acknowledged]


def small_study(folder: Path, seed: int) -> Study:
    """Write the crop of a phantom, without the head."""
    files = write_study(folder, seed, SMALL_CROP)
    crop = [file for file in files if file.parent.name == "hippocrop"]
    for file in set(files) - set(crop):
        file.unlink()
    return _study(folder, crop)


def whole_study(folder: Path, seed: int) -> Study:
    """Write a phantom of two series, 96 images or so."""
    return _study(folder, write_study(folder, seed))


def _study(folder: Path, files: Iterable[Path]) -> Study:
    images = {str(ds.SOPInstanceUID): ds for ds in map(dcmread, files)}
    (uid,) = {str(ds.StudyInstanceUID) for ds in images.values()}
    return Study(uid, folder, images)


def send(study: Study, settings: Settings, *, leave: int = 0) -> bool:
    """Send what was not acknowledged, in one association, as far as it gets.

    Parameters
    ----------
    leave
        Number of images, the last ones, that are held back.

    Returns
    -------
    bool
        Whether every image of those was acknowledged.
    """
    return set(answers(study, settings, leave=leave)) <= {0x0000}


def answers(study: Study, settings: Settings, *, leave: int = 0) -> list[int | None]:
    """Send as `send` does; return the statuses, None where there was no answer."""
    waiting = study.unsent[: len(study.unsent) - leave]
    association = _associate(study, settings)
    if not association.is_established:
        return [None]
    statuses: list[int | None] = []
    for uid in waiting:
        statuses.append(_store(association, study.images[uid]))
        if statuses[-1] is None:
            break
        if statuses[-1] == 0x0000:
            study.acknowledged.add(uid)
    if association.is_established:
        association.release()
    return statuses


def _associate(study: Study, settings: Settings) -> Any:
    ae = AE(ae_title="SCANNER")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 10
    first = next(iter(study.images.values()))
    ae.add_requested_context(first.SOPClassUID, first.file_meta.TransferSyntaxUID)
    return ae.associate(
        "127.0.0.1",
        settings.node.port,
        ae_title=settings.node.ae_title,
        evt_handlers=[(evt.EVT_CONN_OPEN, _no_delay)],
    )


def _store(association: Any, image: FileDataset) -> int | None:
    try:
        answer = association.send_c_store(image)
    except RuntimeError:  # the association is gone
        return None
    return int(answer.Status) if "Status" in answer else None
