// An extension module by CPython's C API alone: no crate has to be compiled for it.
use std::ffi::{c_char, c_int, c_void, CString};
use std::ptr::null;

include!(concat!(env!("OUT_DIR"), "/facts.rs"));

#[repr(C)]
struct ModuleDef {
    refcount: isize,
    kind: *const c_void,
    init: *const c_void,
    index: isize,
    copy: *const c_void,
    name: *const c_char,
    doc: *const c_char,
    size: isize,
    rest: [*const c_void; 5],
}

extern "C" {
    fn PyModule_Create2(def: *mut ModuleDef, version: c_int) -> *mut c_void;
    fn PyModule_AddStringConstant(module: *mut c_void, name: *const c_char, value: *const c_char) -> c_int;
}

static mut DEF: ModuleDef = ModuleDef {
    refcount: 1,
    kind: null(),
    init: null(),
    index: 0,
    copy: null(),
    name: c"_native".as_ptr(),
    doc: null(),
    size: -1,
    rest: [null(); 5],
};

#[no_mangle]
#[allow(non_snake_case)]
pub unsafe extern "C" fn PyInit__native() -> *mut c_void {
    let module = PyModule_Create2(&raw mut DEF, 1013);
    // A panic's message names its file: the path of this one must not be the build machine's.
    let text = CString::new(format!("{FACTS}, {}", itoa::Buffer::new().format(42u64))).unwrap();
    PyModule_AddStringConstant(module, c"facts".as_ptr(), text.as_ptr());
    module
}
