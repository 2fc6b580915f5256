"""A campaign that anyone can repeat: hostile files and kills, seeded; ``make campaign``."""
