//! The engine on `fuzz::manifest`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::manifest::target(bytes));
