//! What is done while something goes wrong: a world that stands, and a configuration to bring it to.

use crate::mishap::{At, Fault, Schedule, Trial};
use crate::world::{Project, Ran, World};
use isotope::plan::Mode;

/// A world before, and what is applied to it.
pub struct Scenario {
    pub name: String,
    pub before: World,
    pub project: Project,
}

/// One step of the way to the world before: a configuration, perhaps with a misfortune.
type Step<'s> = (&'s str, Option<Schedule>);

pub const OURS: &str = "2026-11-21T00:00:00Z";
/// The API's clock may be years behind ours, or ahead.
const BEHIND: &str = "2001-01-01T00:00:00Z";
const AHEAD: &str = "2100-01-01T00:00:00Z";

/// An instance's block. `extra` are more lines in it.
fn desk(name: &str, password: &str, extra: &str) -> String {
    format!(
        r#"instance "{name}" {{
  element = "freshdesk"
  configuration = {{ username = "ops@example.com", password = "{password}", subdomain = "{name}" }}
  {extra}
}}
"#
    )
}

/// A kind over the same collection that has no place for a marker; `key` may say what is unique.
fn plain_kind(key: &str) -> String {
    format!(
        r#"kind "desk" {{
  provider   = "cloudelements"
  collection = "/instances"
  {key}
  attribute "element" {{
    type    = string
    replace = true
    at      = "element.key"
  }}
  attribute "name" {{ type = string }}
  attribute "configuration" {{
    type    = map(any)
    partial = true
    text    = true
    masked  = "********"
  }}
  create {{ request = "POST /instances" }}
  read {{ request = "GET /instances/${{id}}" }}
  update {{ request = "PATCH /instances/${{id}}" }}
  delete {{ request = "DELETE /instances/${{id}}" }}
  list {{
    request = "GET /instances"
    empty   = [404]
    page {{
      size         = 2
      size_param   = "pageSize"
      token_param  = "nextPage"
      token_header = "elements-next-page-token"
    }}
  }}
}}
"#
    )
}

fn plain_desk(label: &str, name: &str, extra: &str) -> String {
    desk(label, "s3cret-one", &format!("name = \"{name}\"\n  {extra}")).replace("instance \"", "desk \"")
}

impl Scenario {
    pub async fn new(name: &str, clock: &str, before: &[Step<'_>], text: &str, mode: Mode) -> Self {
        let mut world = World::empty(clock);
        // Somebody else's object, which looks like ours will.
        let foreign = serde_json::json!({ "instances": [{
            "name": "a", "element": "freshdesk",
            "configuration": { "username": "ops@example.com", "password": "s3cret-one", "subdomain": "a" },
            "tags": ["theirs"],
        }] });
        world.api.load(&foreign).expect("an object");
        for (text, schedule) in before {
            let misfortune = schedule.is_some();
            let trial = Trial::new(schedule.clone().unwrap_or_default());
            let ran = world.run(&Project::new(text, Mode::Normal), &trial).await;
            let complete = matches!(&ran, Ran::Applied(outcome, _) if outcome.is_complete());
            assert_eq!(complete, !misfortune, "{name}: {}", ran.told());
        }
        // What was asked so far is history.
        world = world.fork();
        Self { name: name.to_owned(), before: world, project: Project::new(text, mode) }
    }
}

/// All small worlds. Each has what can be done to an object, alone and beside others.
pub async fn all() -> Vec<Scenario> {
    let two = desk("a", "s3cret-one", "") + &desk("b", "s3cret-one", "tags = [instance.a.id]");
    let both = two.clone() + &desk("c", "s3cret-one", "enabled = false");
    let changed = desk("a", "s3cret-two", "tags = [\"t\"]") + &desk("b", "s3cret-one", "enabled = false");
    let replaced = |extra: &str| {
        desk("a", "s3cret-one", extra).replace("freshdesk", "freshservice")
            + &desk("b", "s3cret-one", "tags = [instance.a.id]")
    };
    let first = |extra: &str| {
        let first = format!("lifecycle {{ create_before_destroy = true }}\n  {extra}");
        desk("a", "s3cret-one", &first) + &desk("b", "s3cret-one", "tags = [instance.a.id]")
    };
    let moved = desk("c", "s3cret-two", "").replace("\"c\" }", "\"a\" }")
        + "moved {\n  from = instance.a\n  to = instance.c\n}\n";
    // The fourth request of the replacement, after the creation and an update, is the deletion: it fails, and the old object waits.
    let no_deletes = Schedule { faults: vec![(At::From(4), Fault::Status(403))], ending: None, seed: 1 };
    let plain = |mode: &str| {
        plain_kind(mode)
            + "provider \"cloudelements\" { alias = \"plain\" }\n"
            + &plain_desk("x", "a", "")
            + &plain_desk("y", "y", "")
    };
    // What names an object is what it is found by, whatever ids stood there before.
    let keyed = plain("unique = [\"name\"]").replace("name = \"a\"", "name = \"x\"");
    let keyed_other = keyed.replace("freshdesk", "freshservice");
    let unmarked = |text: &str| {
        "provider \"cloudelements\" {\n  alias = \"plain\"\n}\n".to_owned()
            + &text.replace("element = ", "provider = cloudelements.plain\n  element = ")
    };
    let twins = unmarked(&desk("a", "s3cret-one", "count = 3\n  name = \"same\""));
    let replaced_first = replaced("lifecycle { create_before_destroy = true }");
    let normal = Mode::Normal;
    vec![
        Scenario::new("create", OURS, &[], &both, normal).await,
        Scenario::new("update", OURS, &[(&two, None)], &changed, normal).await,
        Scenario::new("replace", OURS, &[(&two, None)], &replaced(""), normal).await,
        Scenario::new("replace-create-first", BEHIND, &[(&first(""), None)], &replaced_first, normal).await,
        Scenario::new("delete", OURS, &[(&two, None)], &desk("d", "s3cret-one", ""), normal).await,
        Scenario::new("destroy", OURS, &[(&both, None)], &both, Mode::Destroy).await,
        Scenario::new("moved", AHEAD, &[(&two.replace("instance.a.id", "\"t\""), None)], &moved, normal)
            .await,
        Scenario::new(
            "deposed",
            OURS,
            &[(&first(""), None), (&replaced_first, Some(no_deletes))],
            &first("tags = [\"again\"]"),
            normal,
        )
        .await,
        Scenario::new("unmarked-create", BEHIND, &[], &unmarked(&both), normal).await,
        Scenario::new("unmarked-twins", AHEAD, &[], &twins, normal).await,
        Scenario::new(
            "unmarked-replace-create-first",
            BEHIND,
            &[(&unmarked(&first("")), None)],
            &unmarked(&replaced_first),
            normal,
        )
        .await,
        Scenario::new("no-marker-in-kind", BEHIND, &[], &plain(""), normal).await,
        Scenario::new("no-marker-in-kind-destroy", OURS, &[(&plain(""), None)], &plain(""), Mode::Destroy)
            .await,
        Scenario::new("natural-key", AHEAD, &[], &keyed, normal).await,
        Scenario::new("natural-key-replace", BEHIND, &[(&keyed, None)], &keyed_other, normal).await,
    ]
}
