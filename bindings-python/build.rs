//! Tells the compiler which Python it builds for (`Py_GIL_DISABLED`, `Py_3_12`, …).

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
}
