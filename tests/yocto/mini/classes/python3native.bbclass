inherit python3-dir
PYTHON = "/usr/bin/python3"
