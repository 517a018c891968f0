// Runs on the build machine, and says so; what it generates is about the target.
use std::{env, fs, path::Path};

fn main() {
    let cfg = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap();
    let facts = format!(
        "{} {} {} by {}",
        cfg("ARCH"), cfg("ENDIAN"), cfg("POINTER_WIDTH"), env::consts::ARCH
    );
    let path = Path::new(&env::var("OUT_DIR").unwrap()).join("facts.rs");
    fs::write(path, format!("pub const FACTS: &str = \"{facts}\";")).unwrap();
    // As cryptography's: from the library to the headers of the same Python. A native build need not be told.
    if env::var("TARGET") != env::var("HOST") {
        let library = env::var("PYO3_CROSS_LIB_DIR").unwrap();
        let library = Path::new(&library);
        let include = library.parent().unwrap().parent().unwrap().join("include");
        assert!(include.join(library.file_name().unwrap()).join("Python.h").is_file());
    }
    println!("cargo:rerun-if-changed=build.rs");
}
