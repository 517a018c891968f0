from cext._native import facts


def main():
    print(facts())
