use pyo3::prelude::*;

/// What the compiler and the interpreter say of the machine.
#[pyfunction]
fn facts(py: Python<'_>) -> PyResult<String> {
    let maxsize: usize = py.import("sys")?.getattr("maxsize")?.extract()?;
    Ok(format!("{} {}", std::env::consts::ARCH, maxsize == isize::MAX as usize))
}

#[pymodule]
fn maturic(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(facts, module)?)
}
