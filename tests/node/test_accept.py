"""A site writes its own rule over the bundle's, and cannot write nonsense."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path

import pytest

from models.volume.rule import PLANES, PREFERENCES, Acceptance
from node import config
from node.accept import AcceptSettings
from node.errors import ConfigError
from tests.models.volume.test_bundle import build_bundle

RULE = Acceptance("MR", "HippoCrop", min_slices=16, max_slices=80)


def write(folder: Path, *lines: str) -> Path:
    """Return a settings file with these lines under ``accept``."""
    path = folder / "node.toml"
    path.write_text("\n".join(["[models.hippocampus.accept]", *lines]))
    return path


def test_without_a_word_of_the_site_the_bundles_rule_is_in_force() -> None:
    """Nothing is written, nothing is changed."""
    assert AcceptSettings().over(RULE) == RULE
    assert AcceptSettings().written == ()


def test_what_the_site_writes_stands_in_the_bundles_place(tmp_path: Path) -> None:
    """Also where it is wider; what it leaves out is the bundle's."""
    path = write(tmp_path, 'description = "HippoCrop|hippo"', "max_slices = 200")

    accept = config.load(path).models.hippocampus.accept

    assert accept.written == ("description", "max_slices")
    assert accept.over(RULE) == Acceptance(
        "MR", "HippoCrop|hippo", min_slices=16, max_slices=200
    )


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('description = "("', r"accept\.description: no regular expression"),
        ("min_slices = 0", r"accept\.min_slices: "),
        ("min_matrix = 1.5", r"accept\.min_matrix: "),
        ("max_spacing_mm = inf", r"accept\.max_spacing_mm: "),
        ('modality = "mr"', r"accept\.modality: "),
        ("slices = 3", r"accept\.slices: unknown key"),
        ('planes = ["oblique"]', r"accept\.planes"),
        ('prefer = ["luck"]', r"accept\.prefer"),
        ('kernels = ["("]', r"accept\.kernels.*no regular expression"),
        ("thin_enough_mm = -1", r"accept\.thin_enough_mm: "),
        ("min_slices = 81", r"accept: min_slices 81 is above max_slices 80"),
        ("max_spacing_mm = 0.1", r"min_spacing_mm 0\.4 is above max_spacing_mm 0\.1"),
    ],
)
def test_nonsense_is_refused_in_one_line_that_names_the_key(
    tmp_path: Path, line: str, complaint: str
) -> None:
    """Alone, or beside what the shipped bundle says; and not at night, by a job."""
    with pytest.raises(ConfigError, match=rf"^node\.toml: .*{complaint}") as caught:
        config.load(write(tmp_path, line))

    assert "\n" not in str(caught.value)


def test_it_is_held_against_the_bundle_that_the_site_has_named(tmp_path: Path) -> None:
    """Other bundles have other bounds."""
    own = {"modality": "MR", "max_slices": 300}
    build_bundle(tmp_path / "own", acceptance=own)
    path = write(tmp_path, "min_slices = 200")
    path.write_text(
        f'{path.read_text()}\n[models.hippocampus]\nbundle = "{tmp_path / "own"}"\n'
    )

    accept = config.load(path).models.hippocampus.accept

    assert accept.over(Acceptance("MR", max_slices=300)).min_slices == 200


def test_a_bundle_that_cannot_be_read_is_left_to_who_loads_it(tmp_path: Path) -> None:
    """The settings can still be shown."""
    path = write(tmp_path, "min_slices = 200", "[models.hippocampus]")
    path.write_text(f'{path.read_text()}\nbundle = "{tmp_path / "nowhere"}"\n')

    assert config.load(path).models.hippocampus.accept.min_slices == 200


def test_the_environment_may_hold_it_and_is_named_when_it_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable has the whole path of the key."""
    name = "PACS_NODE_MODELS__HIPPOCAMPUS__ACCEPT__DESCRIPTION"
    monkeypatch.setenv(name, "hippo")
    path = write(tmp_path)
    assert config.load(path).models.hippocampus.accept.description == "hippo"
    monkeypatch.setenv(name, "(")

    with pytest.raises(ConfigError, match=rf"^{name}: models\.hippocampus\.accept"):
        config.load(path)


def test_a_site_says_what_decides_between_its_series(tmp_path: Path) -> None:
    """Lists of the file stand in the place of the bundle's, also where empty."""
    path = write(
        tmp_path,
        'planes = ["axial"]',
        "image_types_refused = []",
        'prefer = ["coverage", "kernel"]',
        'kernels = ["^B3", "^B7"]',
    )

    accept = config.load(path).models.hippocampus.accept

    assert accept.over(replace(RULE, image_types_refused=("MIP",))) == replace(
        RULE,
        planes=("axial",),
        prefer=("coverage", "kernel"),
        kernels=("^B3", "^B7"),
    )


def test_a_site_may_write_whatever_a_rule_may_say() -> None:
    """Every key of a rule, and every name that a list of it may hold."""
    fields = AcceptSettings.model_fields

    assert set(fields) == {field.name for field in dataclasses.fields(Acceptance)}
    for name, known in (("planes", PLANES), ("prefer", PREFERENCES)):
        assert all(each in str(fields[name].annotation) for each in known)
        AcceptSettings.model_validate({name: known})
