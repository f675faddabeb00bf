//! Judges addresses after resolution: public unicast is reachable once granted, everything else only by a range in the
//! tenant's ceiling. Ranges: IANA special-purpose address registries (RFC 6890 and later). An IPv4 address inside an
//! IPv6 one is judged as well as the one around it. Called by the dialer for each connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use api::grant::{Effective, Refusal};

/// IPv4 ranges that are not public unicast.
const SPECIAL_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),       // "this network", the unspecified address
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // shared, carrier-grade NAT
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, metadata services
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 31, 196, 0), 24), // AS112
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarking
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, broadcast
];

/// IPv6 ranges within global unicast (2000::/3) that are not public; all outside of it is special anyhow.
const SPECIAL_V6: [(Ipv6Addr, u32); 5] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments, Teredo, ORCHID
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48), // AS112
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// The prefix of NAT64 (RFC 6052): public when the address inside is.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);
/// NAT64 within one network (RFC 8215).
const NAT64_LOCAL: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48);

/// An address that is not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) address: IpAddr,
    pub(crate) refusal: Refusal,
}

/// The addresses that may be connected to, in their order; the first refusal when there is none.
pub(crate) fn judge(addresses: &[IpAddr], grants: &Effective) -> Result<Vec<IpAddr>, Refused> {
    let mut refused = None;
    let mut open = Vec::with_capacity(addresses.len());
    for address in addresses.iter().copied() {
        match admit(address, grants) {
            Ok(()) => open.push(address),
            Err(refusal) => {
                refused.get_or_insert(Refused { address, refusal });
            }
        }
    }
    match refused {
        Some(refused) if open.is_empty() => Err(refused),
        _ => Ok(open),
    }
}

/// Every form of the address must be public or opened.
fn admit(address: IpAddr, grants: &Effective) -> Result<(), Refusal> {
    let mut forms = vec![address];
    if let IpAddr::V6(outer) = address {
        forms.extend(inner(outer).into_iter().map(IpAddr::V4));
    }
    for form in forms {
        if is_special(form) {
            grants.allow_special_address(form)?;
        }
    }
    Ok(())
}

fn is_special(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => SPECIAL_V4.iter().any(|(base, prefix)| within_v4(v4, *base, *prefix)),
        IpAddr::V6(v6) => {
            let global = within_v6(v6, (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3));
            let public = global && !SPECIAL_V6.iter().any(|range| within_v6(v6, *range));
            !public && !within_v6(v6, NAT64)
        }
    }
}

/// IPv4 addresses that an IPv6 address carries.
fn inner(v6: Ipv6Addr) -> Vec<Ipv4Addr> {
    let bits = v6.to_bits();
    let at = |shift: u32| Ipv4Addr::from_bits(u32::try_from((bits >> shift) & 0xffff_ffff).unwrap_or(u32::MAX));
    let segments = v6.segments();
    if v6 == Ipv6Addr::UNSPECIFIED || v6 == Ipv6Addr::LOCALHOST {
        return Vec::new();
    }
    let high_is_zero = bits >> 32 == 0;
    if high_is_zero || v6.to_ipv4_mapped().is_some() || within_v6(v6, NAT64) {
        return vec![at(0)];
    }
    if within_v6(v6, NAT64_LOCAL) {
        // RFC 6052, figure 1: the address after a /48 straddles bits 64 to 71; networks also use a /96 within it.
        let straddled = u32::try_from(((bits >> 64) & 0xffff) << 16 | (bits >> 40) & 0xffff).unwrap_or(u32::MAX);
        return vec![Ipv4Addr::from_bits(straddled), at(0)];
    }
    match segments[0] {
        0x2002 => vec![at(80)],
        // Teredo (RFC 4380): the server's address, and the client's with its bits flipped.
        0x2001 if segments[1] == 0 => vec![at(64), Ipv4Addr::from_bits(!at(0).to_bits())],
        _ => Vec::new(),
    }
}

fn within_v4(address: Ipv4Addr, base: Ipv4Addr, prefix: u32) -> bool {
    let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
    address.to_bits() & mask == base.to_bits()
}

fn within_v6(address: Ipv6Addr, (base, prefix): (Ipv6Addr, u32)) -> bool {
    let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
    address.to_bits() & mask == base.to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn open(ranges: &[&str]) -> Effective {
        let addresses = ranges.iter().map(|range| range.parse().expect("a range")).collect();
        Effective { addresses, ..Effective::default() }
    }

    #[test]
    fn only_public_unicast_is_open_by_default() {
        for public in
            ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::8", "64:ff9b::8.8.8.8"]
        {
            assert_eq!(admit(ip(public), &Effective::default()), Ok(()), "{public}");
        }
        let special = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "fec0::1",
            "5f00::1",
        ];
        for address in special {
            assert!(admit(ip(address), &Effective::default()).is_err(), "{address}");
        }
    }

    #[test]
    fn an_address_inside_another_is_judged_too() {
        let smuggled = [
            ("::ffff:127.0.0.1", "mapped"),
            ("::ffff:169.254.169.254", "mapped metadata"),
            ("::127.0.0.1", "compatible"),
            ("64:ff9b::10.0.0.1", "NAT64"),
            ("64:ff9b::a9fe:a9fe", "NAT64 metadata"),
            ("64:ff9b:1::10.0.0.1", "local NAT64"),
            ("2002:7f00:1::", "6to4"),
            ("2002:a9fe:a9fe::1", "6to4 metadata"),
            ("2001:0:a00:1::", "Teredo server"),
            ("2001:0:808:808:0:0:80ff:fffe", "Teredo client 127.0.0.1"),
        ];
        for (address, what) in smuggled {
            assert!(admit(ip(address), &Effective::default()).is_err(), "{what}: {address}");
            // Opening only the address around it does not open the one inside.
            assert!(admit(ip(address), &open(&["::/0"])).is_err(), "{what} by ::/0: {address}");
        }
        // Both forms opened.
        assert_eq!(admit(ip("::ffff:10.0.0.1"), &open(&["::ffff:0:0/96", "10.0.0.0/8"])), Ok(()));
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
}
