"""The help page of a command is its docstring.

The first paragraph stands above the options. The sections (``Exit status``,
``Examples``: numpy's form, a title with dashes under it) stand below them, line for
line as they are written. Nothing in a docstring is markup.
``pacs-model`` and ``pacs-node`` are written so; models know nothing of the node, so it
lies with them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from textwrap import indent
from typing import Any, TypeVar

import typer
from rich.markup import escape
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

COMMON = "Common options"
"""Panel of the options that mean the same in every command."""

Function = TypeVar("Function", bound=Callable[..., Any])

WORDS = {
    "--help": "Print this page.",
    "--install-completion": "Have the Tab key complete words here.",
    "--show-completion": "Print what that would install.",
}
"""Ours for the options that typer adds by itself."""

_TITLE = re.compile(r"^(?P<title>\S.*)\n-{3,}\n", re.MULTILINE)


def split_page(docstring: str) -> dict[str, str]:
    """Return ``help`` above the options and ``epilog`` below them, as rich markup.

    Parameters
    ----------
    docstring
        Without its indentation, as `inspect.getdoc` returns it.
    """
    first = _TITLE.search(docstring)
    above = docstring[: first.start()] if first else docstring
    page = {"help": escape(above.strip()), "epilog": ""}
    _, *rest = _TITLE.split(docstring)
    for title, text in zip(rest[::2], rest[1::2], strict=True):
        lines = indent(escape(text.strip()), "  ")
        page["epilog"] += f"\n\n[bold]{escape(title)}[/]\n{lines}"
    return page


class PageCommand(TyperCommand):
    """A command whose docstring is its help page."""

    def __init__(self, name: str | None, **settings: Any) -> None:
        super().__init__(name, **settings | split_page(settings.get("help") or ""))

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters as the page shows them, the common ones last."""
        shown = [_as_shown(parameter) for parameter in super().get_params(ctx)]
        return sorted(shown, key=lambda each: each.rich_help_panel == COMMON)

    def get_help_option(self, ctx: Any) -> TyperOption | None:
        """Return ``--help``, among the options that every command has."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.rich_help_panel = COMMON
        return option

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the words of the usage line; what is required stands bare."""
        pieces = super().collect_usage_pieces(ctx)
        return [re.sub("[{}]", "", piece) for piece in pieces]


class PageGroup(TyperGroup):
    """A group of commands whose help is written like theirs."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings | split_page(settings.get("help") or ""))

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters as the page shows them."""
        return [_as_shown(parameter) for parameter in super().get_params(ctx)]


def _as_shown(parameter: Any) -> Any:
    """Leave out the types of Python: ``<bool>`` of a switch, ``<str>`` of a name."""
    if isinstance(parameter, TyperOption) and parameter.is_flag:
        parameter.metavar = ""
        ours = [WORDS[name] for name in parameter.opts if name in WORDS]
        parameter.help = ours[0] if ours else parameter.help
    if isinstance(parameter, TyperArgument):  # its metavar is the name beside the type
        parameter.display_type_rich = _no_type  # type: ignore[method-assign] # no switch
    return parameter


def _no_type(ctx: Any) -> str:
    del ctx
    return ""


class Commands(typer.Typer):
    """A Typer whose commands have such pages."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            cls=PageGroup,
            no_args_is_help=True,
            pretty_exceptions_enable=False,
            rich_markup_mode="rich",
            context_settings={"help_option_names": ["-h", "--help"]},
            **settings,
        )

    def command(
        self, name: str | None = None, **settings: Any
    ) -> Callable[[Function], Function]:
        """Register a command, as `typer.Typer.command` does."""
        return super().command(name, cls=PageCommand, **settings)
