"""What a reading means for a person: place in a norm, asymmetry, change over time."""
