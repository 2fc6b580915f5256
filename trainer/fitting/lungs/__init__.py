"""Fit the network that outlines the lungs, from films and masks of both lungs."""
