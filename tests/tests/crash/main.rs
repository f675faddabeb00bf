//! What a kill and a power cut may take, and what not: aggregator and agents are ended at random points under load, a
//! hundred times, and then both sides' books are compared.

mod books;
mod clones;
mod control;
mod history;
mod law;
mod outage;
mod party;
mod rounds;
