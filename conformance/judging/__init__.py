"""Makes verdicts from histories, and the files that keep findings and results."""
