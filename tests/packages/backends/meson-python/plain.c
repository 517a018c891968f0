#include <Python.h>
#include <numpy/arrayobject.h>

#include "base.h"

#ifndef NAME
#define NAME be_meson_c
#endif
#define PASTE(a, b) a##b
#define INIT(name) PASTE(PyInit_, name)

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "plain", NULL, -1, NULL};

PyMODINIT_FUNC INIT(NAME)(void)
{
    PyObject *made = PyModule_Create(&module);
    PyModule_AddIntConstant(made, "answer", base());
    return made;
}
