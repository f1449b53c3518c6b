"""Receive: what arrives becomes files, and files become complete studies."""
