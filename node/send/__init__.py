"""Results back to the archive, once each."""
