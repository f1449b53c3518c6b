"""Identifiers of C-FIND and C-GET, and contexts to fetch images in.

PS3.4 annex C, Study Root information model: each function returns what is asked for
at one level, with the keys whose values are wanted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pynetdicom import StoragePresentationContexts
from pynetdicom.presentation import PresentationContext, build_context

from node.inbound.archive import FoundSeries, FoundStudy
from node.inbound.spool import checked_uid

TRANSFER_SYNTAXES = (
    "1.2.840.10008.1.2.1",  # Explicit VR Little Endian
    "1.2.840.10008.1.2",  # Implicit VR Little Endian
    "1.2.840.10008.1.2.4.70",  # JPEG Lossless, first-order prediction
    "1.2.840.10008.1.2.4.90",  # JPEG 2000 Lossless
    "1.2.840.10008.1.2.4.80",  # JPEG-LS Lossless
    "1.2.840.10008.1.2.5",  # RLE Lossless
    "1.2.840.10008.1.2.4.50",  # JPEG Baseline
    "1.2.840.10008.1.2.4.91",  # JPEG 2000
    "1.2.840.10008.1.2.4.81",  # JPEG-LS Near-Lossless
    "1.2.840.10008.1.2.4.51",  # JPEG Extended
    "1.2.840.10008.1.2.4.57",  # JPEG Lossless, process 14
    "1.2.840.10008.1.2.1.99",  # Deflated Explicit VR Little Endian
    "1.2.840.10008.1.2.4.201",  # High-Throughput JPEG 2000 Lossless
    "1.2.840.10008.1.2.4.203",  # High-Throughput JPEG 2000
    "1.2.840.10008.1.2.2",  # Explicit VR Big Endian
)
"""In which images are fetched, the commonest first; each gets contexts of its own, so
that an image comes in the syntax in which the archive keeps it (PS3.6 annex A)."""

MAX_STORAGE_CONTEXTS = 127
"""An association has 128 presentation contexts (PS3.8 9.3.2.2), one is C-GET's."""


def studies_since(first: date) -> Dataset:
    """Ask for the studies of a day and of every later one (PS3.4 C.2.2.2.5)."""
    query = Dataset()
    query.QueryRetrieveLevel = "STUDY"
    query.StudyDate = f"{first:%Y%m%d}-"
    query.StudyInstanceUID = ""
    query.ModalitiesInStudy = ""
    query.NumberOfStudyRelatedInstances = None
    return query


def studies_of_patient(patient_id: str, before: date) -> Dataset:
    """Ask for the studies of a patient before a day.

    An ID of other letters than those of ASCII says its character set (PS3.4
    C.4.1.1.3.1): without one it would be written with ``?``, which is a wild card.
    """
    query = Dataset()
    if not patient_id.isascii():
        query.SpecificCharacterSet = "ISO_IR 192"
    query.QueryRetrieveLevel = "STUDY"
    query.PatientID = patient_id
    query.StudyDate = until(before)
    query.StudyInstanceUID = ""
    query.ModalitiesInStudy = ""
    return query


def until(before: date) -> str:
    """Return the range of all days before one (PS3.4 C.2.2.2.5).

    >>> until(date(2026, 3, 1))
    '-20260228'
    """
    return f"-{before - timedelta(days=1):%Y%m%d}"


def is_exact(patient_id: str) -> bool:
    r"""Tell whether an ID asks for itself alone: no wild card, no list of several.

    >>> is_exact("A-17"), is_exact("A*"), is_exact("\u0410-17"), is_exact("")
    (True, False, True, False)
    """
    is_plain = patient_id.isprintable() and not set(patient_id) & set("*?\\")
    return bool(patient_id) and is_plain


def of_patient(studies: Sequence[Dataset], patient_id: str) -> list[Dataset]:
    """Return the studies that are of a patient: not every archive heeds each key.

    One that answers in a character set without some letter of the ID leaves it out, or
    writes ``?``: then the others count, and what is fetched says itself whose it is.
    """
    asked = patient_id.strip()
    return [s for s in studies if _may_be(str(s.get("PatientID", "")).strip(), asked)]


def _may_be(said: str, asked: str) -> bool:
    """Tell whether an answer is an ID, or what ASCII leaves of it."""
    is_poorer = said.isascii() and not asked.isascii()
    return said == asked or (is_poorer and _in_ascii(said) == _in_ascii(asked))


def _in_ascii(patient_id: str) -> str:
    return "".join(each for each in patient_id if each.isascii() and each != "?")


