//! Where nothing is sent to. Whoever may name an address (an operator, somebody who got at a file) must not reach by it what
//! only machines beside us reach: other services, the metadata of a cloud, a router's pages.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Addresses of IPv4 that are nobody's on the internet: private, local, shared, for documents, for tests, for many, reserved.
const NOT_PUBLIC: [Ipv4Net; 15] = [
    net4([0, 0, 0, 0], 8),
    net4([10, 0, 0, 0], 8),
    net4([100, 64, 0, 0], 10),
    net4([127, 0, 0, 0], 8),
    net4([169, 254, 0, 0], 16),
    net4([172, 16, 0, 0], 12),
    net4([192, 0, 0, 0], 24),
    net4([192, 0, 2, 0], 24),
    net4([192, 88, 99, 0], 24),
    net4([192, 168, 0, 0], 16),
    net4([198, 18, 0, 0], 15),
    net4([198, 51, 100, 0], 24),
    net4([203, 0, 113, 0], 24),
    net4([224, 0, 0, 0], 4),
    net4([240, 0, 0, 0], 4),
];
/// Of IPv6 only these are given to anybody …
const PUBLIC_V6: Ipv6Net = net6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);
/// … but not these: protocols' own and Teredo, for documents, IPv4 in disguise.
const NOT_PUBLIC_V6: [Ipv6Net; 4] = [
    net6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    net6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    net6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    net6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

const fn net4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn net6([a, b, c, d, e, f, g, h]: [u16; 8], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}

/// A network, or a single address, as it is written on a command line.
///
/// # Errors
/// It is neither.
pub fn network(text: &str) -> Result<IpNet, String> {
    let single = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse()
        .or_else(|_| single())
        .map_err(|_| format!("{text:?} is no network such as 10.1.2.0/24, and no address"))
}

/// What may be reached.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    listed: Arc<[IpNet]>,
    only_listed: bool,
}

impl Guard {
    /// Every public address, and these.
    #[must_use]
    pub fn with(listed: &[IpNet]) -> Self {
        Self { listed: listed.into(), only_listed: false }
    }

    /// These alone.
    #[must_use]
    pub(crate) fn only_listed(&self) -> Self {
        Self { only_listed: true, ..self.clone() }
    }

    #[must_use]
    pub fn admits(&self, address: IpAddr) -> bool {
        // An IPv4 address in IPv6's clothes is what it is.
        let address = address.to_canonical();
        let is_public = !self.only_listed && is_public(address);
        is_public || self.listed.iter().any(|net| net.contains(&address))
    }

    /// Of what a name resolves to, what may be reached.
    pub(crate) fn filtered(&self, name: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NotAllowed> {
        let first = found.first().map(SocketAddr::ip);
        let admitted: Vec<SocketAddr> = found.into_iter().filter(|address| self.admits(address.ip())).collect();
        match first {
            Some(first) if admitted.is_empty() => Err(self.refuses(name, first)),
            Some(_) | None => Ok(admitted),
        }
    }

    pub(crate) fn refuses(&self, name: &str, address: IpAddr) -> NotAllowed {
        let why = if self.only_listed { "without https only listed addresses are sent to" } else { "it is not public" };
        NotAllowed { name: name.to_owned(), address, why }
    }
}

/// Why nothing is sent there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is at {address}, where nothing is sent to: {why}, and --egress-allow does not list it")]
pub(crate) struct NotAllowed {
    name: String,
    address: IpAddr,
    why: &'static str,
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC.iter().any(|net| net.contains(&address)),
        IpAddr::V6(address) => PUBLIC_V6.contains(&address) && !NOT_PUBLIC_V6.iter().any(|net| net.contains(&address)),
    }
}

/// Names are looked up here, for each connection anew, and what they lead to is what is connected to: nothing can change between
/// the look and the step.
impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let admitted = guard.filtered(name.as_str(), found)?;
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn nothing_private_is_reached_in_any_form() {
        let guard = Guard::default();
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.255.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!guard.admits(ip(inside)), "{inside}");
        }
        for outside in ["1.1.1.1", "114.114.114.114", "172.32.0.1", "2400:3200::1", "::ffff:1.1.1.1"] {
            assert!(guard.admits(ip(outside)), "{outside}");
        }
    }

    #[test]
    fn what_is_listed_is_reached_and_its_neighbours_are_not() {
        let guard = Guard::with(&["10.1.2.0/24".parse().unwrap(), "fd00::5/128".parse().unwrap()]);
        assert!(guard.admits(ip("10.1.2.9")) && guard.admits(ip("::ffff:10.1.2.9")) && guard.admits(ip("fd00::5")));
        assert!(!guard.admits(ip("10.1.3.9")) && !guard.admits(ip("fd00::6")));
        let strict = guard.only_listed();
        assert!(strict.admits(ip("10.1.2.9")) && !strict.admits(ip("1.1.1.1")));
    }

    #[test]
    fn of_a_name_with_two_faces_only_the_public_one_is_used() {
        let at = |text: &str| SocketAddr::new(ip(text), 0);
        let guard = Guard::default();
        assert_eq!(guard.filtered("two.example", vec![at("10.0.0.1"), at("1.1.1.1")]), Ok(vec![at("1.1.1.1")]));
        let refused = guard.filtered("inside.example", vec![at("10.0.0.1")]).unwrap_err();
        assert!(refused.to_string().contains("inside.example is at 10.0.0.1"), "{refused}");
    }
}
