def decide(parameters, data, results): return []
