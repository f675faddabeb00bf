//! SQL of one's own: the connections stay within the store.
use aggregator::store::{ChangeTx, Store, View};

fn read(view: &View<'_>) {
    let _ = view.connection;
}

fn write(tx: &ChangeTx<'_>) {
    let _ = tx.connection();
}

fn main() {
    let _: fn(Store) = |store| drop(store.readers);
}
