"""The deployable description of a model: ``bundle.json`` and its weights.

A bundle is a folder. ``bundle.json`` says everything that serving needs, and the
weights are safetensors files named there with their SHA-256. Nothing is loaded
whose hash differs, and nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from models.volume.columns import Column, columns_of
from models.volume.rule import Acceptance

BUNDLE_FILE = "bundle.json"
STATUSES = ("research", "demonstration")


class BundleError(Exception):
    """A bundle is missing, incomplete, or not what its hashes say."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """One verified bundle; an instance that exists has intact weights.

    Attributes
    ----------
    version
        Of the trained model; shown to readers.
    status
        ``"research"`` or ``"demonstration"`` (docs/promises.md 11).
    preprocessing, training, decision, metrics, golden_case
        As in ``bundle.json``; their meaning belongs to the model. ``decision`` is how
        numbers become answers: rules, and thresholds with the class they are of.
    columns
        Name of a column → what stands in it, in the order of a table.
    fast
        Language → what the model leaves out when it is asked to be fast; empty for a
        model that knows no such thing.
    weights
        File name inside the folder → SHA-256 in hexadecimal.
    shared_weights
        The same of weights that lie beside the code that several models share; who
        loads them sees that they are these.
    digest
        SHA-256 over ``bundle.json``, which holds the hashes of the weights: it
        changes when anything of the bundle changes.
    weights_digest
        SHA-256 of the weights: of the one file, or of the bytes of several, one
        after another in the order of their names, and then of the hashes of those
        that are shared.
    references_digest
        SHA-256 of the published data that the model compares with, which lie beside
        its code and in no bundle; "" without any.
    """

    folder: Path
    name: str
    title: str
    version: str
    status: str
    intended_use: str
    not_for: str
    licence: str
    acceptance: Acceptance
    weights: Mapping[str, str]
    digest: str
    weights_digest: str
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    decision: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    golden_case: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, Column] = field(default_factory=dict)
    fast: Mapping[str, str] = field(default_factory=dict)
    shared_weights: Mapping[str, str] = field(default_factory=dict)
    references_digest: str = ""

    @property
    def is_demonstration(self) -> bool:
        """Whether it speaks nowhere by itself, and says what it is where it does."""
        return self.status == "demonstration"

    def weights_path(self, name: str) -> Path:
        """Return the path of a weights file that the bundle names."""
        if name not in self.weights:
            raise BundleError(f"{self.name}: {name} is not in its {BUNDLE_FILE}")
        return self.folder / name


REQUIRED = (
    "name",
    "title",
    "version",
    "status",
    "intended_use",
    "not_for",
    "licence",
    "acceptance",
    "weights",
)
PLAIN = (
    "preprocessing",
    "training",
    "decision",
    "metrics",
    "golden_case",
    "shared_weights",
)
OPTIONAL = (*PLAIN, "columns", "fast")


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load_bundle(folder: Path) -> Bundle:
    """Read and verify the bundle in ``folder``.

    Raises
    ------
    BundleError
        ``bundle.json`` is missing or incomplete, or a weights file is missing, has
        another hash, lies outside the folder, or is no safetensors file.
    """
    raw, content = _read(folder)
    weights = dict(content["weights"])
    for name, expected in weights.items():
        _check_weights(folder, name, expected)
    return Bundle(
        folder=folder,
        acceptance=_acceptance(folder, content["acceptance"]),
        columns=_columns(folder, content.get("columns", {})),
        fast=_fast(folder, content.get("fast", {})),
        weights=MappingProxyType(weights),
        digest=hashlib.sha256(raw).hexdigest(),
        weights_digest=_weights_digest(
            [folder / name for name in sorted(weights)],
            content.get("shared_weights", {}),
        ),
        **{
            key: content[key]
            for key in REQUIRED
            if key not in {"acceptance", "weights"}
        },
        **{key: content[key] for key in PLAIN if key in content},
    )


def load_acceptance(folder: Path) -> Acceptance:
    """Read the rule of the bundle in ``folder``; its weights are not looked at.

    Raises
    ------
    BundleError
        ``bundle.json`` is missing or incomplete.
    """
    _, content = _read(folder)
    return _acceptance(folder, content["acceptance"])


def amend(folder: Path, changes: Mapping[str, Any]) -> None:
    """Write what was measured into ``bundle.json``; all else stays as it is.

    Parameters
    ----------
    changes
        Place → value; ``training.retest`` is the key ``retest`` of ``training``.

    Raises
    ------
    BundleError
        There is no intact bundle in ``folder``.
    """
    load_bundle(folder)
    _, content = _read(folder)
    for place, value in changes.items():
        *above, key = place.split(".")
        holder = content
        for name in above:
            holder = holder.setdefault(name, {})
        holder[key] = value
    write_content(folder, content)


def write_content(folder: Path, content: Mapping[str, Any]) -> None:
    """Write ``bundle.json``, whole or not at all."""
    path = folder / BUNDLE_FILE
    partial = path.with_suffix(".partial")
    text = json.dumps(content, indent=2, ensure_ascii=False)
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(path)


def _read(folder: Path) -> tuple[bytes, dict[str, Any]]:
    """Return ``bundle.json`` as it is written, and as it reads."""
    try:
        raw = (folder / BUNDLE_FILE).read_bytes()
        content = json.loads(raw)
    except OSError as error:
        raise BundleError(f"no readable {BUNDLE_FILE} in {folder.name}") from error
    except ValueError as error:
        raise BundleError(f"{folder.name}/{BUNDLE_FILE} is not JSON: {error}") from None
    _check_keys(folder, content)
    return raw, content


def _weights_digest(paths: Sequence[Path], shared: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
    for name in sorted(shared):
        digest.update(str(shared[name]).encode("ascii", "replace"))
    return digest.hexdigest()


def _check_keys(folder: Path, content: Any) -> None:
    if not isinstance(content, dict):
        raise BundleError(f"{folder.name}/{BUNDLE_FILE} is not a JSON object")
    missing = [key for key in REQUIRED if not content.get(key)]
    unknown = sorted(set(content) - set(REQUIRED) - set(OPTIONAL))
    if missing or unknown:
        raise BundleError(
            f"{folder.name}/{BUNDLE_FILE}: missing {missing}, unknown {unknown}"
        )
    if content["status"] not in STATUSES:
        raise BundleError(f"{folder.name}: status must be one of {STATUSES}")


def _acceptance(folder: Path, content: Mapping[str, Any]) -> Acceptance:
    try:
        return Acceptance(**content)
    except (TypeError, ValueError) as error:
        raise BundleError(f"{folder.name}: acceptance: {error}") from None


def _columns(folder: Path, content: Any) -> Mapping[str, Column]:
    try:
        return columns_of(content)
    except ValueError as error:
        raise BundleError(f"{folder.name}: columns: {error}") from None


def _fast(folder: Path, content: Any) -> Mapping[str, str]:
    if not isinstance(content, dict) or not all(
        isinstance(text, str) and text for text in content.values()
    ):
        raise BundleError(f"{folder.name}: fast must be a text by language")
    if content and "en" not in content:
        raise BundleError(f"{folder.name}: fast has no text in English (en)")
    return MappingProxyType(content)


def _check_weights(folder: Path, name: str, expected: str) -> None:
    path = folder / name
    if path.suffix != ".safetensors" or not path.resolve().is_relative_to(
        folder.resolve()
    ):
        raise BundleError(f"{folder.name}: {name} is not a safetensors file inside it")
    if not path.is_file():
        raise BundleError(f"{folder.name}: the weights {name} are missing")
    if sha256_file(path) != expected:
        raise BundleError(
            f"{folder.name}: the SHA-256 of {name} is not the one in {BUNDLE_FILE}; "
            "restore the file or train again"
        )
