#include <Python.h>
#include "generated.h"
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "generated", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_generated(void)
{
    PyObject *m = PyModule_Create(&module);
    PyModule_AddIntConstant(m, "generated_on", GENERATED_ON);
    return m;
}
