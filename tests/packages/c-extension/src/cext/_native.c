/* One purpose: an extension that says what it was compiled for. */
#include <Python.h>
#include <assert.h>
#include <limits.h>

static PyObject *facts(PyObject *self, PyObject *args)
{
    int one = 1;
    assert(sizeof(long) == SIZEOF_LONG);
    return Py_BuildValue("{s:i,s:i,s:s}", "long", (int)sizeof(long), "pointer", (int)sizeof(void *),
                         "byteorder", *(char *)&one ? "little" : "big");
}

static PyMethodDef methods[] = {{"facts", facts, METH_NOARGS, NULL}, {NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native", NULL, -1, methods};

PyMODINIT_FUNC PyInit__native(void) { return PyModule_Create(&module); }
