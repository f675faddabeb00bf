//! Bytes of frames and their answers: MessagePack with named fields, zstd around a frame. Used by both ends.
//! What comes from outside is unpacked with limits before anything is decoded.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::batch::Frame;
use crate::limits::{FRAME_BYTES_MAX, FRAME_PACKED_BYTES_MAX, FRAME_RECORDS_MAX};

/// Media type of a packed frame.
pub const MEDIA_TYPE: &str = "application/vnd.floorwalker.frame.v1+msgpack";

/// zstd's own default: beyond it a frame gets 3 % smaller for twice the time.
const ZSTD_LEVEL: i32 = 3;

/// Why bytes were refused.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// Over the limit on the wire.
    #[error("a frame has at most {FRAME_PACKED_BYTES_MAX} bytes packed, this one has {0}")]
    Packed(usize),
    /// Over the limit once unpacked.
    #[error("a frame has at most {FRAME_BYTES_MAX} bytes unpacked")]
    Unpacked,
    /// Not zstd.
    #[error("the frame is not zstd")]
    Zstd(#[source] io::Error),
    /// Not MessagePack of the right shape.
    #[error("the message does not decode")]
    Decode(#[source] rmp_serde::decode::Error),
    /// Cannot be encoded.
    #[error("the message does not encode")]
    Encode(#[source] rmp_serde::encode::Error),
    /// Too many records, or they are not ascending within the span.
    #[error("a frame has at most {FRAME_RECORDS_MAX} records, ascending within its span")]
    Records,
}

/// Encodes a message with named fields.
///
/// # Errors
/// When the value has no MessagePack form, which no type of this crate lacks.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, CodecError> {
    rmp_serde::to_vec_named(message).map_err(CodecError::Encode)
}

/// How many bytes a message has, without making them.
///
/// # Errors
/// When the value has no MessagePack form, which no type of this crate lacks.
pub fn encoded_bytes<T: Serialize>(message: &T) -> Result<usize, CodecError> {
    let mut counted = Counted(0);
    rmp_serde::encode::write_named(&mut counted, message).map_err(CodecError::Encode)?;
    Ok(counted.0)
}

/// Counts what is written to it.
struct Counted(usize);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Decodes a message.
///
/// # Errors
/// When the bytes are not that message.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    rmp_serde::from_slice(bytes).map_err(CodecError::Decode)
}

/// Packs a frame for the wire.
///
/// # Errors
/// When it is over a limit.
pub fn pack(frame: &Frame) -> Result<Vec<u8>, CodecError> {
    let plain = encode(frame)?;
    if plain.len() > FRAME_BYTES_MAX {
        return Err(CodecError::Unpacked);
    }
    let packed = zstd::encode_all(plain.as_slice(), ZSTD_LEVEL).map_err(CodecError::Zstd)?;
    if packed.len() > FRAME_PACKED_BYTES_MAX {
        return Err(CodecError::Packed(packed.len()));
    }
    Ok(packed)
}

/// Unpacks a frame from the wire and checks its span.
///
/// # Errors
/// When the bytes are over a limit, or no frame.
pub fn unpack(packed: &[u8]) -> Result<Frame, CodecError> {
    if packed.len() > FRAME_PACKED_BYTES_MAX {
        return Err(CodecError::Packed(packed.len()));
    }
    let decoder = zstd::Decoder::new(packed).map_err(CodecError::Zstd)?;
    let mut plain = Vec::new();
    let read = decoder.take(FRAME_BYTES_MAX as u64 + 1).read_to_end(&mut plain).map_err(CodecError::Zstd)?;
    if read > FRAME_BYTES_MAX {
        return Err(CodecError::Unpacked);
    }
    let frame = decode::<Frame>(&plain)?;
    let ascending = frame.records.windows(2).all(|pair| pair[0].seq < pair[1].seq);
    let inside = |seq: u64| (frame.first_seq..=frame.last_seq).contains(&seq);
    let within = frame.records.iter().all(|record| inside(record.seq));
    if frame.records.len() > FRAME_RECORDS_MAX || !ascending || !within {
        return Err(CodecError::Records);
    }
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::super::batch::{Body, Chain, Epoch, Problem, Record};
    use super::*;

    fn frame(seqs: &[u64]) -> Frame {
        let record = |seq: &u64| Record {
            seq: *seq,
            check_id: None,
            age_ms: 1,
            lease: None,
            body: Body::Problem(Problem { open: true, reason: None, summary: "x".into() }),
        };
        Frame {
            epoch: Epoch([7; 16]),
            first_seq: 1,
            last_seq: 9,
            chain: Chain([0; 32]),
            dropped: vec![],
            records: seqs.iter().map(record).collect(),
        }
    }

    #[test]
    fn a_frame_reads_back() {
        let sent = frame(&[1, 2, 9]);
        assert_eq!(encoded_bytes(&sent).expect("counts"), encode(&sent).expect("encodes").len());
        assert_eq!(unpack(&pack(&sent).expect("packs")).expect("unpacks"), sent);
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_decoded() {
        let bomb = zstd::encode_all(io::repeat(0).take(FRAME_BYTES_MAX as u64 + 1), 1).expect("zeros compress");
        assert!(bomb.len() < FRAME_PACKED_BYTES_MAX);
        assert!(matches!(unpack(&bomb), Err(CodecError::Unpacked)));
    }

    #[test]
    fn records_outside_the_span_or_out_of_order_are_refused() {
        for seqs in [&[2, 1][..], &[10][..], &[1, 1][..]] {
            let packed = pack(&frame(seqs)).expect("packs");
            assert!(matches!(unpack(&packed), Err(CodecError::Records)), "{seqs:?}");
        }
    }
}
