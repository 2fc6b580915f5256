"""What a person looks at: pages and plots of runs, evaluations and audits."""
