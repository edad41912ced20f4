//! Faults on purpose, for tests and rehearsals, described by a short text:
//!
//! ```text
//! faults = rule { "," rule }              the first rule that strikes decides
//! rule   = action [ "(" argument ")" ] [ ":" [ METHOD ] [ PATH ] [ which ] ]
//! which  = "#" n | "#" n "-" m | "#" n "+" | "rate=" fraction     of the requests METHOD and PATH fit; default: all
//!        | "over=" n                                              those that come while n are being answered
//! PATH   = below the base path; "*" is any one segment, a last "**" any rest but none
//! ```
//!
//! | action | what happens |
//! | --- | --- |
//! | `429`, `503`, any status from 400 on | that status, nothing changed; the argument is `Retry-After` in seconds |
//! | `500-before`, `500-after` | that status, and the request did not / did take effect |
//! | `drop-before`, `drop-after` | the connection closes without an answer, before / after the effect |
//! | `truncated` | the effect, then half of the answer's bytes and a closed connection |
//! | `non-json` | the effect, then a proxy's page with status 200 |
//! | `late`, `late(3)`, `late(200ms)` | a created object stays out of that many lists (default 1), or for that time |
//! | `slow(200ms)` | the request waits first |
//!
//! `500-after:POST /instances#2`, `429(1):rate=0.1`, `drop-before:DELETE /instances/* #1-3`, `truncated:GET`.

use std::str::FromStr;
use std::time::Duration;

/// What goes wrong, and when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq)]
struct Rule {
    fault: Fault,
    method: Option<String>,
    path: Option<String>,
    which: Which,
}

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Status { status: u16, effect: Effect, retry_after: Option<u32> },
    Drop(Effect),
    Truncated,
    NonJson,
    Late(Lateness),
    Slow(Duration),
}

/// Whether a request that fails has taken effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It fails before its effect: there is none.
    Before,
    After,
}

/// How long a created object stays out of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lateness {
    Lists(u32),
    Time(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Which {
    Numbers {
        from: u64,
        to: u64,
    },
    Rate(f64),
    /// While so many are being answered already.
    Over(usize),
}

/// A description of faults that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid fault `{rule}`: {problem}")]
pub struct FaultError {
    pub rule: String,
    pub problem: String,
}

impl FromStr for Faults {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let rules = text.split(',').map(str::trim).filter(|rule| !rule.is_empty());
        let rules = rules
            .map(|rule| parse_rule(rule).map_err(|problem| FaultError { rule: rule.to_owned(), problem }));
        Ok(Self { rules: rules.collect::<Result<_, _>>()? })
    }
}

/// Reads `200ms`, `2s` or `1m`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
    let number: f64 = text[..digits].parse().ok()?;
    let unit = match &text[digits..] {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * unit).ok()
}

fn parse_rule(rule: &str) -> Result<Rule, String> {
    let (action, target) = rule.split_once(':').unwrap_or((rule, ""));
    let (name, argument) = match action.trim().split_once('(') {
        Some((name, rest)) => (name, Some(rest.strip_suffix(')').ok_or("a `)` is missing")?)),
        None => (action.trim(), None),
    };
    let mut rule = Rule {
        fault: parse_action(name, argument)?,
        method: None,
        path: None,
        which: Which::Numbers { from: 1, to: u64::MAX },
    };
    for word in target.split_whitespace() {
        parse_target(word, &mut rule)?;
    }
    Ok(rule)
}

fn parse_action(name: &str, argument: Option<&str>) -> Result<Fault, String> {
    let plain = |fault| match argument {
        None => Ok(fault),
        Some(_) => Err(format!("`{name}` takes no argument")),
    };
    match name {
        "drop-before" => plain(Fault::Drop(Effect::Before)),
        "drop-after" => plain(Fault::Drop(Effect::After)),
        "truncated" => plain(Fault::Truncated),
        "non-json" => plain(Fault::NonJson),
        "late" => parse_lateness(argument.unwrap_or("1")).map(Fault::Late),
        "slow" => argument
            .and_then(parse_duration)
            .map(Fault::Slow)
            .ok_or_else(|| "`slow` takes a duration such as `slow(200ms)`".to_owned()),
        _ => parse_status(name, argument),
    }
}

