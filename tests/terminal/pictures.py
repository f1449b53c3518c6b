"""Take the pictures of the terminal for README and docs, of synthetic studies alone.

Run ``python -m tests.terminal.pictures docs/pictures/terminal [NAME…]``
(``make pictures``). With ``--after SECONDS`` or ``--until TEXT`` the named picture is
taken in the middle of its last command.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from playwright.sync_api import Browser

from models import bundle_folder
from models.hippocampus.phantom import write_study
from models.volume.bundle import load_bundle
from tests.pacs.viewer import running_browser
from tests.terminal.capture import Moment, Terminal
from tests.terminal.drawing import draw

CROP = (36, 51, 35)
OFFLINE = '[node]\ndata_dir = "results/.pacs-node"\n'
NO_ARCHIVE = "[archive]\ndicom_port = 1\nhttp_port = 2\n"
"""Ports on which nothing listens, whatever else runs on the machine."""

Preparation = Callable[[Terminal], None]


def one_study(terminal: Terminal) -> None:
    """Lay one study into the folder."""
    write_study(terminal.folder / "study", 5, CROP)


def six_studies(terminal: Terminal) -> None:
    """Lay six studies into folders, as an export has them."""
    for seed in range(1, 7):
        write_study(terminal.folder / "export" / f"study {seed}", seed, CROP)


def mixed_export(terminal: Terminal) -> None:
    """Lay studies of every fate into folders."""
    export = terminal.folder / "export"
    for seed, name in enumerate(("Иванов", "王小明", "محمد"), start=1):
        write_study(export / name, seed, CROP)
    *_, last = write_study(export / "damaged", 4, CROP)
    last.write_bytes(last.read_bytes()[:200])
    for file in write_study(export / "no crop", 5, CROP):
        if file.parent.name == "hippocrop":
            file.unlink()
    (export / "letters").mkdir()
    (export / "letters" / "letter.txt").write_text("no image")


def read_study(terminal: Terminal) -> None:
    """Read one study; the ledger of it is what node.toml names."""
    one_study(terminal)
    (terminal.folder / "node.toml").write_text(OFFLINE)
    Terminal(terminal.folder, terminal.environment).run("pacs-node infer study")


def no_archive(terminal: Terminal) -> None:
    """Write settings whose archive does not answer."""
    (terminal.folder / "node.toml").write_text(NO_ARCHIVE)
    (terminal.folder / "var").mkdir()


def nothing(terminal: Terminal) -> None:
    """Begin in an empty folder."""


@dataclass(frozen=True)
class Picture:
    """Command lines whose screen is a picture."""

    lines: tuple[str, ...]
    prepare: Preparation = nothing
    moment: Moment | None = None
    answers: Mapping[str, str] = field(default_factory=dict)


VERSION = load_bundle(bundle_folder("hippocampus")).version

PICTURES: dict[str, Picture] = {
    "help": Picture(("pacs-node --help",)),
    "infer": Picture(("pacs-node infer study",), one_study),
    "batch": Picture(("pacs-node batch export -o volumes.xlsx",), six_studies),
    "batch-running": Picture(
        ("pacs-node batch export -o volumes.xlsx -w 2",),
        six_studies,
        Moment(until="2/6"),
    ),
    "batch-ru": Picture(
        ("pacs-node batch export -o volumes.xlsx --lang ru",), mixed_export
    ),
    "retry-help": Picture(("pacs-node retry --help",)),
    "infer-help": Picture(("pacs-node infer --help",)),
    "rule": Picture(("pacs-node rule study",), one_study),
    "jobs": Picture(("pacs-node jobs",), read_study),
    "explain": Picture(("pacs-node explain PH00000005",), read_study),
    "rerun-check": Picture(
        ("pacs-node explain PH00000005 --rerun-check | tail -n 18",), read_study
    ),
    "jobs-watch": Picture(("pacs-node jobs --watch",), read_study, Moment(after_s=4.0)),
    "retry": Picture(("pacs-node retry --state reported",), read_study),
    "retract": Picture(
        (f"pacs-node retract --model hippocampus --version {VERSION}",),
        read_study,
        answers={"[y/N]": "n"},
    ),
    "check": Picture(("pacs-node check",), no_archive),
    "config": Picture(("pacs-node config show | head -n 24",)),
    "model": Picture(("pacs-model list", "pacs-model verify hippocampus")),
}


def take(picture: Picture, path: Path, browser: Browser) -> None:
    """Run a picture's commands in an empty folder and save what the terminal shows.

    Raises
    ------
    ValueError
        The screen shows a path of this machine.
    """
    programs = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with tempfile.TemporaryDirectory() as scratch:
        desk = Path(scratch) / "desk"
        desk.mkdir()
        terminal = Terminal(desk, programs)
        picture.prepare(terminal)
        for line in picture.lines[:-1]:
            terminal.run(line)
        terminal.run(picture.lines[-1], picture.moment, picture.answers)
        for private in (scratch, str(Path(__file__).parents[2])):
            if private in terminal.text().replace("\n", ""):
                raise ValueError(f"{path.name} would show {private}")
        draw(terminal.cells(), browser, Path(scratch)).save(path, optimize=True)


def main() -> None:
    """Take all pictures, or those that are named, into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", choices=[[], *PICTURES], metavar="NAME")
    parser.add_argument("--after", type=float, metavar="SECONDS")
    parser.add_argument("--until", metavar="TEXT")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with running_browser() as browser:
        for name in asked.names or PICTURES:
            picture = PICTURES[name]
            if asked.after is not None or asked.until is not None:
                picture = replace(picture, moment=Moment(asked.after, asked.until))
            take(picture, asked.folder / f"{name}.png", browser)


if __name__ == "__main__":
    main()
