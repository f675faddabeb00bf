//! What a pattern of a schema costs. It is matched in linear time, but the time of a byte grows with the size of the
//! compiled pattern, so that the size is what it weighs. Asked by `schema` before anything is compiled for good.

use regex::RegexBuilder;

/// Bytes of a compiled pattern that weigh as much as one part of a schema: the engine looks at some thirty bytes of it
/// for each byte of a text at worst, and a part is asked for each sixteen bytes of a config.
const PART_BYTES: u64 = 64;
/// Sizes that are tried. `^https?://` has less than the first, the class of all letters of the world fits into the last.
const SIZES: [usize; 4] = [1 << 10, 4 << 10, 16 << 10, SIZE_MAX];
/// Bytes of a pattern as it is written: reading it takes 2 µs each.
const TEXT_BYTES_MAX: usize = 2 << 10;
/// Bytes of one compiled pattern.
pub(super) const SIZE_MAX: usize = 64 << 10;

/// The weight of a pattern, in parts of a schema; none when it is long, or compiles to more than `SIZE_MAX`. One that is no pattern
/// weighs like the largest: the validator says what is wrong with it.
pub(super) fn weight(pattern: &str) -> Option<u64> {
    if pattern.len() > TEXT_BYTES_MAX {
        return None;
    }
    let largest = Some(SIZE_MAX as u64 / PART_BYTES);
    let Ok(pattern) = jsonschema_regex::to_rust_regex(pattern) else { return largest };
    for size in SIZES {
        match RegexBuilder::new(&pattern).size_limit(size).build() {
            Ok(_) => return Some(size as u64 / PART_BYTES),
            Err(regex::Error::CompiledTooBig(_)) => {}
            Err(_) => return largest,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_weighs_what_it_compiles_to() {
        assert_eq!(weight("^https?://"), Some(16));
        assert_eq!(weight(r"\p{L}"), Some(1_024), "the letters of the world");
        assert_eq!(weight("(?:a{1,100}){1,100}"), None);
        assert_eq!(weight(&"a".repeat(TEXT_BYTES_MAX + 1)), None);
        assert_eq!(weight("(?=a)"), Some(1_024), "what it is not, is said elsewhere");
    }
}
