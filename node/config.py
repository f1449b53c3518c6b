"""Settings: one frozen section per stage, read once, handed in.

Order of precedence: environment (``PACS_NODE_INBOUND__QUIET_S=3``), then the TOML
file, then the defaults below. An unknown key is an error. Secrets come from the
environment only and are masked when shown. AE titles and ports are written here
once: the launch scripts generate Orthanc's and OHIF's configuration from them.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

import models
from node.config_reading import ModelsSettings, ReportSettings
from node.errors import ConfigError
from node.section import AETitle, Port, Seconds, Section

ENV_PREFIX = "PACS_NODE_"


class NodeSettings(Section):
    """Who this node is on the network, and where it keeps its files."""

    ae_title: AETitle = "HIPPOAI"
    """Application Entity title of the node, as SCP and as SCU."""
    port: Port = 11113
    """DICOM port of the node."""
    listen: str = "127.0.0.1"
    """Address to listen on; anything but loopback is warned about at start."""
    data_dir: Path = Path("var")
    """Folder of the ledger, the spool and the results (mode 0700)."""


class ArchiveSettings(Section):
    """The archive that routes studies here and takes the results."""

    ae_title: AETitle = "ORTHANC"
    """AE title of the archive."""
    host: str = "127.0.0.1"
    """Host of the archive."""
    dicom_port: Port = 4242
    """DIMSE port of the archive."""
    http_port: Port = 8042
    """HTTP port of Orthanc: REST and DICOMweb."""
    rest: bool = True
    """Ask Orthanc's REST API; False asks by C-FIND alone (any archive)."""
    stable_age_s: Annotated[int, Field(ge=1)] = 10
    """Seconds without a new image after which Orthanc calls a study stable."""
    timeout_s: Seconds = 5.0
    """Longest wait for one answer to a question about completeness."""


class ViewerSettings(Section):
    """The web viewer, OHIF."""

    port: Port = 3000
    """HTTP port of the viewer's small web server."""


class InboundSettings(Section):
    """Receiving studies and deciding when they are complete."""

    allow_ae_titles: tuple[AETitle, ...] = ()
    """Calling AE titles that may send; empty means everybody."""
    allow_addresses: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks that may send, such as 10.1.0.0/16; empty means everybody."""
    durability: Literal["instance", "association", "none"] = "instance"
    """When received bytes are forced to disk: before each answer, before the
    release is answered, or never."""
    min_free_mib: Annotated[int, Field(ge=0)] = 1024
    """Free space in MiB below which every C-STORE is answered 0xA700."""
    max_pdu: Annotated[int, Field(ge=4096, le=1_048_576)] = 131_072
    """Largest PDU in bytes that is announced, and that is accepted."""
    socket_timeout_s: Seconds = 30.0
    """Silence on a socket after which the connection is dropped."""
    max_associations: Annotated[int, Field(ge=1)] = 20
    """Associations at one time; further ones are refused as transient."""
    max_object_mib: Annotated[int, Field(ge=1)] = 2048
    """Largest object in MiB that is kept."""
    quiet_s: Seconds = 60.0
    """Without an answer from the archive: seconds without a new image after
    which a study is taken as complete, unconfirmed."""
    max_wait_s: Seconds = 3600.0
    """Longest wait for images that the archive has and the node has not."""


class JobsSettings(Section):
    """The pool of worker processes."""

    workers: Annotated[int, Field(ge=0)] = 0
    """Number of worker processes; 0 means one per two cores, at least one."""
    deadline_s: Seconds = 600.0
    """Longest run of one attempt; then its worker is killed."""
    memory_limit_mib: Annotated[int, Field(ge=256)] = 6144
    """Resident memory of a worker above which it is killed."""
    recycle_after: Annotated[int, Field(ge=1)] = 200
    """Jobs after which a worker is replaced by a fresh one."""
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    """Attempts before a job has failed."""
    backoff_s: Seconds = 5.0
    """Wait before the second attempt; doubled for each further one."""
    threads: Annotated[int, Field(ge=0)] = 0
    """Threads inside a worker; 0 means cores divided by workers."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where networks run; ``auto`` takes a GPU when there is one."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of the networks; ``auto`` takes what a timed step finds faster."""


class PriorsSettings(Section):
    """Earlier results of the same person, which are told to the model."""

    enabled: bool = True
    """Look for earlier results before a study is read."""
    archive: bool = True
    """Ask the archive which images and results of earlier studies it rejects, and for
    reports where the node has none."""
    images: bool = False
    """Where it has no report either, fetch up to three earlier series and read them
    anew, for their numbers alone."""
    timeout_s: Seconds = 10.0
    """Longest time that the search for one study takes; then it is read without."""


class NoticesSettings(Section):
    """Telling the archive that a study was not read."""

    enabled: bool = True
    """Send one notice (Basic Text SR) for a study whose reading failed."""


class Destination(Section):
    """An SCP that gets the results."""

    ae_title: AETitle
    """Called AE title."""
    host: str
    """Host name or address."""
    port: Port
    """DICOM port."""


class SendSettings(Section):
    """Sending results."""

    destinations: tuple[Destination, ...] = ()
    """Where results go; empty means the archive alone."""
    timeout_s: Seconds = 30.0
    """Longest wait for an association or for the answer to one C-STORE."""
    backoff_s: Seconds = 2.0
    """Wait after the first failed attempt; doubled each time."""
    backoff_max_s: Seconds = 300.0
    """Longest wait between two attempts."""
    give_up_after_h: Seconds = 72.0
    """Hours of transient failures after which a delivery has failed."""


class RetentionSettings(Section):
    """How long received images are kept."""

    keep_received_h: Annotated[float, Field(ge=0)] = 24.0
    """Hours that received images stay after every outcome and delivery."""
    every_s: Seconds = 600.0
    """Seconds between two clean-ups."""


class ReconcileSettings(Section):
    """Finding what the archive did not deliver, and bringing it."""

    every_s: Seconds = 60.0
    """Seconds between two looks at the archive; the first is soon after start."""
    fetch: bool = True
    """Fetch studies that never came, if an enabled model reads their modality; False
    where the archive's own rules choose what the node may read."""
    look_back_days: Annotated[int, Field(ge=0)] = 0
    """Whole days of the archive's past that the first look covers, with ``rest`` off
    every look by study date; 0 leaves alone what was there before the first start."""
    settle_s: Seconds = 10.0
    """Seconds in which a study that is stable or is being received is left alone."""
    backoff_s: Seconds = 60.0
    """Wait after the first attempt to bring what lacks; doubled each time."""
    backoff_max_s: Seconds = 3600.0
    """Longest wait between two attempts."""
    attempts: Annotated[int, Field(ge=1)] = 10
    """Attempts after which what could not be brought is left, with an error in the
    log."""


