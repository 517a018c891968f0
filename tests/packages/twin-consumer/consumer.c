#include <Python.h>
#include <twin_config.h>
_Static_assert(TWIN_SIZEOF_LONG == sizeof(long), "the build machine's headers were used");
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "consumer", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_consumer(void) { return PyModule_Create(&module); }
