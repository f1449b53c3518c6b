"""The files of a single-page application, from one folder and no other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
"""By suffix; WebAssembly compiles while loading under its own type only."""

HASHED = re.compile(r"\.[0-9a-f]{16,}\.(js|css|wasm)$")
"""Names with a hash of the content: what they name never changes."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file to answer with.

    Attributes
    ----------
    path
        Existing file inside the served folder.
    headers
        Header fields of the answer, with its length.
    """

    path: Path
    headers: dict[str, str]


def segments(target: str) -> list[str] | None:
    """Return the decoded path of a request target, or None when it climbs.

    >>> segments("/a/b.js?c=../d"), segments("/a/%2e%2e/b")
    (['a', 'b.js'], None)
    """
    path = unquote(urlsplit(target).path)
    parts = [part for part in re.split(r"[/\\]", path) if part]
    climbs = any(part in (".", "..") for part in parts) or "\0" in path
    return None if climbs else parts


def find(root: Path, target: str, replaced: dict[str, Path]) -> StaticFile | None:
    """Return the file that answers a request target, or None when there is none.

    A target without a suffix is a place inside the application and gets its
    ``index.html``.

    Parameters
    ----------
    root
        Folder of the application.
    target
        Path and query of the request.
    replaced
        Files served instead of the folder's own, by name at the top.
    """
    parts = segments(target)
    if parts is None:
        return None
    name = "/".join(parts)
    path = replaced.get(name, root / name)
    if not path.is_file() and not path.suffix:
        name, path = "index.html", root / "index.html"
    inside = name in replaced or path.resolve().is_relative_to(root.resolve())
    if not inside or not path.is_file():
        return None
    return StaticFile(path, _headers(path))


def _headers(path: Path) -> dict[str, str]:
    status = path.stat()
    forever = HASHED.search(path.name) is not None
    return {
        "Content-Type": CONTENT_TYPES.get(path.suffix, "application/octet-stream"),
        "Content-Length": str(status.st_size),
        # npm gives every file of every version the same time of modification.
        "ETag": f'"{status.st_ctime_ns:x}-{status.st_size:x}"',
        "Cache-Control": (
            "public, max-age=31536000, immutable" if forever else "no-cache"
        ),
        "X-Content-Type-Options": "nosniff",
    }
