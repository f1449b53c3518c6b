"""What every analysis of training data shows alike: progress, a report, its looks."""
