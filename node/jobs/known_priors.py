"""What is known of a person's earlier results when a study is read, and kept with it.

Kept as text with the job and with each result, so that a result made once more is
told the same: what the archive says today is another matter.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from itertools import chain, combinations, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.history import Prior
from models.terms import Code, Measurement
from node.jobs.job import EarlierImages
from node.log import salted

if TYPE_CHECKING:
    from node.person import Person  # loads pydicom, which no help page needs

RETRACTED = "prior_retracted"
"""Reason code: a result was taken back, here or in the archive."""

UNRELIABLE = "prior_unreliable"
"""Reason code: the report of then has grade C."""

IMAGES_REJECTED = "prior_images_rejected"
"""Reason code: a note in the archive rejects the images (IHE IOCM)."""

NOT_SOUGHT = "priors_not_sought"
"""Reason code: nobody looked for earlier results, or not in the time allowed."""

NOT_ASKED = "patient_id_not_asked"
"""Reason code: no archive is asked for an ID that stands for other people as well."""

UNAVAILABLE = "archive_unavailable"
"""Reason code: the archive could not be asked, or did not answer in time."""

REPORTS_NOT_FETCHED = "prior_reports_not_fetched"
"""Reason code: reports of an earlier exam did not come whole, or not in time."""

REPORT_UNREADABLE = "prior_report_unreadable"
"""Reason code: the file of our own report is gone, or is not what was written."""

REJECTIONS_UNKNOWN = "prior_rejections_unknown"
"""Reason code: our own results are told, and nobody knows whether the archive rejects
them."""

NOT_RENEWED = "prior_not_renewed"
"""Reason code: the exam was to be read again since its report, and was not: it may
have been corrected, or be of two persons."""

IMAGES_NOT_FETCHED = "prior_images_not_fetched"
"""Reason code: images of an earlier exam did not come whole, or not in time."""

IMAGES_TOO_LARGE = "prior_images_too_large"
"""Reason code: there were more of them than are fetched."""

IMAGES_GONE = "prior_images_gone"
"""Reason code: they had been removed when the study was read another time."""

IMAGES_UNREAD = "prior_images_unread"
"""Reason code: attempts with them were lost, and so the last one does without."""

IMAGES_UNREADABLE = "prior_images_unreadable"
"""Reason code: the model cannot read them."""

IMAGES_UNRELIABLE = "prior_images_unreliable"
"""Reason code: what the model reads in them has grade C."""

PERSON_CHANGED = "prior_person_changed"
"""Reason code: they were sought for whom the study named before it was corrected."""

PASSING = frozenset(
    {
        NOT_SOUGHT,
        UNAVAILABLE,
        REPORTS_NOT_FETCHED,
        REPORT_UNREADABLE,
        REJECTIONS_UNKNOWN,
        NOT_RENEWED,
        IMAGES_NOT_FETCHED,
        IMAGES_GONE,
        IMAGES_UNREAD,
        PERSON_CHANGED,
    }
)
"""Reason codes of the hour, not of the person: another day there is none of them."""


OF_BEFORE = "older formula"
"""Stands for the hash that an older node kept: it is nobody's."""

MOST_WORDINGS = 6
"""Ways of writing the name in one study beyond which it counts as nobody's."""


def person_hash(person: Person, salt: str) -> str:
    """Return a salted hash of whom a search was for, by all that headers said of it."""
    return _hash(
        salt,
        person.patient_id,
        person.issuer,
        person.birth_date,
        person.sex,
        sorted(person.names),
        person.is_anonymous,
    )


def is_named(sought: str, people: Iterable[Person], salt: str) -> bool:
    """Tell whether all headers of a study name the person of a ``person_hash``.

    The search looked at some of the headers. What they lacked and others state was
    compared with no earlier result, so it counts as another person; only a name may
    be written in other ways.
    """
    named = list(people)
    stated = [
        {value for value in values if value}
        for values in (
            [person.patient_id for person in named],
            [person.issuer for person in named],
            [str(person.birth_date or "") for person in named],
            [person.sex for person in named],
        )
    ]
    wordings = {person.names for person in named}
    if any(len(values) > 1 for values in stated) or len(wordings) > MOST_WORDINGS:
        return False
    choices = product(
        *(values or {""} for values in stated),
        _together(wordings),
        {person.is_anonymous for person in named},
    )
    return any(_hash(salt, *choice) == sought for choice in choices)


def _together(wordings: Collection[frozenset[str]]) -> list[list[str]]:
    """Return the words of each choice of some wordings: who looked saw one of them."""
    sizes = range(1, len(wordings) + 1)
    some = chain.from_iterable(combinations(wordings, size) for size in sizes)
    return [sorted(frozenset().union(*chosen)) for chosen in some]


def _hash(salt: str, *stated: object) -> str:
    return salted(salt, f"person {[str(value or '') for value in stated]}")


