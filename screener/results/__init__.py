"""What is kept: the store, its read model, reviews and exports. Knows no network."""
