speedups = ""
