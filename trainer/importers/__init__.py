"""Readers of the public data sets' original layouts."""
