"""Where files go that cannot be kept as input: nothing is thrown away."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from node import log
from node.inbound.disk import errno_name


class RefusedFolder:
    """Holds refused files under new names: their own may name a patient."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self, path: Path, reason: str) -> None:
        """Move a file in, beside all that came before, and log why."""
        name = secrets.token_hex(8)
        try:
            if not path.is_symlink():
                path.chmod(0o600)  # whoever laid it down may have let others read it
            shutil.move(path, self.folder / name)
        except OSError as error:
            reason = f"{reason}; not moved: {errno_name(error)}"
        log.get("inbound").warning("file_refused", refused=name, reason=reason)
