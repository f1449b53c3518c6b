"""The command ``pacs-model``: the learning side."""

from __future__ import annotations

import typer

from models.commands import app
from models.volume.bundle import BundleError


def main() -> None:
    """Run the command; an expected error is one line and exit status 1."""
    try:
        app()
    except (BundleError, OSError, ValueError) as error:
        typer.echo(f"pacs-model: {error}", err=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
