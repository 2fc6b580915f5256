"""Synthetic chest radiographs to try the programs out on. A score of one means nothing."""
