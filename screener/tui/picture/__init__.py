"""The radiograph in a terminal: half blocks or real pixels, window, overlay."""
