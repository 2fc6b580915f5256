"""The study screen and what stands beside the radiograph."""
