"""Tools every room stands on: compilation, randomness, checks, threads, progress, results."""
