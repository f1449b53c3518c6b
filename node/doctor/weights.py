"""The models: their bundles, and which of them speak on the wire."""

from __future__ import annotations

from collections.abc import Iterator

import models
from models.volume.bundle import BundleError, load_bundle
from node.config import Settings
from node.doctor.finding import Finding, State, advice, ok, wrong
from node.jobs.request import bundle_of

REINSTALL = "pip install --force-reinstall --no-deps pacs-ai-node"


def examine_weights(settings: Settings) -> Iterator[Finding]:
    """Load and verify the bundle of every model that may speak."""
    findings = [_model(settings, name) for name in models.MODELS]
    yield from findings
    if all(finding.state is State.ADVICE for finding in findings):
        yield _silent()


def _model(settings: Settings, name: str) -> Finding:
    subject, section = f"model {name}", f"[models.{name}]"
    if not settings.models.of(name).enabled:
        return advice(subject, "switched off", f"{section} enabled", "enabled = true")
    own = bundle_of(settings, name)
    try:
        bundle = load_bundle(own or models.bundle_folder(name))
    except BundleError as error:
        if own is None:
            return wrong(subject, str(error), "the installation", REINSTALL)
        remedy = "bundle = the folder that `pacs-model train` made; or no such line"
        return wrong(subject, str(error), f"{section} bundle", remedy)
    found = (
        f"version {bundle.version}, {bundle.status}, weights "
        f"{bundle.weights_digest[:12]}{', your own bundle' if own else ''}"
    )
    if bundle.is_demonstration and not settings.models.allow_demonstration:
        where, remedy = "[models] allow_demonstration", "allow_demonstration = true"
        return advice(subject, f"{found}: silent on the wire", where, remedy)
    return ok(subject, found)


def _silent() -> Finding:
    found = "none speaks: studies that arrive are read by nobody"
    return wrong("models", found, "[models.hippocampus] enabled", "enabled = true")
