#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kindling_fuzz::read("run/records.jsonl", bytes, "report run"));
