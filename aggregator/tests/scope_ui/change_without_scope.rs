//! A write that says for nobody.
use std::convert::Infallible;

use aggregator::store::Store;
use aggregator::store::change::{ChangeError, Note, Recorded};

async fn write(store: &Store, note: Note) {
    let _: Result<(), ChangeError<Infallible>> = store.change(0, |_| Ok(Recorded::noted((), note))).await;
}

fn main() {}
