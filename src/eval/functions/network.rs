//! Addresses of networks: `cidrhost`, `cidrnetmask`, `cidrsubnet`, `cidrsubnets`.
//!
//! An address is a number of 32 or 128 bits; a prefix is such a number, with its last bits zero, and a length.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use num_bigint::{BigInt, Sign};

use crate::value::{Type, Value};

use super::arguments::{Arguments, integer};
use super::call::CallError;
use super::{Function, Param, list_of_text, text};

const PREFIX: Param = Param::text("prefix");

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("cidrhost", &[PREFIX, Param::number("hostnum")], text, host),
    Function::new("cidrnetmask", &[PREFIX], text, netmask),
    Function::new("cidrsubnet", &[PREFIX, Param::number("newbits"), Param::number("netnum")], text, subnet),
    Function::new("cidrsubnets", &[PREFIX], list_of_text, subnets).variadic(Param::number("newbits")),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

/// A network: its first address, and how many bits all its addresses share.
#[derive(Clone, Copy)]
struct Prefix {
    family: Family,
    first: u128,
    length: u32,
}

impl Family {
    fn bits(self) -> u32 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }

    /// The amount of a number, if an address has so many bits.
    fn address(self, number: BigInt) -> Option<u128> {
        u128::try_from(number.magnitude()).ok().filter(|address| *address <= low_bits(self.bits()))
    }

    fn show(self, address: u128) -> String {
        match self {
            Self::V4 => Ipv4Addr::from(address as u32).to_string(),
            Self::V6 => Ipv6Addr::from(address).to_string(),
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.family.show(self.first), self.length)
    }
}

impl Prefix {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let (family, address) = match parse_v4(address) {
            Some(address) => (Family::V4, address),
            None => (Family::V6, u128::from(address.parse::<Ipv6Addr>().ok()?)),
        };
        let digits = !length.is_empty() && length.len() <= 3 && length.bytes().all(|b| b.is_ascii_digit());
        let length = length.parse().ok().filter(|length| digits && *length <= family.bits())?;
        let host = !mask(family, length);
        Some(Self { family, first: address & !host, length })
    }

    fn of(args: &Arguments) -> Result<Self, String> {
        let text = args.text(0);
        let shown = || args.shown(0, text);
        Self::parse(text).ok_or_else(|| format!("invalid CIDR expression: invalid CIDR address: {}", shown()))
    }

    /// The number of bits that tell its addresses apart.
    fn host_bits(self) -> u32 {
        self.family.bits() - self.length
    }

    /// The last of its addresses.
    fn last(self) -> u128 {
        self.first | low_bits(self.host_bits())
    }
}

fn low_bits(count: u32) -> u128 {
    1u128.checked_shl(count).map_or(u128::MAX, |bit| bit - 1)
}

fn mask(family: Family, length: u32) -> u128 {
    let host = low_bits(family.bits() - length);
    low_bits(family.bits()) & !host | !low_bits(family.bits())
}

/// Parses four decimal numbers; zeros before them do not make them octal.
fn parse_v4(text: &str) -> Option<u128> {
    let part = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<u8>().ok().filter(|_| digits)
    };
    let parts = text.split('.').map(part).collect::<Option<Vec<u8>>>()?;
    let parts: [u8; 4] = parts.try_into().ok()?;
    Some(u128::from(u32::from_be_bytes(parts)))
}

fn whole(args: &Arguments, index: usize) -> Result<BigInt, CallError> {
    let number = args.number(index);
    let whole = number.to_bigint().filter(|_| number.is_integer());
    whole.ok_or_else(|| CallError::failed("value must be a whole number"))
}

/// The lowest 64 bits of a number's amount.
fn low_word(number: &BigInt) -> u64 {
    number.magnitude().iter_u64_digits().next().unwrap_or(0)
}

/// Returns the address with a number in the network; negative numbers count from the last.
fn host(args: &Arguments) -> Result<Value, CallError> {
    let wanted = whole(args, 1)?;
    let prefix = Prefix::of(args).map_err(CallError::Failed)?;
    let last = (BigInt::from(1) << prefix.host_bits()) - 1;
    // Only the low bits are compared, as Terraform does: what lies further out is an address beside the network.
    let low = BigInt::from(low_word(&wanted) as i64);
    let is_negative = wanted.sign() == Sign::Minus;
    let from_end = if is_negative { low - 1 } else { low };
    let fits = from_end <= last;
    let number = if is_negative { last - from_end } else { wanted };
    let address = prefix.family.address(&number | BigInt::from(prefix.first)).filter(|_| fits);
    address.map(|address| Value::string(prefix.family.show(address))).ok_or_else(|| {
        let (length, number) = (args.shown(0, prefix.length), args.shown(1, number));
        CallError::Failed(format!("prefix of {length} does not accommodate a host numbered {number}"))
    })
}

