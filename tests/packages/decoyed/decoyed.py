seen = ""
