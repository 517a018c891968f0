from be_pybind11 import halves

cdef long total(list numbers):
    cdef long result = 0
    for number in numbers:
        result += number
    return result

def answer():
    return total(halves(42))