fn netmask(args: &Arguments) -> Result<Value, CallError> {
    let prefix = Prefix::of(args).map_err(CallError::Failed)?;
    match prefix.family {
        Family::V4 => Ok(Value::string(Family::V4.show(mask(Family::V4, prefix.length)))),
        Family::V6 => {
            let given = args.shown(0, args.text(0));
            Err(CallError::Failed(format!("IPv6 addresses cannot have a netmask: {given}")))
        }
    }
}

/// Returns the subnet with a number. Numbers and lengths below zero mean what Terraform's arithmetic makes of them: two's
/// complement, of which the amount is taken; what gives no network then is refused.
fn subnet(args: &Arguments) -> Result<Value, CallError> {
    let (bits, number) = (args.integer(1)?, whole(args, 2)?);
    let prefix = Prefix::of(args).map_err(CallError::Failed)?;
    let failed = |message: String| Err(CallError::Failed(message));
    let length = i64::from(prefix.length).saturating_add(bits);
    if length > i64::from(prefix.family.bits()) {
        let length = args.shown(0, prefix.length);
        return failed(format!("insufficient address space to extend prefix of {length} by {bits}"));
    }
    let greatest =
        u32::try_from(bits).ok().and_then(|bits| 1u64.checked_shl(bits)).unwrap_or(0).wrapping_sub(1);
    if low_word(&number) > greatest {
        let number = args.shown(2, number);
        return failed(format!("prefix extension of {bits} does not accommodate a subnet numbered {number}"));
    }
    let Ok(length) = u32::try_from(length) else {
        return failed(format!("there is no prefix of {length} bits"));
    };
    let number = (number << (prefix.family.bits() - length)) | BigInt::from(prefix.first);
    match prefix.family.address(number) {
        Some(first) => Ok(Value::string(Prefix { first, length, ..prefix }.to_string())),
        None => failed("the result is no address".to_owned()),
    }
}

/// Returns subnets one after the other, each with so many bits more.
fn subnets(args: &Arguments) -> Result<Value, CallError> {
    let whole = Prefix::of(args).map_err(|why| CallError::argument(0, why))?;
    let mut previous: Option<Prefix> = None;
    let mut all = Vec::with_capacity(args.len());
    for index in 1..args.len() {
        let bits = integer(args.number(index)).map_err(|why| CallError::argument(index, why))?;
        let length = subnet_length(whole, bits).map_err(|why| CallError::argument(index, why))?;
        let next = match previous {
            None => Some(Prefix { length, ..whole }),
            Some(previous) => following(whole, previous, length),
        };
        let next = next.ok_or_else(|| {
            let after = previous.map(|previous| args.shown(0, previous)).unwrap_or_default();
            CallError::argument(
                index,
                format!(
                    "not enough remaining address space for a subnet with a prefix of {length} bits after {after}"
                ),
            )
        })?;
        all.push(Value::string(next.to_string()));
        previous = Some(next);
    }
    Ok(Value::list(Type::String, all))
}

fn subnet_length(whole: Prefix, bits: i64) -> Result<u32, String> {
    let family = if whole.family == Family::V4 { 4 } else { 6 };
    match u32::try_from(bits) {
        Ok(0) | Err(_) if bits < 1 => Err("must extend prefix by at least one bit".to_owned()),
        Ok(bits @ 1..=32) if bits <= whole.host_bits() => Ok(whole.length + bits),
        Ok(bits @ 1..=32) => {
            let length = whole.length + bits;
            Err(format!("would extend prefix to {length} bits, which is too long for an IPv{family} address"))
        }
        _ => Err("may not extend prefix by more than 32 bits".to_owned()),
    }
}

/// Returns the first network of a length after another, if it lies in the whole.
fn following(whole: Prefix, previous: Prefix, length: u32) -> Option<Prefix> {
    let host = low_bits(whole.family.bits() - length);
    let after = previous.last().checked_add(1)?;
    let first = after.checked_add(host)? & !host;
    let next = Prefix { first, length, ..whole };
    (next.last() <= whole.last() && first >= after).then_some(next)
}
