def answer():
    cdef int half = 21
    return 2 * half
