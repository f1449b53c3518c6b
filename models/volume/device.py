"""The identity of an algorithm as DICOM has it."""

from __future__ import annotations

import hashlib
import json


def device_uid(weights_digest: str) -> str:
    """Return Device UID (0018,1002): changes when, and only when, the weights do.

    A UUID-derived UID (PS3.5 B.2): ``2.25.`` and 128 bits of a SHA-256.

    Parameters
    ----------
    weights_digest
        SHA-256 of the weights, hexadecimal.
    """
    plain = json.dumps(["device", weights_digest])
    digest = hashlib.sha256(plain.encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
