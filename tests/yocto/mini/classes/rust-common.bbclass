# What crosspy takes of OE-core's class.
RUSTLIB_DEP = "libstd-rs"
RUST_HOST_SYS = "aarch64-gadget-linux-gnu"
