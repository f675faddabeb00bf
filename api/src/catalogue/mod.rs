//! From parsed manifests to a catalogue: binding names to tenants, admitting checks. Pure; the aggregator, standalone
//! agents and `check validate` run the same code over the same texts.
