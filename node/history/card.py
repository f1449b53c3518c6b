"""The provenance card: what a result was made with, and that nobody has verified it."""

from __future__ import annotations

import models
from models.volume.bundle import Bundle, BundleError, load_bundle
from node.config import Settings
from node.history.story import Story
from node.jobs.ledger_history import ResultRow
from node.jobs.request import bundle_of

UNVERIFIED = "made by a program, research use, not verified by a physician"
SHOWN_DIGITS = 12
"""Digits of a SHA-256 that a person compares; ``--json`` has all 64."""


def bundle_now(settings: Settings, model: str) -> Bundle | None:
    """Return the bundle that the settings name today; None: it cannot be read."""
    try:
        return load_bundle(bundle_of(settings, model) or models.bundle_folder(model))
    except (BundleError, KeyError):
        return None


def status_of(result: ResultRow, bundle: Bundle | None) -> str:
    """Return the status of the model that made a result, "" when nobody knows.

    It stands in the bundle: that of today tells it only while it is the same.
    """
    if bundle is None or bundle.digest != result.made_with.get("bundle_digest"):
        return ""
    return bundle.status


def card(
    story: Story, model: str, result: ResultRow, bundle: Bundle | None
) -> list[tuple[str, str]]:
    """Return the lines of the card: name and value, for a person."""
    made = result.made_with
    unknown = (
        "status unknown: the bundle has changed since"
        if made.get("bundle_digest")
        else "status not recorded"
    )
    status = status_of(result, bundle) or unknown
    return [
        ("model", f"{model} {result.model_version}, {status}"),
        ("weights", _short(result.weights_digest)),
        ("bundle", _short(made.get("bundle_digest", ""))),
        ("package", f"pacs-ai-node {made.get('package_version') or 'not recorded'}"),
        ("computed", f"{result.precision} on {made.get('device') or 'not recorded'}"),
        ("input", _short(made.get("input_digest", ""))),
        ("series", result.series_instance_uid),
        ("study", made.get("completeness") or "completeness not recorded"),
        ("made at", f"installation {story.installation_id}"),
        ("", f"Result {result.version}: {UNVERIFIED}."),
    ]


def _short(digest: str) -> str:
    return f"SHA-256 {digest[:SHOWN_DIGITS]}" if digest else "not recorded"
