//! Ignore rules: `*` stands for any characters, everything else for itself. Called by `lib`.

/// Whether the whole text is what the rule says. Linear in rule times text, without recursion.
pub(crate) fn matches(rule: &str, text: &str) -> bool {
    let mut parts = rule.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_is_any_characters() {
        assert!(matches("kernel", "kernel"));
        assert!(!matches("kernel", "kernels"));
        assert!(matches("sysctl:net.*", "sysctl:net.ipv4.ip_forward"));
        assert!(!matches("sysctl:net.*", "sysctl:vm.swappiness"));
        assert!(matches("*.rp_filter", "sysctl:net.ipv4.conf.all.rp_filter"));
        assert!(matches("sysctl:*.conf.*.rp_filter", "sysctl:net.ipv4.conf.eth0.rp_filter"));
        assert!(!matches("ab*ba", "aba"));
        assert!(matches("*", ""));
    }
}
