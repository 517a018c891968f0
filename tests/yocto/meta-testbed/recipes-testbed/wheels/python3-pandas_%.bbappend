# Its recipe names NumPy's wheel for Python 3.14; scarthgap builds with 3.12.
python () {
    if d.getVar("PYTHON_BASEVERSION") == "3.12":
        d.setVar("CROSSPY_BUILD_REQUIRES", d.getVar("CROSSPY_BUILD_REQUIRES").replace("cp314", "cp312"))
        d.setVarFlag("SRC_URI", "numpy.sha256sum", "e7dd01a46700b1967487141a66ac1a3cf0dd8ebf1f08db37d46389401512ca97")
}
