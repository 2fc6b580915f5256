"""The trainer's command line: the only part of it that prints or exits."""
