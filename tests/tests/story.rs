//! The story of the README, told once from a fresh state.

use harness::{real::registry, skip, stand::Stand, story};

#[tokio::test]
async fn every_step_comes_out_as_told() {
    if let Some(why) = registry::unavailable() {
        return skip::because("every_step_comes_out_as_told", &why);
    }
    let stand = Stand::start().await.expect("a stand");
    let mut page = Vec::new();
    let told = story::tell(&stand.state, &mut page).await;
    let page = String::from_utf8_lossy(&page);
    told.unwrap_or_else(|error| panic!("{page}\n{error:?}"));
}
