def answer() -> int:
    return sum(2 * half for half in (10, 11))
