//! Other ways to write an address, as literals of a URL: no spelling gets around the list or the ranges.

use crate::dialer::{AT_ONCE, Lying, asked, url};
use crate::stage::Stage;

/// Spellings of special addresses, and names that lead to one.
const SPELLED: &[&str] = &[
    // 127.0.0.1 as one number, in octal and hex, in short, with a dot behind, percent-encoded, in other scripts.
    "http://2130706433/",
    "http://0x7f000001/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0x7F.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.0.0.1./",
    "http://0x7f.0x0.0x0.0x1/",
    "http://%31%32%37.0.0.1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/",
    "http://１２７．０．０．１/",
    "http:127.0.0.1",
    "http:\\\\127.0.0.1\\",
    "http://127.0.\n0.1/",
    // The same within IPv6, and long.
    "http://[::ffff:127.0.0.1]/",
    "http://[::FFFF:7F00:1]/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]/",
    // Metadata services.
    "http://2852039166/",
    "http://0xA9FEA9FE/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    // The own machine by zero, and by its names.
    "http://0/",
    "http://0.0/",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://ｌｏｃａｌｈｏｓｔ/",
    "http://127.0.0.1.example/",
];

/// What only looks like an address.
const NONE: &[&str] = &[
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[127.0.0.1]/",
    "http://256.0.0.1/",
    "http://127.0.0.0.1/",
    "http://0x100000000/",
    "http://127.0.0.08/",
    "http://::1/",
    "http://user@127.0.0.1/",
    "http://a b/",
    "http:///",
];

/// Every spelling of an address is that address, with or without its grant; what is none is refused as no URL.
#[tokio::test]
async fn odd_spellings_of_an_address_are_the_address() {
    let mut names = Lying::default();
    for name in ["localhost", "localhost.", "127.0.0.1.example"] {
        names.say(name, &[&[[127, 0, 0, 1].into()]]);
    }
    let stage = Stage::with(names, vec![]);
    for spelled in SPELLED.chunks(AT_ONCE) {
        let urls: Vec<_> = spelled.iter().map(|text| (*text).to_owned()).collect();
        let origins: Vec<_> = spelled.iter().map(|text| url(text).1).collect();
        let (told, _) = asked(&urls, &origins, &[], &stage).await;
        assert_eq!(told.len(), spelled.len());
        for (line, text) in told.iter().zip(spelled) {
            assert!(line.contains("spec.ceiling.addresses"), "{text}: {line}");
        }
        let (denied, _) = asked(&urls, &[], &[], &stage).await;
        for (line, text) in denied.iter().zip(spelled) {
            assert!(line.starts_with("capability-denied: add to the Check: spec.grants.http"), "{text}: {line}");
        }
    }
    for none in NONE.chunks(AT_ONCE) {
        let urls: Vec<_> = none.iter().map(|text| (*text).to_owned()).collect();
        let (told, outcome) = asked(&urls, &[], &[], &stage).await;
        assert_eq!(told.len(), none.len());
        for (line, text) in told.iter().zip(none) {
            assert!(line.starts_with("protocol-error"), "{text}: {line}");
        }
        assert!(outcome.requests.is_empty(), "none of them became a request");
    }
}
