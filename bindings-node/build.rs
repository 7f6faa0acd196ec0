//! How the addon is linked: the functions of Node-API live in the program that loads it, so the linker must not look for
//! them; and once loaded it stays mapped, because the core's thread outlives the worker thread that may have loaded it.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => println!("cargo:rustc-cdylib-link-arg=-Wl,-undefined,dynamic_lookup"),
        Ok("linux" | "android" | "freebsd") => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete")
        }
        _ => {}
    }
}