fn parse_lateness(argument: &str) -> Result<Lateness, String> {
    let lists = argument.parse().ok().map(Lateness::Lists);
    lists
        .or_else(|| parse_duration(argument).map(Lateness::Time))
        .ok_or_else(|| "`late` takes a number of lists or a duration".to_owned())
}

fn parse_status(name: &str, argument: Option<&str>) -> Result<Fault, String> {
    let (status, effect) = match name.split_once('-') {
        Some((status, "after")) => (status, Effect::After),
        Some((status, "before")) => (status, Effect::Before),
        _ => (name, Effect::Before),
    };
    let status = status.parse().ok().filter(|status| (400..600).contains(status));
    let status = status.ok_or_else(|| {
        "expected a status from 400 on, `drop-before`, `drop-after`, `truncated`, `non-json`, `late` or `slow`"
            .to_owned()
    })?;
    let seconds = |text: &str| text.parse().map_err(|_| "`Retry-After` takes whole seconds".to_owned());
    Ok(Fault::Status { status, effect, retry_after: argument.map(seconds).transpose()? })
}

/// Reads one word of a rule's target into it: a method, a path, which requests, or a path with `#` joined.
fn parse_target(word: &str, rule: &mut Rule) -> Result<(), String> {
    let (word, numbers) = match word.split_once('#') {
        Some((word, numbers)) => (word, Some(numbers)),
        None => (word, None),
    };
    if let Some(numbers) = numbers {
        rule.which = parse_numbers(numbers).ok_or("`#` takes a number such as `#2`, `#2-4` or `#2+`")?;
    }
    if let Some(rate) = word.strip_prefix("rate=") {
        let rate = rate.parse().ok().filter(|rate| (0.0..=1.0).contains(rate));
        rule.which = Which::Rate(rate.ok_or("`rate=` takes a fraction from 0 to 1")?);
    } else if let Some(most) = word.strip_prefix("over=") {
        let most = most.parse().map_err(|_| "`over=` takes a number of requests")?;
        rule.which = Which::Over(most);
    } else if word.starts_with('/') {
        rule.path = Some(word.to_owned());
    } else if !word.is_empty() && word.chars().all(|letter| letter.is_ascii_uppercase()) {
        rule.method = Some(word.to_owned());
    } else if !word.is_empty() {
        return Err(format!("`{word}` is neither a method, a path, `#n`, `rate=` nor `over=`"));
    }
    Ok(())
}

fn parse_numbers(text: &str) -> Option<Which> {
    let (from, to) = match text.split_once('-') {
        Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
        None => match text.strip_suffix('+') {
            Some(from) => (from.parse().ok()?, u64::MAX),
            None => (text.parse().ok()?, text.parse().ok()?),
        },
    };
    (from >= 1 && from <= to).then_some(Which::Numbers { from, to })
}

/// Counts the requests each rule fits and says what strikes.
pub(super) struct Injector {
    rules: Vec<(Rule, u64)>,
    seed: u64,
}

impl Injector {
    pub(super) fn new(faults: Faults, seed: u64) -> Self {
        Self { rules: faults.rules.into_iter().map(|rule| (rule, 0)).collect(), seed }
    }

    pub(super) fn replace(&mut self, faults: Faults) {
        *self = Self::new(faults, self.seed);
    }

    /// Returns what strikes the next request, which comes while `running` others are being answered, and counts it for every rule it fits.
    pub(super) fn strike(&mut self, method: &str, path: &str, running: usize) -> Option<Fault> {
        let mut struck = None;
        for (index, (rule, count)) in self.rules.iter_mut().enumerate() {
            if !rule.fits(method, path) {
                continue;
            }
            *count += 1;
            let chance = mix(self.seed ^ ((index as u64) << 32));
            if struck.is_none() && rule.strikes(*count, running, chance) {
                struck = Some(rule.fault);
            }
        }
        struck
    }
}

