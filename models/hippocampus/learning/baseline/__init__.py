"""The 2D U-Net of the original system, trained and judged as ours is."""
