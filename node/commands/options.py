"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import models
from models.help_page import COMMON

SERVE = "Serve"
READ = "Read at the desk"
ASK = "Know what happened"
AGAIN = "Do it again, take it back"
SETTINGS = "Settings"
"""Panels of ``pacs-node --help``, in the order of their first command."""


def known_model(name: str | None) -> str | None:
    """Return the name of a model that there is (callback of ``--model``)."""
    if name is not None and name not in models.MODELS:
        known = ", ".join(models.MODELS)
        raise typer.BadParameter(f"{name}: unknown; models are {known}")
    return name


def model_names(incomplete: str) -> list[str]:
    """Return the models whose names begin so (shell completion)."""
    return [name for name in models.MODELS if name.startswith(incomplete)]


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="Settings of the node; else ./node.toml.",
        rich_help_panel=COMMON,
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option(
        "--json", help="Print JSON, for a machine to read.", rich_help_panel=COMMON
    ),
]
ResultsOption = Annotated[
    Path | None,
    typer.Option(
        "--results",
        metavar="FOLDER",
        help="Results of infer or batch; else the node's.",
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        help="Only this model; else every model that there is.",
        callback=known_model,
        autocompletion=model_names,
    ),
]
WHICH = "Which ones"
"""Panel of the options that ``jobs``, ``retry`` and ``retract`` choose by."""

StudyOption = Annotated[
    str | None,
    typer.Option(
        metavar="STUDY",
        help="Only this UID, accession number or hash of the log.",
        rich_help_panel=WHICH,
    ),
]
TRUTH = "Where the truth is known"
"""Panel of the options that compare a run with it."""

READING = "How it is read and sent"
"""Panel of the options that ``infer`` and ``batch`` share."""

BundleOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Bundle of your own, from `pacs-model train` or `assemble`.",
        rich_help_panel=READING,
    ),
]
AllSeriesOption = Annotated[
    bool,
    typer.Option(
        "--all-series",
        help="Read every series that a model can read, not one of each study.",
        rich_help_panel=READING,
    ),
]
SendOption = Annotated[
    bool,
    typer.Option(
        "--send",
        help="Send the results to the destinations of node.toml.",
        rich_help_panel=READING,
    ),
]
ToOption = Annotated[
    str | None,
    typer.Option(
        metavar="AET@HOST:PORT",
        help="Send them there instead.",
        rich_help_panel=READING,
    ),
]


def language_names(incomplete: str) -> list[str]:
    """Return the languages whose codes begin so (shell completion)."""
    return [code for code in LANGUAGES if code.startswith(incomplete)]


def known_language(code: str) -> str:
    """Return the code of a language that there is (callback of ``--lang``)."""
    if code not in LANGUAGES:
        raise typer.BadParameter(f"{code}: languages are {', '.join(LANGUAGES)}")
    return code


LANGUAGES = ("en", "ru")
LanguageOption = Annotated[
    str,
    typer.Option(
        "--lang",
        metavar="CODE",
        help="Language of the messages: en or ru.",
        callback=known_language,
        autocompletion=language_names,
        rich_help_panel=READING,
    ),
]
