//! Random graphs of up to 30 instances, and what becomes of them.

use crate::chance::Chance;
use crate::scenario::{OURS, Scenario};
use isotope::plan::Mode;

/// What one instance is, before or after.
#[derive(Clone)]
struct Desk {
    element: &'static str,
    password: u64,
    /// Instances that it needs.
    needs: Vec<usize>,
    first: bool,
    enabled: bool,
    /// Without a marker.
    plain: bool,
}

fn desk(at: usize, plain: bool, chance: &mut Chance) -> Desk {
    let mut needs: Vec<usize> = (0..chance.below(3)).filter(|_| at > 0).map(|_| chance.below(at)).collect();
    needs.sort_unstable();
    needs.dedup();
    Desk {
        element: "freshdesk",
        password: 0,
        needs,
        first: chance.once_in(4),
        enabled: !chance.once_in(6),
        plain,
    }
}

fn changed(desk: &Desk, chance: &mut Chance) -> Desk {
    let mut desk = desk.clone();
    match chance.below(6) {
        0 => desk.element = "freshservice",
        1 => desk.password += 1,
        2 => desk.enabled = !desk.enabled,
        3 => desk.needs.clear(),
        _ => {}
    }
    desk
}

fn block(at: usize, desk: &Desk, there: &[bool]) -> String {
    let needs: Vec<String> =
        desk.needs.iter().filter(|need| there[**need]).map(|need| format!("instance.d{need}.id")).collect();
    let lifecycle = if desk.first { "lifecycle { create_before_destroy = true }" } else { "" };
    let provider = if desk.plain { "provider = cloudelements.plain" } else { "" };
    let Desk { element, password, enabled, .. } = desk;
    format!(
        r#"instance "d{at}" {{
  element = "{element}"
  configuration = {{ username = "ops@example.com", password = "s3cret-{password}", subdomain = "d{at}" }}
  tags = [{}]
  enabled = {enabled}
  {provider}
  {lifecycle}
}}
"#,
        needs.join(", ")
    )
}

fn text(desks: &[Desk], there: &[bool]) -> String {
    let blocks = desks.iter().enumerate().filter(|(at, _)| there[*at]);
    let blocks: String = blocks.map(|(at, desk)| block(at, desk, there)).collect();
    format!("provider \"cloudelements\" {{\n  alias = \"plain\"\n}}\n{blocks}")
}

/// A graph, and the one it is brought to.
pub async fn random(seed: u64) -> Scenario {
    let mut chance = Chance::new(seed);
    let count = 2 + chance.below(29);
    let marks = chance.below(3);
    let desks: Vec<Desk> = (0..count)
        .map(|at| {
            let plain = marks == 1 || (marks == 2 && chance.once_in(2));
            desk(at, plain, &mut chance)
        })
        .collect();
    let before: Vec<bool> = (0..count).map(|_| !chance.once_in(3)).collect();
    let after: Vec<bool> = (0..count).map(|_| !chance.once_in(4)).collect();
    let second: Vec<Desk> = desks.iter().map(|desk| changed(desk, &mut chance)).collect();
    let mode = if chance.once_in(10) { Mode::Destroy } else { Mode::Normal };
    let name = format!("graph {seed} of {count}");
    Scenario::new(&name, OURS, &[(&text(&desks, &before), None)], &text(&second, &after), mode).await
}
