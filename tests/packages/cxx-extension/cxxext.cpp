#include <Python.h>

#include <string>

static PyObject *answer(PyObject *, PyObject *)
{
    return PyUnicode_FromString(std::string("C++").c_str());
}

static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, nullptr}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "cxxext", nullptr, 0, methods, nullptr, nullptr, nullptr, nullptr};

PyMODINIT_FUNC PyInit_cxxext(void)
{
    return PyModule_Create(&module);
}
