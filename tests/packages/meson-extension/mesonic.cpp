#include <Python.h>
#include <string>
#include "config.h"
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "mesonic", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_mesonic(void)
{
    static_assert(sizeof(void *) == POINTER, "sizes are the target's");
    std::string facts = std::string(CPU) + " " + ENDIAN;
    PyObject *m = PyModule_Create(&module);
    PyModule_AddStringConstant(m, "facts", facts.c_str());
    PyModule_AddIntConstant(m, "pointer", POINTER);
    return m;
}
