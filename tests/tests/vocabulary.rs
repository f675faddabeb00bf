//! The words of why a run did not pass: a guest's and the node's are two lists, because no guest knows a crate of the host.
//! They must be the same, word for word and in the same order; what a guest says that the node does not know is `other`.

#[test]
fn a_guest_and_its_node_have_the_same_reasons() {
    let of_guest: Vec<&str> = floorwalker_sdk::Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    let of_node: Vec<&str> = api::result::Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(of_guest, of_node);
}
