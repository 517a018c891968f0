#include <Python.h>
#include <twin_config.h>

_Static_assert(TWIN_SIZEOF_LONG == sizeof(long), "the build machine's headers were used");
long twin_long(void);
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "consumer", NULL, -1, NULL};

PyMODINIT_FUNC PyInit_consumer(void)
{
    PyObject *made = PyModule_Create(&module);
    PyModule_AddIntConstant(made, "size", twin_long());
    return made;
}
