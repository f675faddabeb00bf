//! The table of addresses, judged without a network: also the public ones, which no test connects to.

use super::*;

/// The table that the suite `hostile` asks for, too.
const TABLE: &str = include_str!("../../../tests/addresses.txt");

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn open(ranges: &[&str]) -> Effective {
    let addresses = ranges.iter().map(|range| range.parse().expect("a range")).collect();
    Effective { addresses, ..Effective::default() }
}

/// Every address of the table with its line and its verdict.
fn addresses() -> Vec<(&'static str, &'static str, IpAddr)> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines
        .flat_map(|line| {
            let mut words = line.split_whitespace();
            let verdict = words.next().expect("a verdict");
            words.take(2).filter(|word| *word != "-").map(move |address| (line, verdict, ip(address)))
        })
        .collect()
}

#[test]
fn the_table_holds() {
    let nothing = Effective::default();
    let all_of_v6 = open(&["::/0"]);
    for (line, verdict, address) in addresses() {
        assert_eq!(admit(address, &nothing).is_ok(), verdict == "open", "{address}: {line}");
        let carries = verdict == "inside";
        assert!(!carries || admit(address, &all_of_v6).is_err(), "opened by ::/0, {address}: {line}");
        assert!(admit(address, &open(&["0.0.0.0/0", "::/0"])).is_ok(), "opened by everything, {address}: {line}");
    }
}

#[test]
fn a_range_of_the_ceiling_opens_itself_and_nothing_beside_it() {
    for (line, verdict, address) in addresses() {
        if verdict == "special" && address.is_ipv4() {
            assert_eq!(admit(address, &open(&[&format!("{address}/32")])), Ok(()), "{line}");
            assert!(admit(address, &open(&["::/0"])).is_err(), "{line}");
        }
    }
    // Both forms opened.
    assert_eq!(admit(ip("::ffff:10.0.0.1"), &open(&["::ffff:0:0/96", "10.0.0.0/8"])), Ok(()));
    assert!(admit(ip("::ffff:10.0.0.1"), &open(&["10.0.0.0/8"])).is_err());
    assert_eq!(admit(ip("64:ff9b::10.0.0.1"), &open(&["10.0.0.0/8"])), Ok(()));
}

#[test]
fn the_ceiling_opens_exactly_its_ranges() {
    let grants = open(&["127.0.0.1/32"]);
    assert_eq!(judge(&[ip("127.0.0.1")], &grants), Ok(vec![ip("127.0.0.1")]));
    let refused = judge(&[ip("127.0.0.2")], &grants).expect_err("not opened");
    assert_eq!(
        refused.refusal.to_string(),
        "ask the platform to add to the Tenant: spec.ceiling.addresses: [\"127.0.0.2/32\"]"
    );
    // A name with one address open and one not is reached at the open one alone.
    assert_eq!(judge(&[ip("::1"), ip("127.0.0.1")], &grants), Ok(vec![ip("127.0.0.1")]));
}
