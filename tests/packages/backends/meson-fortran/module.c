#include <Python.h>

int answer(void);

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "be_fortran", NULL, -1, NULL};

PyMODINIT_FUNC PyInit_be_fortran(void)
{
    PyObject *made = PyModule_Create(&module);
    PyModule_AddIntConstant(made, "answer", answer());
    return made;
}
