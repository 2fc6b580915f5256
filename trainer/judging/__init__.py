"""What weights are worth: figures with intervals, beside what shortcuts reach."""
