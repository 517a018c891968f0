#include <Python.h>
#include <numpy/arrayobject.h>

#include "generated.h"

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "be_plain", NULL, -1, NULL};

PyMODINIT_FUNC PyInit_be_plain(void)
{
    PyObject *made = PyModule_Create(&module);
    PyModule_AddIntConstant(made, "answer", ANSWER);
    return made;
}
