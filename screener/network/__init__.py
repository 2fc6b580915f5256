"""What is computed: model, weights, scores, maps. torch is imported here and nowhere else."""
