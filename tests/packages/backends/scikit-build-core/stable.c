#include <Python.h>

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "be_stable", NULL, -1, NULL};

PyMODINIT_FUNC PyInit_be_stable(void)
{
    return PyModule_Create(&module);
}
