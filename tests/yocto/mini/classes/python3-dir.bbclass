PYTHON_DIR = "python3.14"
