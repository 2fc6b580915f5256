"""The worklist screen and its table."""