def series_of(study_instance_uid: str) -> Dataset:
    """Ask for the series of a study."""
    query = Dataset()
    query.QueryRetrieveLevel = "SERIES"
    query.StudyInstanceUID = study_instance_uid
    query.SeriesInstanceUID = ""
    query.Modality = ""
    query.NumberOfSeriesRelatedInstances = None
    return query


def described_series_of(study_instance_uid: str) -> Dataset:
    """Ask for the series of a study with what tells which of them a model reads."""
    query = series_of(study_instance_uid)
    query.SeriesDescription = ""
    query.SeriesNumber = None
    return query


@dataclass(frozen=True, slots=True)
class EarlierStudy:
    """A study of a patient as an archive tells of it.

    Attributes
    ----------
    date
        As it stands there, ``YYYYMMDD``: it sorts.
    modalities
        None of them: the archive did not tell.
    """

    uid: str
    date: str
    modalities: frozenset[str]

    def may_hold(self, modalities: Collection[str]) -> bool:
        """Tell whether one of some modalities may be in it."""
        return not self.modalities or not self.modalities.isdisjoint(modalities)


def found_study(record: Dataset) -> FoundStudy:
    """Return a study of a search, as an archive tells of it.

    Raises
    ------
    ValueError, TypeError, AttributeError, BadUidError
        It cannot be understood.
    """
    return FoundStudy(
        checked_uid(str(record.get("StudyInstanceUID", ""))),
        values(record, "ModalitiesInStudy") or None,
        number(record, "NumberOfStudyRelatedInstances"),
    )


def earlier_study(record: Dataset) -> EarlierStudy:
    """Return a study of a patient; raises as ``found_study`` does."""
    return EarlierStudy(
        checked_uid(str(record.StudyInstanceUID)),
        str(record.get("StudyDate") or ""),
        values(record, "ModalitiesInStudy"),
    )


def found_series(study: EarlierStudy, series: Dataset) -> FoundSeries:
    """Return a series; raises as ``found_study`` does, but for odd numbers alone."""
    return FoundSeries(
        study_instance_uid=study.uid,
        series_instance_uid=checked_uid(str(series.SeriesInstanceUID)),
        study_date=study.date,
        modality=str(series.get("Modality") or ""),
        description=str(series.get("SeriesDescription") or ""),
        number=_any_number(series, "SeriesNumber"),
        instances=_any_number(series, "NumberOfSeriesRelatedInstances"),
    )


def _any_number(identifier: Dataset, keyword: str) -> int | None:
    with suppress(ValueError, TypeError):
        return number(identifier, keyword)
    return None


def images_of(study_instance_uid: str, series_instance_uid: str) -> Dataset:
    """Ask for the images of a series.

    Every level above is named: without that the query is a relational one, which has
    to be negotiated (PS3.4 C.4.1.2).
    """
    query = Dataset()
    query.QueryRetrieveLevel = "IMAGE"
    query.StudyInstanceUID = study_instance_uid
    query.SeriesInstanceUID = series_instance_uid
    query.SOPInstanceUID = ""
    query.SOPClassUID = ""
    return query


def retrieval_of(study_instance_uid: str, series_instance_uid: str) -> Dataset:
    """Ask C-GET for the images of a series."""
    query = Dataset()
    query.QueryRetrieveLevel = "SERIES"
    query.StudyInstanceUID = study_instance_uid
    query.SeriesInstanceUID = series_instance_uid
    return query


def values(identifier: Dataset, keyword: str) -> frozenset[str]:
    """Return the values of an attribute of several; none when it did not come."""
    value = identifier.get(keyword)
    several = value if isinstance(value, MultiValue) else [value]
    return frozenset(str(one) for one in several if one)


def number(identifier: Dataset, keyword: str) -> int | None:
    """Return a number that is not negative; None when it did not come.

    Raises
    ------
    ValueError, TypeError
        What came is no such number.
    """
    value = identifier.get(keyword)
    if value is None or value == "":
        return None
    if int(value) < 0:
        raise ValueError("a number is negative")
    return int(value)


def storage_contexts(images: Sequence[Dataset]) -> list[PresentationContext]:
    """Return contexts for the classes of the images, or for the common ones."""
    classes = sorted({str(image.get("SOPClassUID") or "") for image in images} - {""})
    if not classes:
        classes = [str(each.abstract_syntax) for each in StoragePresentationContexts]
    pairs = [(cls, syntax) for syntax in TRANSFER_SYNTAXES for cls in classes]
    return [build_context(*pair) for pair in pairs[:MAX_STORAGE_CONTEXTS]]
