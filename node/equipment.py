"""The mark in our objects by which every node of this kind knows them again.

Both stand in one item of the Contributing Equipment Sequence (0018,A001), PS3.3
C.12.1.1.5. ``report`` writes them, ``inbound`` looks for them in encoded bytes.
"""

MANUFACTURER = "pacs-ai-node"
"""Manufacturer (0008,0070)."""

PROCESSING_EQUIPMENT = "109102"
"""Code Value, scheme DCM, of the purpose of reference (PS3.16 CID 7005)."""
