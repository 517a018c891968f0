import cffi

ffi = cffi.FFI()
ffi.cdef("long answer(void);\n#define WORD ...\ntypedef struct { char c; long long d; ...; } pair;")
ffi.set_source(
    "be_cffi",
    "#define WORD sizeof(void *)\ntypedef struct { char c; long long d; } pair;\nstatic long answer(void) { return 42; }",
)
