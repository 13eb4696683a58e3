"""Statistics over measured values: intervals, resamples, and agreement between annotators."""
