//! A secret's value, and how it is written into a request. Filled in by the caller of `run`, written by
//! `capability::http`, looked for by `mask`. It is never printed, compared or handed to a guest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The words of the contract for how a secret is written.
pub(crate) const ENCODINGS: [&str; 4] = ["raw", "json", "url", "base64"];

/// A secret's value; wiped when dropped. Deliberately without `Debug`, `Display`, `PartialEq` and serde.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

/// Why a secret cannot be written so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EncodingError {
    #[error("a secret's encoding is raw, json, url or base64")]
    Unknown,
    #[error("the secret is not text, and json holds nothing else")]
    NotText,
}

impl Secret {
    /// Takes the value.
    pub fn new(value: Vec<u8>) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value as it is written into a request. `json` is for the inside of a string: the guest writes the quotes.
    pub(crate) fn encoded(&self, encoding: &str) -> Result<Vec<u8>, EncodingError> {
        let value = self.0.as_slice();
        match encoding {
            "raw" => Ok(value.to_vec()),
            "base64" => Ok(STANDARD.encode(value).into_bytes()),
            "url" => {
                let form = url::form_urlencoded::byte_serialize(value).collect::<String>();
                Ok(form.replace('+', "%20").into_bytes())
            }
            "json" => {
                let text = std::str::from_utf8(value).map_err(|_| EncodingError::NotText)?;
                let quoted = serde_json::to_vec(text).map_err(|_| EncodingError::NotText)?;
                Ok(quoted[1..quoted.len() - 1].to_vec())
            }
            _ => Err(EncodingError::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_written_in_four_ways() {
        let secret = Secret::new(b"a \"b\"~".to_vec());
        assert_eq!(secret.encoded("raw").expect("raw"), b"a \"b\"~");
        assert_eq!(secret.encoded("json").expect("json"), br#"a \"b\"~"#);
        assert_eq!(secret.encoded("url").expect("url"), b"a%20%22b%22%7E");
        assert_eq!(secret.encoded("base64").expect("base64"), b"YSAiYiJ+");
        assert_eq!(secret.encoded("rot13"), Err(EncodingError::Unknown));
        assert_eq!(Secret::new(vec![0xff]).encoded("json"), Err(EncodingError::NotText));
    }
}
