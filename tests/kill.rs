//! The built binary, killed with SIGKILL at every request of an apply, a replacement and a destroy, against the emulator as a
//! process of its own that misbehaves at random. After each, one clean run: everything is there, once, and nothing is left to do.
//!
//! A handful of runs each time; `tests/long/kill` sets `KILL_RUNS` for as many as there are requests, and more.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use support::api::Api;
use support::door::{self, Last};
use support::run::{self, Input};

/// How many instances the configuration has.
const DESKS: usize = 12;

/// What the API does wrong while it is used, beside nothing at all. Rates are low, so that a clean run ends well.
const WEATHER: [&str; 3] = [
    "",
    "500-after:POST /instances#3,drop-after:POST /instances#5,drop-before:POST /instances#7,late(2):POST /instances#9",
    "429(1):rate=0.03,503:GET rate=0.05,drop-after:rate=0.05,truncated:POST rate=0.05,non-json:PATCH rate=0.1,500-after:DELETE rate=0.1",
];

#[derive(Clone, Copy, Debug)]
enum Deed {
    Apply,
    Replace,
    ReplaceFirst,
    Destroy,
}

const DEEDS: [Deed; 4] = [Deed::Apply, Deed::Replace, Deed::ReplaceFirst, Deed::Destroy];

/// Twelve instances: two that stand alone, the others in chains of five.
fn configuration(element: &str, first: bool) -> String {
    let block = |at: usize| {
        let needs =
            if at < 2 || at % 5 == 2 { String::new() } else { format!("tags = [instance.d{}.id]", at - 1) };
        let lifecycle = if first { "lifecycle { create_before_destroy = true }" } else { "" };
        let configuration =
            format!(r#"{{ username = "ops@example.com", password = "s3cret-{at}", subdomain = "d{at}" }}"#);
        format!(
            "instance \"d{at}\" {{\n  element = \"{element}\"\n  configuration = {configuration}\n  {needs}\n  {lifecycle}\n}}\n"
        )
    };
    (0..DESKS).map(block).collect()
}

struct Place {
    _temp: tempfile::TempDir,
    dir: PathBuf,
    api: Api,
    runtime: tokio::runtime::Runtime,
}

impl Place {
    fn new(fault: &str) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().canonicalize().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let fault = format!("-fault={fault}");
        let args: &[&str] = if fault == "-fault=" { &[] } else { &[&fault] };
        Self { api: Api::start(&dir, args), _temp: temp, dir, runtime }
    }

    fn env(&self, address: SocketAddr) -> BTreeMap<String, String> {
        let base = format!("http://{address}{}", isotope::emulator::BASE_PATH);
        let dir = self.dir.display().to_string();
        [
            ("HOME", dir),
            ("CLOUD_ELEMENTS_BASE_URL", base),
            ("CLOUD_ELEMENTS_USER_SECRET", "s3cret-user".to_owned()),
            ("CLOUD_ELEMENTS_ORGANIZATION_SECRET", "s3cret-organization".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn write(&self, text: &str) {
        std::fs::write(self.dir.join("main.hcl"), text).unwrap();
    }

    /// Runs it to its end.
    fn run(&self, args: &[&str]) -> run::Ran {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        run::start(&self.dir, &args, &self.env(self.api.address), Input::Nothing).wait()
    }

    /// Runs it and kills it at its n-th request; false if it ended before.
    fn kill(&self, args: &[&str], number: usize, arrives: bool) -> bool {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let start = |address| run::start(&self.dir, &args, &self.env(address), Input::Nothing);
        self.runtime.block_on(door::killed(self.api.address, Last::nth(number, arrives), start))
    }

    /// Applies until it ends well: under bad weather even a run that nobody kills may fail.
    fn settle(&self, args: &[&str], patience: usize) {
        for attempt in 1..=patience {
            let ran = self.run(args);
            if ran.status == 0 {
                return;
            }
            assert!(attempt < patience, "{}{}", ran.stdout, ran.stderr);
        }
    }
}

/// One run that is killed, and what mends it.
fn survives(deed: Deed, weather: &str, number: usize, arrives: bool) -> bool {
    let place = Place::new(weather);
    let told = format!("{deed:?} `{weather}` killed at request {number}, {arrives}");
    let patience = if weather.is_empty() { 1 } else { 8 };
    let first = matches!(deed, Deed::ReplaceFirst);
    place.write(&configuration("freshdesk", first));
    if !matches!(deed, Deed::Apply) {
        place.settle(&["apply", "-auto-approve"], patience);
    }
    if matches!(deed, Deed::Replace | Deed::ReplaceFirst) {
        place.write(&configuration("freshservice", first));
    }
    let args: &[&str] = match deed {
        Deed::Destroy => &["destroy", "-auto-approve"],
        _ => &["apply", "-auto-approve"],
    };
    let reached = place.kill(args, number, arrives);
    place.settle(args, patience);
    // What the weather makes late stays out of two lists.
    let _lagging = (place.api.objects(), place.api.objects());
    let objects = place.api.objects();
    let expected = if matches!(deed, Deed::Destroy) { 0 } else { DESKS };
    let names: std::collections::BTreeSet<&str> = objects.iter().filter_map(|o| o["name"].as_str()).collect();
    assert_eq!((objects.len(), names.len()), (expected, expected), "{told}: {names:?}");
    let state = place.run(&["state", "list"]);
    assert_eq!(state.stdout.lines().count(), expected, "{told}");
    if expected > 0 && weather.is_empty() {
        let plan = place.run(&["plan", "-detailed-exitcode"]);
        assert_eq!(plan.status, 0, "{told}: {}", plan.stdout);
    }
    reached
}

#[test]
fn what_is_killed_is_mended() {
    let wanted: usize = std::env::var("KILL_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(8);
    let begin = std::time::Instant::now();
    let (mut runs, mut reached) = (0, 0);
    // Every deed at its first request, then each at its second: a deed that ends before is not tried further.
    let mut open: Vec<(Deed, &str, bool)> = Vec::new();
    for weather in WEATHER {
        open.extend(DEEDS.iter().flat_map(|deed| [(*deed, weather, true), (*deed, weather, false)]));
    }
    let stride = if wanted < 100 { 5 } else { 1 };
    let mut number = if wanted < 100 { 4 } else { 1 };
    while runs < wanted && !open.is_empty() {
        open.retain(|(deed, weather, arrives)| {
            if runs >= wanted {
                return true;
            }
            runs += 1;
            let killed = survives(*deed, weather, number, *arrives);
            reached += usize::from(killed);
            killed
        });
        number += stride;
    }
    eprintln!("{runs} runs, {reached} of them killed, up to request {number}, {:?}", begin.elapsed());
    assert!(reached * 2 > runs, "hardly any was killed: {reached} of {runs}");
}
