seen = "{}"
