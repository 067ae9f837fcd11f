#![no_main]
libfuzzer_sys::fuzz_target!(init: kindling_fuzz::prepare(), |bytes: &[u8]| kindling_fuzz::read(
    "data/mine/train-images-idx3-ubyte",
    bytes,
    "data verify mine --data-dir @data"
));
