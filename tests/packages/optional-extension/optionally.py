NAME = "optionally"