impl Rule {
    fn fits(&self, method: &str, path: &str) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted == method)
            && self.path.as_deref().is_none_or(|pattern| path_fits(pattern, path))
    }

    fn strikes(&self, count: u64, running: usize, seed: u64) -> bool {
        match self.which {
            Which::Over(most) => running >= most,
            Which::Numbers { from, to } => (from..=to).contains(&count),
            // The top 53 bits make an even fraction below one.
            Which::Rate(rate) => ((mix(seed ^ count) >> 11) as f64) / ((1u64 << 53) as f64) < rate,
        }
    }
}

fn path_fits(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for part in pattern.split('/') {
        match (part, segments.next()) {
            (_, None) => return false,
            ("**", Some(_)) => return true,
            ("*", Some(_)) => {}
            (part, Some(segment)) if part == segment => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

/// Scrambles a number so that neighbours end up far apart; no two give the same (the finaliser of SplitMix64).
pub(super) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the requests the rules strike, by their place from 1.
    fn struck(spec: &str, requests: &[(&str, &str)]) -> Vec<usize> {
        let mut injector = Injector::new(spec.parse().unwrap(), 7);
        let strikes = requests.iter().map(|(method, path)| injector.strike(method, path, 3).is_some());
        strikes.enumerate().filter_map(|(index, struck)| struck.then_some(index + 1)).collect()
    }

    #[test]
    fn rules_strike_where_they_say() {
        let requests = [
            ("GET", "/instances"),
            ("POST", "/instances"),
            ("POST", "/instances"),
            ("DELETE", "/instances/7"),
            ("POST", "/instances"),
            ("PUT", "/instances/7/enabled"),
        ];
        let cases: [(&str, &[usize]); 14] = [
            ("", &[]),
            ("429", &[1, 2, 3, 4, 5, 6]),
            ("500-after:POST /instances#2", &[3]),
            ("500-after:POST /instances #2+", &[3, 5]),
            ("500:POST#1-2", &[2, 3]),
            ("drop-before:/instances", &[1, 2, 3, 5]),
            ("drop-before:/instances/*", &[4]),
            ("drop-before:/instances/**", &[4, 6]),
            ("late:#2", &[2]),
            ("429:rate=1", &[1, 2, 3, 4, 5, 6]),
            ("429:rate=0", &[]),
            ("truncated:GET, non-json:DELETE", &[1, 4]),
            ("429:GET over=3", &[1]),
            ("429:over=4", &[]),
        ];
        for (spec, expected) in cases {
            assert_eq!(struck(spec, &requests), expected, "{spec}");
        }
    }

    #[test]
    fn actions_mean_what_they_say() {
        let cases = [
            ("429", Fault::Status { status: 429, effect: Effect::Before, retry_after: None }),
            ("429(2)", Fault::Status { status: 429, effect: Effect::Before, retry_after: Some(2) }),
            ("500-after", Fault::Status { status: 500, effect: Effect::After, retry_after: None }),
            ("drop-after", Fault::Drop(Effect::After)),
            ("late", Fault::Late(Lateness::Lists(1))),
            ("late(200ms)", Fault::Late(Lateness::Time(Duration::from_millis(200)))),
            ("slow(1.5s)", Fault::Slow(Duration::from_millis(1500))),
        ];
        for (spec, expected) in cases {
            let faults: Faults = spec.parse().unwrap();
            assert_eq!(faults.rules[0].fault, expected, "{spec}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let cases = [
            ("200", "a status from 400 on"),
            ("429(soon)", "whole seconds"),
            ("429(1", "`)` is missing"),
            ("slow", "a duration"),
            ("truncated(1)", "no argument"),
            ("429:post", "`post` is neither"),
            ("429:#0", "a number such as"),
            ("429:#4-2", "a number such as"),
            ("429:rate=2", "from 0 to 1"),
            ("429:over=some", "a number of requests"),
        ];
        for (spec, expected) in cases {
            let error = format!("429,{spec}").parse::<Faults>().unwrap_err();
            assert_eq!(error.rule, spec);
            assert!(error.problem.contains(expected), "{spec}: {error}");
        }
    }

    #[test]
    fn a_rate_follows_the_seed() {
        let requests = vec![("GET", "/instances"); 1000];
        let first = struck("429:rate=0.1", &requests);
        assert_eq!(first, struck("429:rate=0.1", &requests));
        assert!((60..140).contains(&first.len()), "{}", first.len());
    }
}
