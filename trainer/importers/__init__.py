"""Public datasets in their original layouts, read into entries of a manifest."""
