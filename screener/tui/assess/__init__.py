"""The room in which drawn studies are read blind."""
