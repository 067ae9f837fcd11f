#![no_main]
libfuzzer_sys::fuzz_target!(init: kindling_fuzz::prepare(), |bytes: &[u8]| kindling_fuzz::read(
    "own.csv",
    bytes,
    "data check @own.csv"
));
