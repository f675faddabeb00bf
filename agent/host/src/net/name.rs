//! A certificate's name as text, in the form of RFC 4514: the most specific part first. So the blackbox exporter writes
//! it, and both metrics have the same labels. Called by `tls`; pure.

use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// Short names of types (X.520, RFC 4514 section 3, and the two that Go adds); others are written by their number.
const TYPES: [(&str, &str); 9] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.17", "POSTALCODE"),
];

pub(super) fn text(name: &X509Name<'_>) -> String {
    let parts = name.iter_rdn().map(|rdn| rdn.iter().map(part).collect::<Vec<_>>().join("+"));
    let mut parts: Vec<String> = parts.collect();
    parts.reverse();
    parts.join(",")
}

fn part(attribute: &AttributeTypeAndValue<'_>) -> String {
    let number = attribute.attr_type().to_id_string();
    let short = TYPES.iter().find(|(known, _)| *known == number).map_or(number.as_str(), |(_, short)| short);
    match attribute.as_str() {
        Ok(value) => format!("{short}={}", escaped(value)),
        // What is no text is written in hex.
        Err(_) => format!("{short}=#{}", hex::encode(attribute.as_slice())),
    }
}

/// RFC 4514, section 2.4.
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut text = String::new();
    for (index, c) in value.chars().enumerate() {
        let is_special = match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => true,
            ' ' => index == 0 || index == last,
            '#' => index == 0,
            _ => false,
        };
        text.extend(is_special.then_some('\\').into_iter().chain([c]));
    }
    text
}

#[cfg(test)]
mod tests {
    use rcgen::DnType;
    use x509_parser::prelude::{FromDer as _, X509Certificate};

    use super::*;

    fn named(parts: &[(DnType, &str)]) -> String {
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in parts {
            params.distinguished_name.push(kind.clone(), *value);
        }
        let key = rcgen::KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let (_, parsed) = X509Certificate::from_der(certificate.der()).expect("readable");
        text(parsed.subject())
    }

    #[test]
    fn the_most_specific_part_comes_first() {
        let parts = [
            (DnType::CountryName, "DE"),
            (DnType::StateOrProvinceName, "Berlin"),
            (DnType::LocalityName, "Mitte"),
            (DnType::OrganizationName, "Acme"),
            (DnType::CommonName, "shop"),
        ];
        assert_eq!(named(&parts), "CN=shop,O=Acme,L=Mitte,ST=Berlin,C=DE");
        assert_eq!(named(&[]), "");
    }

    #[test]
    fn what_could_be_read_as_the_next_part_is_escaped() {
        assert_eq!(named(&[(DnType::OrganizationName, "Acme, \"Inc\"")]), r#"O=Acme\, \"Inc\""#);
        assert_eq!(escaped(" #a "), r"\ #a\ ");
        assert_eq!(escaped("#a"), r"\#a");
    }

    #[test]
    fn a_type_without_a_short_name_is_a_number() {
        let parts = [(DnType::CustomDnType(vec![2, 5, 4, 42]), "Ada"), (DnType::CommonName, "shop")];
        assert_eq!(named(&parts), "CN=shop,2.5.4.42=Ada");
    }
}
