"""Offline: the same journey over folders, without an archive."""
