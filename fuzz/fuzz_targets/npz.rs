#![no_main]
libfuzzer_sys::fuzz_target!(init: kindling_fuzz::prepare(), |bytes: &[u8]| kindling_fuzz::read(
    "start.npz",
    bytes,
    "gradcheck @points.toml --arm sgd --set model.start=\"@start.npz\""
));
