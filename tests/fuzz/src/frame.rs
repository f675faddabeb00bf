//! The frame decoder: an agent's bytes, as the aggregator takes them.

use api::frame::{chain, codec};

/// Any bytes as a packed frame, and as what a packed frame holds, which random bytes never reach through zstd.
pub fn target(bytes: &[u8]) {
    decoded(bytes);
    if let Ok(packed) = zstd::encode_all(bytes, 1) {
        decoded(&packed);
    }
}

/// A frame that is taken reads back the same, and its span can be walked.
fn decoded(packed: &[u8]) {
    let Ok(frame) = codec::unpack(packed) else { return };
    if let Ok(links) = chain::links(&frame) {
        assert_eq!(links.last().map(|(seq, _)| *seq), Some(frame.last_seq.max(frame.first_seq.saturating_sub(1))));
    }
    let plain = codec::encode(&frame).expect("what was decoded has a form");
    // Fields that we do not know are dropped, so it may have become smaller, and larger by the names of those left out.
    let Ok(again) = codec::pack(&frame) else { return };
    let again = codec::unpack(&again).expect("what we pack we take");
    // As bytes: a number that is none does not equal itself.
    assert_eq!(codec::encode(&again).expect("as before"), plain);
}
