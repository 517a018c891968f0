#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_twin", NULL, -1, NULL};
PyMODINIT_FUNC PyInit__twin(void) { return PyModule_Create(&module); }
