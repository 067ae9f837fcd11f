#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kindling_fuzz::read("model/model.toml", bytes, "predict model three.png"));
