"""Training of the network that completes lungs: README.md beside."""
