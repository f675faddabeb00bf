//! A manifest file as text. Made by whoever reads a folder (aggregator, standalone agent, `check validate`), read by
//! `manifest::read`. It does not read disks: bytes come in, or the reason why there are none.

use crate::limits::MANIFEST_BYTES_MAX;

/// A manifest file. An unreadable one is a `FileText` too: what it last defined stays in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileText {
    /// Path relative to the folder's root, with `/`.
    pub path: String,
    /// The text, or why there is none.
    pub text: Result<String, String>,
}

impl FileText {
    /// A file whose bytes were read. Callers read `MANIFEST_BYTES_MAX + 1` bytes at most: one too many is enough to refuse.
    pub fn from_bytes(path: impl Into<String>, bytes: Vec<u8>) -> Self {
        let text = if bytes.len() > MANIFEST_BYTES_MAX {
            Err(format!("the file has more than {MANIFEST_BYTES_MAX} bytes"))
        } else {
            String::from_utf8(bytes)
                .map_err(|error| format!("the file is not UTF-8 from byte {} on", error.utf8_error().valid_up_to()))
        };
        Self { path: path.into(), text }
    }

    /// A file that is there and could not be read.
    pub fn unreadable(path: impl Into<String>, why: impl Into<String>) -> Self {
        Self { path: path.into(), text: Err(why.into()) }
    }

    /// Whether a file of this name is a manifest file: `.yaml` or `.yml`, not hidden (editors' and ConfigMaps' own files are).
    pub fn is_manifest(file_name: &str) -> bool {
        !file_name.starts_with('.') && (file_name.ends_with(".yaml") || file_name.ends_with(".yml"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_says_why() {
        assert!(FileText::from_bytes("a.yaml", b"kind: Check".to_vec()).text.is_ok());
        assert_eq!(
            FileText::from_bytes("a.yaml", vec![b'a', 0xff]).text,
            Err("the file is not UTF-8 from byte 1 on".to_owned())
        );
        assert!(FileText::from_bytes("a.yaml", vec![b'a'; MANIFEST_BYTES_MAX + 1]).text.is_err());
    }

    #[test]
    fn hidden_files_are_no_manifests() {
        assert!(FileText::is_manifest("a.yaml") && FileText::is_manifest("b.yml"));
        assert!(!FileText::is_manifest(".a.yaml") && !FileText::is_manifest("a.json"));
    }
}
