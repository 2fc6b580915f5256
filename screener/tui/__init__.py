"""The review screen: works through a ranking with the keyboard."""
