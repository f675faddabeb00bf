//! Judges addresses after resolution: public unicast is reachable once granted, everything else only by a range in the
//! tenant's ceiling. Ranges: IANA special-purpose address registries (RFC 6890 and later). An IPv4 address inside an
//! IPv6 one is judged as well as the one around it. Called by the dialer for each connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use api::grant::{Effective, Refusal};

/// IPv4 ranges that are not public unicast.
const SPECIAL_V4: [(Ipv4Addr, u32); 18] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),       // "this network", the unspecified address
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // shared, carrier-grade NAT
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, metadata services
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 31, 196, 0), 24), // AS112
    (Ipv4Addr::new(192, 52, 193, 0), 24), // AMT
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(192, 175, 48, 0), 24), // AS112
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

/// IPv4 addresses that an IPv6 address carries, by every reading there is. A prefix of NAT64 or of 6rd that a network
/// made of its own public addresses cannot be told from any other.
fn inner(v6: Ipv6Addr) -> Vec<Ipv4Addr> {
    if v6 == Ipv6Addr::UNSPECIFIED || v6 == Ipv6Addr::LOCALHOST {
        return Vec::new();
    }
    let bits = v6.to_bits();
    let at = |shift: u32| Ipv4Addr::from_bits(u32::try_from((bits >> shift) & 0xffff_ffff).unwrap_or(u32::MAX));
    let segments = v6.segments();
    let mut forms = Vec::new();
    // Compatible, mapped (RFC 4291) and translated (RFC 2765).
    if matches!(bits >> 32, 0 | 0xffff | 0xffff_0000) || within_v6(v6, NAT64) {
        forms.push(at(0));
    }
    if within_v6(v6, NAT64_LOCAL) {
        // RFC 6052, figure 1: a network chooses how much of its prefix stands before the address, and the address after
        // a /48 or a /56 goes around bits 64 to 71.
        let around = |high: u32, low: u32| {
            let before = (bits >> 64) & ((1 << high) - 1);
            let after = (bits >> (56 - low)) & ((1 << low) - 1);
            Ipv4Addr::from_bits(u32::try_from(before << low | after).unwrap_or(u32::MAX))
        };
        forms.extend([around(16, 16), around(8, 24), at(24), at(0)]);
    }
    match segments[..2] {
        [0x2002, _] => forms.push(at(80)),
        // Teredo (RFC 4380): the server's address, and the client's with its bits flipped.
        [0x2001, 0] => forms.extend([at(64), Ipv4Addr::from_bits(!at(0).to_bits())]),
        _ => {}
    }
    // ISATAP (RFC 5214), behind any prefix; 0x0200 says that the address within is public, and is not believed.
    if matches!(segments[4..6], [0 | 0x0200, 0x5efe]) {
        forms.push(at(0));
    }
    forms
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
mod tests;
