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
    println!("cargo:rerun-if-changed=build.rs");
}
