"""The calibration in force: whether it can be read, and is of these weights."""

from __future__ import annotations

from collections.abc import Iterator

import models
from models.hippocampus.interpretation.norms.calibration import Calibration
from models.hippocampus.interpretation.norms.norm import load_norms
from models.volume.bundle import BundleError, load_bundle
from node.config import Settings
from node.declared import read_calibration
from node.doctor.finding import Finding, not_examined, ok, wrong
from node.jobs.request import bundle_of

MODEL = "hippocampus"
SUBJECT = f"calibration {MODEL}"
WHERE = f"[models.{MODEL}] calibration"
ANEW = "pacs-node calibrate --controls FILE.csv --output NEW.json"


def examine_calibration(settings: Settings) -> Iterator[Finding]:
    """Read the calibration as a worker would, and hold it against what it is for."""
    section = settings.models.hippocampus
    if not section.enabled:
        return
    content = read_calibration(section.calibration)
    if content is None:
        yield ok(SUBJECT, "none: positions in norms of other tools are withheld")
        return
    if reason := content.get("unreadable"):
        remedy = "calibration = the file of `pacs-node calibrate`; or no such line"
        yield wrong(SUBJECT, f"cannot be read: {reason}", WHERE, remedy)
        return
    try:
        made = Calibration.of(content)
    except ValueError as error:
        yield wrong(SUBJECT, str(error), WHERE, ANEW)
        return
    yield _judged(made, settings)


def _judged(made: Calibration, settings: Settings) -> Finding:
    try:
        bundle = load_bundle(bundle_of(settings, MODEL) or models.bundle_folder(MODEL))
    except BundleError:
        return not_examined(SUBJECT, "the weights that it must be of are not there")
    if made.weights_sha256 != bundle.weights_digest:
        found = (
            f"made with weights {made.weights_sha256[:12]}, in force are "
            f"{bundle.weights_digest[:12]}: it is not used"
        )
        return wrong(SUBJECT, found, WHERE, ANEW)
    known = {norm.name: norm.digest for norm in load_norms()}
    if any(known.get(entry.norm) != entry.norm_sha256 for entry in made.entries):
        found = "made with another edition of a norm: it is not used"
        return wrong(SUBJECT, found, WHERE, ANEW)
    parts = [f"{entry.norm} {entry.side} n = {entry.n}" for entry in made.entries]
    when = made.made.isoformat()
    return ok(SUBJECT, f"of {when}, {'; '.join(parts)}, {made.sha256[:12]}")
