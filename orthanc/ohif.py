"""Fetch the viewer OHIF: one version, its bytes proven, kept in the checkout.

Run ``python -m orthanc.ohif`` in the checkout: the folder of its build is printed.
npm asks the registry that it is configured for; ``--tarball FILE`` takes the package
from elsewhere, for places without a network. Either way the bytes must be the ones
that the checksum below was taken of.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

VERSION = "3.13.2"
INTEGRITY = (
    "sha512-WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq"
    "+jd5xXZB9E8EA=="
)
"""Of the package, as the registry states it (dist.integrity)."""

CACHE = Path(__file__).resolve().parents[1] / ".cache" / "ohif"
TIMEOUT_S = 600.0


class OhifError(Exception):
    """OHIF could not be had; the message says what to do."""


def dist(cache: Path = CACHE, tarball: Path | None = None) -> Path:
    """Return the folder of OHIF's build, fetching it first when it is not there.

    Parameters
    ----------
    cache
        Where it is kept; ours unless told otherwise.
    tarball
        The package as a file, instead of npm's.

    Raises
    ------
    OhifError
        npm is missing or failed, or the bytes are not the expected ones.
    """
    kept = cache / VERSION / "dist"
    if kept.is_dir():
        return kept
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        folder = Path(scratch)
        package = tarball or _packed(folder)
        verify(package)
        with tarfile.open(package) as archive:
            _check_members(archive)
            # Python 3.11.2 (Debian 12) has no filters yet.
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(folder)  # noqa: S202 - every member was checked
        # The rename makes it appear whole or not at all.
        (folder / "package").rename(cache / VERSION)
    return kept


def _check_members(archive: tarfile.TarFile) -> None:
    """Refuse a package that would write anywhere but below ``package/``."""
    for member in archive:
        path = PurePosixPath(member.name)
        plain = member.isfile() or member.isdir()
        if not plain or path.parts[:1] != ("package",) or ".." in path.parts:
            raise OhifError(f"the package holds {member.name!r}: nothing was unpacked")


def verify(package: Path, integrity: str = INTEGRITY) -> None:
    """Check the bytes of a package against a checksum.

    Parameters
    ----------
    integrity
        ``sha512-`` and the digest in base 64 (W3C Subresource Integrity).

    Raises
    ------
    OhifError
        They differ, or the package cannot be read.
    """
    try:
        with package.open("rb") as file:
            digest = hashlib.file_digest(file, "sha512").digest()
    except OSError as error:
        raise OhifError(f"{package}: {error.strerror}") from None
    if f"sha512-{base64.b64encode(digest).decode()}" != integrity:
        raise OhifError(
            f"{package.name} is not the OHIF {VERSION} that was tested: its sha512 "
            "differs; nothing was unpacked"
        )


def _packed(folder: Path) -> Path:
    """Let npm bring the package into ``folder`` and return it."""
    npm = shutil.which("npm")
    if npm is None:
        raise OhifError(
            "npm is missing: apt-get install --no-install-recommends npm, "
            "or give the package with --tarball"
        )
    command = [npm, "pack", "--silent", f"@ohif/app@{VERSION}"]
    try:
        subprocess.run(  # noqa: S603 - a fixed command
            command, cwd=folder, check=True, capture_output=True, timeout=TIMEOUT_S
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = (error.stderr or b"").decode(errors="replace").strip().splitlines()
        reason = said[-1] if said else "no answer"
        raise OhifError(f"npm could not fetch OHIF {VERSION}: {reason}") from None
    return next(folder.glob("*.tgz"))


def main(arguments: list[str] | None = None) -> int:
    """Print the folder of the build; return the exit status."""
    parser = argparse.ArgumentParser(description=f"Fetch OHIF {VERSION}.")
    parser.add_argument("--tarball", type=Path, help="the package as a file")
    parser.add_argument("--cache", type=Path, default=CACHE)
    options = parser.parse_args(arguments)
    try:
        sys.stdout.write(f"{dist(options.cache, options.tarball)}\n")
    except OhifError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
