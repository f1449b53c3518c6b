"""Settings: read once, frozen, every key known."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from node import config
from node.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    """Return a settings file with this text."""
    path = folder / "node.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_defaults_are_valid_and_send_to_the_archive(tmp_path: Path) -> None:
    """An empty file gives a node whose results go to the archive."""
    settings = config.load(write(tmp_path, ""))

    assert settings.node.ae_title == "HIPPOAI"
    assert [d.ae_title for d in settings.destinations] == ["ORTHANC"]


def test_the_file_sets_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment overlays single keys and leaves their neighbours alone."""
    path = write(tmp_path, "[inbound]\nquiet_s = 20\nmax_wait_s = 100\n")
    monkeypatch.setenv("PACS_NODE_INBOUND__QUIET_S", "3")

    settings = config.load(path)

    assert (settings.inbound.quiet_s, settings.inbound.max_wait_s) == (3, 100)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[node]\nporrt = 1\n", "node.porrt"),
        ("[node]\nport = 0\n", "node.port"),
        ('[node]\nae_title = "MUCH TOO LONG FOR AN AE"\n', "node.ae_title"),
        ('[inbound]\nallow_addresses = ["x"]\n', "inbound.allow_addresses"),
        ("[nodes]\n", "nodes"),
    ],
)
def test_a_wrong_key_or_value_is_named_in_one_line(
    tmp_path: Path, text: str, key: str
) -> None:
    """The message names the key and is one line."""
    with pytest.raises(ConfigError, match=key.replace(".", r"\.")) as caught:
        config.load(write(tmp_path, text))

    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_not_toml_is_an_error(tmp_path: Path) -> None:
    """A named file must exist and parse."""
    with pytest.raises(ConfigError, match="No such file"):
        config.load(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="not TOML"):
        config.load(write(tmp_path, "= ="))


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    """A section is frozen."""
    settings = config.load(write(tmp_path, ""))

    with pytest.raises(ValidationError):
        settings.node.port = 1


def test_the_password_comes_from_the_environment_and_is_masked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused in a file, and never printed."""
    with pytest.raises(ConfigError, match="PACS_NODE_ARCHIVE_PASSWORD"):
        config.load(write(tmp_path, 'archive_password = "x"\n'))
    monkeypatch.setenv("PACS_NODE_ARCHIVE_PASSWORD", "s3cret")

    settings = config.load(write(tmp_path, ""))

    assert settings.archive_password.get_secret_value() == "s3cret"
    assert "s3cret" not in settings.model_dump_json() + repr(settings)


def test_the_settings_file_of_the_house_is_valid() -> None:
    """node.toml at the root loads."""
    root = Path(config.__file__).parent.parent

    assert config.load(root / "node.toml").node.port == 11113


@pytest.mark.parametrize(
    "name", ["PACS_NODE_INBOUND_ALLOW_AE_TITLES", "PACS_NODE_FOO__BAR", "PACS_NODE_X"]
)
def test_a_misspelt_variable_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A door that somebody believes to be shut does not stay open."""
    monkeypatch.setenv(name, '["ORTHANC"]')

    with pytest.raises(ConfigError, match=f"{name} in the environment is no setting"):
        config.load(write(tmp_path, ""))


def test_every_setting_may_come_from_the_environment() -> None:
    """Also a deeper one, in whatever case."""
    names = ["PACS_NODE_INBOUND__QUIET_S", "pacs_node_models__hippocampus__bundle"]

    assert (
        config.unknown_variables([*names, "PACS_NODE_ARCHIVE_PASSWORD", "PATH"]) == []
    )


def test_a_list_in_the_environment_is_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the error says so."""
    name = "PACS_NODE_INBOUND__ALLOW_AE_TITLES"
    monkeypatch.setenv(name, '["ORTHANC"]')
    assert config.load(write(tmp_path, "")).inbound.allow_ae_titles == ("ORTHANC",)
    monkeypatch.setenv(name, "ORTHANC")

    with pytest.raises(ConfigError, match="a list is written as JSON"):
        config.load(write(tmp_path, ""))


def test_a_fault_of_the_environment_is_not_blamed_on_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line names the variable."""
    monkeypatch.setenv("PACS_NODE_NODE__PORT", "none")

    with pytest.raises(ConfigError, match=r"^PACS_NODE_NODE__PORT: node.port: "):
        config.load(write(tmp_path, ""))


def test_the_node_is_not_its_own_archive(tmp_path: Path) -> None:
    """At one address it would ask and answer itself, and all would look well."""
    path = tmp_path / "node.toml"
    path.write_text("[node]\nport = 4242\n")

    with pytest.raises(ConfigError, match=r"^node.toml: node.port and archive.dicom"):
        config.load(path)

    path.write_text("[node]\nport = 4242\n[archive]\nhost = '10.0.0.5'\n")
    assert config.load(path).node.port == 4242
