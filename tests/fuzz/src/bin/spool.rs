//! The engine on `fuzz::spool`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::spool::target(bytes));