@dataclass(frozen=True, slots=True)
class KnownPriors:
    """Earlier results of one person for one model.

    Attributes
    ----------
    priors
        Oldest first.
    withheld
        Reason codes of what was found and is not used, and of why nobody could look.
    images
        What is still to be read; none in what a result was told.
    person
        Salted hash of whom they were sought for; "" where nobody is known.
    """

    priors: tuple[Prior, ...] = ()
    withheld: tuple[str, ...] = ()
    images: tuple[EarlierImages, ...] = ()
    person: str = ""

    @property
    def is_missed(self) -> bool:
        """Whether another day may say more, or an older node sought for nobody."""
        return not PASSING.isdisjoint(self.withheld) or self.person == OF_BEFORE

    def after(self, told: KnownPriors) -> KnownPriors:
        """Return these with what the last result of the study was told besides.

        An answer that lacks something for a reason of the hour takes nothing of it
        away, if it is about the same person. One that objects for a reason that there
        was not then counts as it is: nobody knows to which result.
        """
        lasting = tuple(reason for reason in told.withheld if reason not in PASSING)
        objects = not PASSING.union(lasting).issuperset(self.withheld)
        is_whole = objects or PASSING.isdisjoint(self.withheld)
        if is_whole or not told.person or self.person not in {"", told.person}:
            return self
        found = {prior.study_instance_uid for prior in self.priors}
        found |= {images.study_instance_uid for images in self.images}
        missed = [p for p in told.priors if p.study_instance_uid not in found]
        priors = sorted((*missed, *self.priors), key=lambda prior: prior.study_date)
        withheld = tuple(dict.fromkeys((*lasting, *self.withheld)))
        return replace(
            self, priors=tuple(priors), withheld=withheld, person=told.person
        )

    def without(self, objections: Mapping[str, str]) -> KnownPriors:
        """Return these without the reports that count no more.

        Parameters
        ----------
        objections
            SOP Instance UID of a report → reason code.
        """
        left = tuple(p for p in self.priors if p.sr_instance_uid not in objections)
        if len(left) == len(self.priors):
            return self
        uids = [p.sr_instance_uid for p in self.priors if p not in left]
        why = dict.fromkeys((*self.withheld, *(objections[uid] for uid in uids)))
        return replace(self, priors=left, withheld=tuple(why))

    def text(self) -> str:
        """Return all of it as JSON, always the same for equal priors."""
        plain: dict[str, Any] = {
            "priors": [plain_prior(p) for p in self.priors],
            "withheld": self.withheld,
        }
        if self.images:
            plain["images"] = [_plain_images(each) for each in self.images]
        if self.person:
            plain["named"] = self.person
        return json.dumps(plain, ensure_ascii=False, sort_keys=True)

    @classmethod
    def of_text(cls, text: str | None) -> KnownPriors:
        """Return what ``text`` wrote; of whom, an older node wrote in another way."""
        plain = json.loads(text or "{}")
        priors = tuple(_prior(each) for each in plain.get("priors", ()))
        images = tuple(_images(each) for each in plain.get("images", ()))
        withheld = tuple(plain.get("withheld", ()))
        nobody = OF_BEFORE if "person" in plain else ""
        return cls(priors, withheld, images, plain.get("named", nobody))


def plain_prior(prior: Prior) -> dict[str, Any]:
    """Return a prior as plain values, for JSON and for hashes."""
    return {
        "study_instance_uid": prior.study_instance_uid,
        "sr_instance_uid": prior.sr_instance_uid,
        "study_date": prior.study_date.isoformat(),
        "source": prior.source,
        "model_version": prior.model_version,
        "device_uid": prior.device_uid,
        "measurements": [asdict(measurement) for measurement in prior.measurements],
        "protocol": dict(prior.protocol),
        "laterality": asdict(prior.laterality) if prior.laterality else None,
        "cautions": list(prior.cautions),
        "sr_series_instance_uid": prior.sr_series_instance_uid,
    }


def _plain_images(images: EarlierImages) -> dict[str, Any]:
    return {
        "study_instance_uid": images.study_instance_uid,
        "folder": str(images.folder),
        "cautions": list(images.cautions),
    }


def _images(plain: Mapping[str, Any]) -> EarlierImages:
    study, folder = plain["study_instance_uid"], Path(plain["folder"])
    return EarlierImages(study, folder, tuple(plain["cautions"]))


def _prior(plain: Mapping[str, Any]) -> Prior:
    laterality = plain["laterality"]
    return Prior(
        study_instance_uid=plain["study_instance_uid"],
        sr_instance_uid=plain["sr_instance_uid"],
        study_date=date.fromisoformat(plain["study_date"]),
        source=plain["source"],
        model_version=plain["model_version"],
        device_uid=plain["device_uid"],
        measurements=tuple(_measurement(each) for each in plain["measurements"]),
        protocol=dict(plain["protocol"]),
        laterality=Code(**laterality) if laterality else None,
        cautions=tuple(plain["cautions"]),
        sr_series_instance_uid=plain.get("sr_series_instance_uid", ""),
    )


def _measurement(plain: Mapping[str, Any]) -> Measurement:
    interval = plain["interval"]
    codes = {"name": Code(**plain["name"]), "unit": Code(**plain["unit"])}
    bounds = {"interval": tuple(interval) if interval else None}
    return Measurement(**{**plain, **codes, **bounds})
