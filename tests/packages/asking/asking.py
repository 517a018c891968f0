answers = "{}"
