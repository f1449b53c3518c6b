"""Is it a chest CT that covers the lungs? Pixels and geometry decide, no keyword."""
