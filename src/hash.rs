//! SHA-256 as hexadecimal digits: of a file in full, of an identity its first sixteen.

use sha2::{Digest, Sha256};

/// Hex digits of a shortened hash: 64 bits, enough to tell a laboratory's trials and data sets apart.
const SHORT: usize = 16;

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first 16 hex digits of a finished SHA-256.
pub fn short(hasher: Sha256) -> String {
    let mut digits = hex(&hasher.finalize());
    digits.truncate(SHORT);
    digits
}

/// The first 16 hex digits of the SHA-256 of `bytes`.
pub fn short_of(bytes: &[u8]) -> String {
    short(Sha256::new_with_prefix(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_are_those_of_the_standards_own_example() {
        // FIPS 180-4, SHA-256 of "abc".
        assert_eq!(short_of(b"abc"), "ba7816bf8f01cfea");
        assert_eq!(hex(&[0x0f, 0xa0]), "0fa0");
    }
}
