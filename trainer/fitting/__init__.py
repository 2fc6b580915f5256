"""How weights are made: data, augmentation, stages, checkpoints."""
