//! A query that says for nobody.
use aggregator::store::View;
use aggregator::store::check::CheckRead as _;

fn read(view: &View<'_>) {
    let _ = view.check_last_all();
}

fn main() {}
