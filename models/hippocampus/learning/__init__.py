"""From training pairs to a bundle: settings, cases, augmentation, the two networks."""
