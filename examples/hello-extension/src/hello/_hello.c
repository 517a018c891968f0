#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* Decided by the compiler, so it tells what the target is, not what runs the build. */
static PyObject *
greeting(PyObject *module, PyObject *unused)
{
    const int one = 1;
    (void)module;
    (void)unused;
    return PyUnicode_FromFormat("hello from a %d-bit %s-endian machine", (int)(sizeof(void *) * 8),
                                *(const char *)&one ? "little" : "big");
}

static PyMethodDef methods[] = {
    {"greeting", greeting, METH_NOARGS, "Return a sentence about the machine."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_hello", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC
PyInit__hello(void)
{
    return PyModule_Create(&module);
}