class LogSettings(Section):
    """The log on standard error."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Lowest level that is written."""
    json_lines: bool = False
    """One JSON object per line."""


class Settings(BaseSettings):
    """All settings of the node. Built by ``load``; frozen."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        hide_input_in_errors=True,
    )

    node: NodeSettings = NodeSettings()
    archive: ArchiveSettings = ArchiveSettings()
    viewer: ViewerSettings = ViewerSettings()
    inbound: InboundSettings = InboundSettings()
    jobs: JobsSettings = JobsSettings()
    priors: PriorsSettings = PriorsSettings()
    models: ModelsSettings = ModelsSettings()
    report: ReportSettings = ReportSettings()
    notices: NoticesSettings = NoticesSettings()
    send: SendSettings = SendSettings()
    retention: RetentionSettings = RetentionSettings()
    reconcile: ReconcileSettings = ReconcileSettings()
    log: LogSettings = LogSettings()
    archive_user: str = ""
    """HTTP user of Orthanc; ``PACS_NODE_ARCHIVE_USER``."""
    archive_password: SecretStr = SecretStr("")
    """HTTP password of Orthanc; ``PACS_NODE_ARCHIVE_PASSWORD``, never in a file."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, which comes as init values."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    @model_validator(mode="after")
    def _is_not_its_archive(self) -> Self:
        """Refuse one address for both: the node would ask and answer itself."""
        here = self.archive.host in {"localhost", self.node.listen}
        if here and self.node.port == self.archive.dicom_port:
            raise ValueError(
                f"node.port and archive.dicom_port are both {self.node.port} on this "
                "machine; give one of them another"
            )
        return self

    @property
    def destinations(self) -> tuple[Destination, ...]:
        """The configured destinations, or the archive alone."""
        if self.send.destinations:
            return self.send.destinations
        archive = self.archive
        return (
            Destination(
                ae_title=archive.ae_title, host=archive.host, port=archive.dicom_port
            ),
        )


def load(path: Path | None = None) -> Settings:
    """Read the settings from ``path``, else ``node.toml`` here, else the defaults.

    Raises
    ------
    ConfigError
        The file cannot be read, a key is unknown, also one of the environment, or a
        value is out of range.
    """
    if path is None:
        path = Path("node.toml")
        content = _read(path) if path.is_file() else {}
    else:
        content = _read(path)
    if "archive_password" in content:
        raise ConfigError(
            f"{path.name}: archive_password does not belong in a file; "
            "set PACS_NODE_ARCHIVE_PASSWORD in the environment"
        )
    for name in unknown_variables(os.environ):
        raise ConfigError(
            f"{name} in the environment is no setting: {ENV_PREFIX}SECTION__KEY, with "
            "two underscores between them"
        )
    try:
        settings = Settings(**content)
    except ValidationError as error:
        raise ConfigError(_explained(error, path)) from None
    except SettingsError as error:
        raise ConfigError(f'{error}: a list is written as JSON, ["A", "B"]') from None
    for name in ModelsSettings.model_fields.keys() & models.MODELS.keys():
        section = settings.models.of(name)
        try:
            section.accept.require_fit(section.bundle or models.bundle_folder(name))
        except ValueError as error:
            raise ConfigError(
                f"{path.name}: models.{name}.accept: {error}; what stands in neither "
                "file nor environment is the bundle's"
            ) from None
    return settings


def unknown_variables(environment: Iterable[str]) -> list[str]:
    """Return the variables that look like settings and are none, sorted.

    A misspelt one would leave a door open that somebody believes to be shut.
    """
    known = {f"{ENV_PREFIX}{key}".upper() for key in _variables(Settings)}
    names = (name for name in environment if name.upper().startswith(ENV_PREFIX))
    return sorted(name for name in names if name.upper() not in known)


def _variables(section: type[BaseModel]) -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield name
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from (f"{name}__{key}" for key in _variables(inner))


def _explained(error: ValidationError, path: Path) -> str:
    """Say the first fault in one line: which key, where it may stand, what is wrong."""
    first = error.errors()[0]
    parts = [str(part) for part in first["loc"] if "[" not in str(part)]
    is_unknown = first["type"] == "extra_forbidden"
    what = "unknown key" if is_unknown else first["msg"].removeprefix("Value error, ")
    variable = f"{ENV_PREFIX}{'__'.join(parts)}".upper()
    place = variable if variable in os.environ else path.name
    told = ": ".join(part for part in (place, ".".join(parts), what) if part)
    return f"{told} (pacs-node config show lists all keys)"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path.name} is not TOML: {error}") from None
