"""From trained networks and prepared cases to a bundle that is served."""
