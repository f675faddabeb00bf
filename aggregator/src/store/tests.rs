//! Conformance of a store, on a real SQLite file in a folder of its own.
