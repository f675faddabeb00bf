//! Shell: structured logs on standard error, for every binary.
//!
//! Called once by each `main`; the filter and format come from its flags. Metrics are not here: `http/admin`.

use std::fmt;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// Why logging could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter has a directive that cannot be read.
    #[error("log filter `{filter}` cannot be read; write it like `info` or `info,agent=debug`")]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// The format is neither of the two.
    #[error("log format `{0}` is unknown; write `text` or `json`")]
    Format(String),
    /// Another subscriber is installed already.
    #[error("logging was started twice")]
    Twice,
}

/// Starts logging to standard error.
///
/// # Errors
/// A filter that cannot be read, or a second call in one process.
pub fn init(format: Format, filter: &str) -> Result<(), TelemetryError> {
    let filter = EnvFilter::builder()
        .parse(filter)
        .map_err(|source| TelemetryError::Filter { filter: filter.to_owned(), source })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    let started = match format {
        Format::Text => builder.try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|_| TelemetryError::Twice)
}

// === impl Format ===

impl FromStr for Format {
    type Err = TelemetryError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(TelemetryError::Format(other.to_owned())),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_read_back_as_written() {
        for format in [Format::Text, Format::Json] {
            assert_eq!(format.to_string().parse::<Format>().expect("own word"), format);
        }
        assert!("yaml".parse::<Format>().is_err());
    }

    #[test]
    fn a_bad_filter_is_named() {
        let error = init(Format::Text, "agent=loud").expect_err("no such level");
        assert!(error.to_string().contains("agent=loud"), "{error}");
    }
}
