//! Plans made by hand, and the text they become.

use super::*;
use crate::addr::Name;
use crate::plan::{
    Cause, DeleteReason, Drift, Edit, Finding, OutputChange, Reading, ReplaceOrder, ReplaceReason, Verdict,
};
use crate::provider::Object;
use crate::render::testing::{addr, edit, plan_of, planned, record, sources, value};
use crate::state::Record;
use crate::value::{Type, Value};

fn text(of: &Plan, detail: Detail) -> String {
    plan(of, &sources(), Kinds::builtin(), detail, &Style::default())
}

#[track_caller]
fn check(of: &Plan, expected: &str) {
    assert_eq!(text(of, Detail::Normal), expected.trim_matches('\n'));
}

fn update(edits: Vec<Edit>, after: &str) -> Action {
    Action::Update { prior: record("1001", "{}"), planned: planned(after), edits }
}

/// The lines of a single edit of a single object, without what is around them.
#[track_caller]
fn check_edit(path: &str, before: &str, after: &str, expected: &str) {
    let of = plan_of(vec![("support", 1, update(vec![edit(path, before, after)], "{}"))]);
    let text = text(&of, Detail::Normal);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[3..lines.len() - 2].join("\n"), expected.trim_matches('\n'));
}

#[test]
fn the_first_apply() {
    let support = r#"{"element": "freshdesk", "name": "Support desk", "tags": ["helpdesk"], "enabled": null,
        "configuration": {"password": "!hush", "subdomain": "example"}, "id": "?", "token": "?", "created_date": "?"}"#;
    let create = |json: &str| Action::Create { planned: planned(json) };
    let mut of =
        plan_of(vec![("support", 7, create(support)), ("connectwise", 9, create(r#"{"name": "c"}"#))]);
    of.reading = Reading::default();
    check(
        &of,
        r#"
isotope plan · 2 instances, none yet

  +   instance.connectwise   main.hcl:9
  +   instance.support       main.hcl:7

  + instance.connectwise                                              main.hcl:9
      name  "c"

  + instance.support                                                  main.hcl:7
      element        "freshdesk"
      name           "Support desk"
      configuration
          "password"   (sensitive value)
          "subdomain"  "example"
      tags           ["helpdesk"]
      id, token, created_date  (known after apply)

Plan: 2 to add, 0 to change, 0 to destroy.
"#,
    );
}

#[test]
fn one_rename() {
    let rename = edit("name", r#""Support desk""#, r#""Support""#);
    check(
        &plan_of(vec![("support", 7, update(vec![rename], r#"{"name": "Support"}"#))]),
        r#"
isotope plan · 3 instances, read in 1 request

  ~ instance.support  [id=1001]                                       main.hcl:7
      ~ name  "Support desk" → "Support"

Plan: 0 to add, 1 to change, 0 to destroy.
"#,
    );
}

fn mixed() -> Plan {
    let mut drift = edit("configuration.event.poller.refresh_interval", r#""60""#, r#""15""#);
    drift.cause = Cause::Drift;
    let edits = || {
        vec![
            edit("configuration.filter.response.nulls", r#""true""#, r#""false""#),
            drift.clone(),
            edit("configuration.password", r#""!a""#, r#""!b""#),
            edit("tags", r#"["crm"]"#, r#"["crm", "sales"]"#),
        ]
    };
    let after = r#"{"configuration": {"filter.response.nulls": "false", "event.poller.refresh_interval": "15",
        "password": "!b", "a": "1", "b": "2"}, "tags": ["crm", "sales"]}"#;
    let mut element = edit("element", r#""sfdc""#, r#""sfdcbulk""#);
    element.forces_replace = true;
    let because = ReplaceReason::CannotUpdate(vec![element.path.clone()]);
    let order = ReplaceOrder::DeleteFirst;
    let replace = Action::Replace {
        prior: record("9", "{}"),
        planned: planned("{}"),
        edits: vec![element],
        order,
        because,
    };
    let delete = Action::Delete { prior: record("8", "{}"), because: DeleteReason::NoResourceConfig };
    plan_of(vec![
        ("hubspot", 2, update(edits(), after)),
        ("sales", 4, update(edits(), after)),
        ("netsuite", 0, delete),
        ("bulk", 6, replace),
        ("brand_new", 8, Action::Create { planned: planned(r#"{"name": "n"}"#) }),
    ])
}

#[test]
fn order_by_risk_and_the_same_edit_shown_once() {
    check(
        &mixed(),
        r#"
isotope plan · 3 instances, read in 1 request

  -/+ instance.bulk                      main.hcl:6     element changed: "sfdc" → "sfdcbulk"
  -   instance.netsuite                                 no longer declared; its token will stop working
  ~   instance.hubspot, instance.sales   main.hcl:2,4   configuration, tags, the same edit twice
  +   instance.brand_new                 main.hcl:8

  -/+ instance.bulk  [id=9]                                           main.hcl:6
      ~ element  "sfdc" → "sfdcbulk"   forces replacement

  ~ instance.hubspot, instance.sales  [id=1001, 1001]                 main.hcl:2,4
      ~ configuration
          ~ "filter.response.nulls"  "true" → "false"
          ~ "event.poller.refresh_interval"  "60" → "15"   drift: changed outside, will be put back
          ~ "password"               (sensitive, changed)
            # 2 more, unchanged
      ~ tags           + [1] "sales"

  + instance.brand_new                                                main.hcl:8
      name  "n"

Plan: 2 to add, 2 to change, 2 to destroy.
"#,
    );
}

#[test]
fn concise_plans_have_a_line_for_each_object() {
    let text = text(&mixed(), Detail::Concise);
    assert!(!text.contains("[id="), "{text}");
    assert_eq!(text.lines().count(), 8, "{text}");
}

#[test]
fn full_plans_group_nothing_and_hide_nothing_but_secrets() {
    let text = text(&mixed(), Detail::Full);
    assert!(text.contains("  ~ instance.sales  [id=1001]"), "{text}");
    assert!(text.contains(r#"            "a"                      "1""#), "{text}");
    assert!(!text.contains("unchanged"), "{text}");
}

#[test]
fn nothing_to_do() {
    let mut of = plan_of(vec![("support", 7, Action::NoOp { record: record("1", "{}"), write: false })]);
    check(&of, "No changes. Your infrastructure matches the configuration.");
    of.mode = Mode::RefreshOnly;
    check(&of, "No changes. Your infrastructure still matches the configuration.");
    of.mode = Mode::Destroy;
    check(&of, "No changes. No objects need to be destroyed.");
}

#[test]
fn an_open_intent_was_found() {
    let mut of = plan_of(Vec::new());
    let mut found = record("1001", "{}");
    found.marker = Some("isotope:0:1".into());
    let verdict = Verdict::Adopted(Box::new(found));
    of.answers.findings.push(Finding { intent: "1".into(), addr: addr("support"), verdict });
    check(
        &of,
        "An earlier run ended while it was creating instance.support. It was found: id 1001 carries its marker and \
         will be adopted.\n\nNo changes. Your infrastructure matches the configuration.",
    );
}

#[test]
fn only_outputs_change() {
    let mut of = plan_of(Vec::new());
    let change = |before: &str, after: &str| OutputChange {
        before: (!before.is_empty()).then(|| value(before)),
        after: (!after.is_empty()).then(|| value(after)),
    };
    of.outputs = [
        (Name::from("kept"), change("1", "1")),
        (Name::from("name"), change(r#""a""#, r#""b""#)),
        (Name::from("new"), change("", r#""?""#)),
        (Name::from("token"), change(r#""!x""#, r#""!y""#)),
        (Name::from("gone"), change("[1]", "")),
    ]
    .into();
    check(
        &of,
        r#"
isotope plan · 3 objects, read in 1 request

Changes to outputs:
  - gone   [1]
  ~ name   "a" → "b"
  + new    (known after apply)
  ~ token  (sensitive, changed)

You can apply this plan to save these new output values to the state, without changing any real infrastructure.
"#,
    );
}

#[test]
fn what_changed_outside_and_stays() {
    let drifted = |name: &str, current: Option<Record>, edits: Vec<Edit>| Drift {
        addr: addr(name),
        prior: record("1001", "{}"),
        current,
        edits,
    };
    let renamed = || drifted("support", Some(record("1001", "{}")), vec![edit("name", r#""a""#, r#""b""#)]);
    let mut of = plan_of(Vec::new());
    of.drift = vec![drifted("old", None, Vec::new()), renamed()];
    of.mode = Mode::RefreshOnly;
    check(
        &of,
        r#"
Changed outside since the last apply:
  - instance.old  [id=1001]   deleted
  ~ instance.support  [id=1001]
      ~ name  "a" → "b"

This is a refresh-only plan: nothing is done to undo these changes. Apply it to record them in the state, without changing any real infrastructure.
"#,
    );
    // What is put back is told where it is put back, and what the API chooses is only read again.
    let mut back = plan_of(vec![("support", 7, update(vec![edit("name", r#""b""#, r#""a""#)], "{}"))]);
    back.drift = vec![renamed(), drifted("x", Some(record("1", "{}")), vec![edit("created_date", "1", "2")])];
    assert!(!text(&back, Detail::Normal).contains("outside"));
}

#[test]
fn a_single_deletion_says_why() {
    let delete = Action::Delete { prior: record("8", r#"{"name": "x"}"#), because: DeleteReason::EachKey };
    check(
        &plan_of(vec![("desk/eu", 7, delete)]),
        r#"
isotope plan · 3 instances, read in 1 request

  - instance.desk["eu"]  [id=8]                                       main.hcl:7
      # its key is no longer in `for_each`; its token will stop working

Plan: 0 to add, 0 to change, 1 to destroy.
"#,
    );
}

#[test]
fn many_objects_with_one_edit() {
    let edits = || update(vec![edit("name", r#""a""#, r#""b""#)], "{}");
    let names: Vec<String> = (0..9).map(|at| format!("desk/{at}")).collect();
    let of = plan_of(names.iter().map(|name| (name.as_str(), 3, edits())).collect());
    let text = text(&of, Detail::Normal);
    let line = r#"  ~   instance.desk["0"], instance.desk["1"], instance.desk["2"] and 6 more   main.hcl:3   name, the same edit 9 times"#;
    assert!(text.contains(line), "{text}");
    assert_eq!(text.lines().count(), 8, "{text}");
}

#[test]
fn lists_are_compared_by_content() {
    check_edit("x", r#"["a", "b"]"#, r#"["new", "a", "b"]"#, r#"      ~ x  + [0] "new""#);
    check_edit("x", r#"["a", "b", "c"]"#, r#"["a", "c"]"#, r#"      ~ x  - [1] "b""#);
    check_edit("x", r#"["a", "b", "c"]"#, r#"["a", "B", "c"]"#, "      ~ x\n          ~ [1]  \"b\" → \"B\"");
    check_edit(
        "x",
        r#"["a", "b", "c"]"#,
        r#"["c", "a", "b"]"#,
        r#"      ~ x  order changed: ["c", "a", "b"]"#,
    );
    check_edit(
        "x",
        r#"["a", "b", "c"]"#,
        r#"["c", "a", "b", "d"]"#,
        r#"
      ~ x
          ~ [0]  "c"   moved from [2]
          + [3] "d"
"#,
    );
    check_edit(
        "x",
        r#"[{"name": "one", "n": 1}, {"name": "two", "n": 2}]"#,
        r#"[{"name": "zero", "n": 0}, {"name": "one", "n": 1}, {"name": "two", "n": 3}]"#,
        r#"
      ~ x
          + [0]
              + "n"     0
              + "name"  "zero"
          ~ [2]
              ~ "n"  2 → 3
                # 1 more, unchanged
"#,
    );
}

#[test]
fn maps_are_compared_by_key() {
    check_edit(
        "x",
        r#"{"a": 1, "b": {"c": 1, "d": 2}, "e": 5}"#,
        r#"{"a": 1, "b": {"c": 2, "d": 2}, "f": "!s"}"#,
        r#"
      ~ x
          ~ "b"
              ~ "c"  1 → 2
                # 1 more, unchanged
          - "e"  5
          + "f"  (sensitive value)
            # 1 more, unchanged
"#,
    );
}

#[test]
fn sets_are_compared_by_element() {
    let set = |names: &[&str]| Value::set(Type::String, names.iter().map(|n| Value::string(*n)).collect());
    let of = Edit { before: Some(set(&["a", "b"])), after: Some(set(&["b", "c"])), ..edit("tags", "", "") };
    let of = plan_of(vec![("support", 1, update(vec![of], "{}"))]);
    assert!(
        text(&of, Detail::Normal).contains("\n      ~ tags  - \"a\", + \"c\"\n"),
        "{}",
        text(&of, Detail::Normal)
    );
}

#[test]
fn an_object_in_a_set_that_changes_is_one_change() {
    let step = |id: i64, method: &str| value(&format!(r#"{{"id": {id}, "method": "{method}"}}"#));
    let set = |steps: &[Value]| Value::set(steps[0].ty(), steps.to_vec());
    let (before, after) = (set(&[step(1, "GET"), step(2, "GET")]), set(&[step(1, "POST"), step(2, "GET")]));
    let of = Edit { before: Some(before), after: Some(after), ..edit("steps", "", "") };
    let text = text(&plan_of(vec![("support", 1, update(vec![of], "{}"))]), Detail::Normal);
    let lines = "      ~ steps\n          ~ id 1\n              ~ \"method\"  \"GET\" → \"POST\"\n";
    assert!(text.contains(lines), "{text}");
}

#[test]
fn texts_are_compared_line_by_line() {
    check_edit(
        "script",
        r#""one\ntwo\nthree\nfour\nfive\nsix\n""#,
        r#""one\ntwo\nthree\nfour\nFIVE\nsix\nseven\n""#,
        r#"
      ~ script
            # line 3
            three
            four
          - five
          + FIVE
            six
          + seven
"#,
    );
}

#[test]
fn json_in_strings_is_compared_by_structure() {
    check_edit(
        "x",
        r#""{\"a\": 1, \"b\": [1]}""#,
        r#""{\"b\":[1,2],\"a\":1}""#,
        r#"
      ~ x  (JSON)
          ~ "b"  + [1] 2
            # 1 more, unchanged
"#,
    );
    check_edit("x", r#""{\"a\": 1}""#, r#""{\"a\":1}""#, "      ~ x  (JSON; only how it is written changes)");
}

#[test]
fn yaml_in_strings_is_compared_by_structure() {
    check_edit(
        "x",
        r#""a: 1\nb:\n  - id: 1\n  - id: 2\n""#,
        r#""b:\n  - id: 0\n  - id: 1\n  - id: 2\na: 1\n""#,
        r#"
      ~ x  (YAML)
          ~ "b"
              + [0]
                  + "id"  0
            # 1 more, unchanged
"#,
    );
    // What only readers see is shown as they see it.
    check_edit(
        "x",
        r##""# old\na: 1\n""##,
        r##""# new\na: 1\n""##,
        "      ~ x\n          - # old\n          + # new\n            a: 1",
    );
}

#[test]
fn what_is_adopted_moved_and_forgotten_has_a_line() {
    let no_op = |id: &str| Action::NoOp { record: record(id, "{}"), write: true };
    let mut of = plan_of(vec![
        ("adopted", 1, no_op("7")),
        ("renamed", 2, no_op("8")),
        ("forgotten", 0, Action::Forget { prior: record("9", "{}") }),
        ("gone", 0, Action::Forget { prior: record("10", "{}") }),
    ]);
    let object = Object { id: "7".into(), values: value("{}"), marker: None };
    of.answers.imports.insert(addr("adopted"), object);
    of.changes.get_mut(&Subject::current(addr("renamed"))).unwrap().previous = Some(addr("old"));
    of.drift =
        vec![Drift { addr: addr("gone"), prior: record("10", "{}"), current: None, edits: Vec::new() }];
    check(
        &of,
        r#"
isotope plan · 3 instances, read in 1 request

  .   instance.forgotten                no longer managed, and left as it is
  ·   instance.adopted     main.hcl:1   import [id=7]
  ·   instance.renamed     main.hcl:2   moved from instance.old

Changed outside since the last apply:
  - instance.gone  [id=10]   deleted

Plan: 1 to import, 0 to add, 0 to change, 0 to destroy.
"#,
    );
}

#[test]
fn a_plan_that_leaves_nothing_says_so() {
    let delete =
        |id: &str| Action::Delete { prior: record(id, "{}"), because: DeleteReason::NoResourceConfig };
    let all = || plan_of(vec![("a", 0, delete("1")), ("b", 0, delete("2")), ("c", 0, delete("3"))]);
    let sentence = "This plan destroys everything that is managed here: all 3 instances.";
    assert!(text(&all(), Detail::Normal).contains(sentence));
    assert!(markdown(&all(), &sources(), Kinds::builtin(), Detail::Normal, LONGEST).contains(sentence));
    let asked = Plan { mode: Mode::Destroy, ..all() };
    assert!(text(&asked, Detail::Normal).contains(sentence), "whoever asked for it reads it too");
    let two = plan_of(vec![("a", 0, delete("1")), ("b", 0, delete("2"))]);
    assert!(!text(&two, Detail::Normal).contains(sentence));
}

#[test]
fn a_replacement_names_the_entry_that_forces_it() {
    let edits = vec![edit("triggers_replace.version", "1", "2"), edit("name", r#""a""#, r#""b""#)];
    let because = ReplaceReason::CannotUpdate(vec![edit("triggers_replace", "", "").path]);
    let (prior, order) = (record("9", "{}"), ReplaceOrder::DeleteFirst);
    let replace = Action::Replace { prior, planned: planned("{}"), edits, order, because };
    let text = text(&plan_of(vec![("a", 1, replace)]), Detail::Concise);
    assert!(text.contains(r#"triggers_replace["version"] changed: 1 → 2"#), "{text}");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [40, 60, 80] {
        for detail in [Detail::Normal, Detail::Concise, Detail::Full] {
            let style = Style { color: true, width: Some(width) };
            let text = plan(&mixed(), &sources(), Kinds::builtin(), detail, &style);
            // The line that scripts read is never broken.
            let lines = text.lines().filter(|line| !line.starts_with("Plan: "));
            let widest = lines.map(crate::render::columns).max();
            assert!(widest <= Some(width), "{width}: {text}");
        }
    }
}

#[test]
fn markdown_has_a_table_and_folds_the_details_away() {
    let text = markdown(&mixed(), &sources(), Kinds::builtin(), Detail::Normal, LONGEST);
    for part in [
        "## Plan: 2 to add, 2 to change, 2 to destroy\n",
        "| <code>-/+</code> | <code>instance.bulk</code> | <code>main.hcl:6</code> | element changed: \"sfdc\" → \"sfdcbulk\" |\n",
        "<summary><code>&#126;</code> <code>instance.hubspot, instance.sales</code> <code>&#91;id=1001, 1001&#93;</code></summary>",
        "\n```diff\n! configuration\n!     \"filter.response.nulls\"  \"true\" → \"false\"\n",
        "\n+ name  \"n\"\n```\n\n</details>\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("hunter"), "{text}");
}

#[test]
fn markdown_is_cut_at_whole_objects_and_says_so() {
    let long = |at: usize| format!(r#"{{"name": "{}"}}"#, format!("{at}").repeat(400));
    let create = |at: usize| Action::Create { planned: planned(&long(at)) };
    let names: Vec<String> = (0..99).map(|at| format!("desk/{at}")).collect();
    let of = plan_of(names.iter().enumerate().map(|(at, name)| (name.as_str(), 1, create(at))).collect());
    for limit in [2_000, 5_000, 30_000, LONGEST] {
        let text = markdown(&of, &sources(), Kinds::builtin(), Detail::Normal, limit);
        assert!(text.chars().count() <= limit, "{}", text.chars().count());
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        assert_eq!(text.matches("```").count(), 2 * text.matches("<details>").count());
        let left_out = 99 - text.matches("<details>").count();
        let named = format!("and {} more", left_out.saturating_sub(5));
        assert_eq!(text.contains(&named) && text.contains("Left out"), left_out > 0, "{limit}: {text}");
    }
}

#[test]
fn nothing_in_markdown_is_markup_but_ours() {
    let edits = vec![edit("x", r#""a""#, r#""```\n<b>|@ann #1\n""#)];
    let of = plan_of(vec![("desk/<x>|`y`@ann", 1, update(edits, "{}"))]);
    let text = markdown(&of, &sources(), Kinds::builtin(), Detail::Normal, LONGEST);
    assert!(text.contains("\n````diff\n"), "{text}");
    let outside: String = text.lines().filter(|line| !line.starts_with(['!', '+', '-', ' '])).collect();
    assert!(!outside.contains("<x>") && !outside.contains("@ann") && !outside.contains("|`"), "{outside}");
}

#[test]
fn of_long_lines_only_the_change_is_shown() {
    let long = |word: &str| format!("\"{}{word}{}\"", "x".repeat(50), "é".repeat(50));
    check_edit(
        "x",
        &long("one"),
        &long("two"),
        "      ~ x  \"…xxxxxxxxxxxxxxxxxoneéééééééééééééééé…\" → \"…xxxxxxxxxxxxxxxxxtwoéééééééééééééééé…\"",
    );
}

#[test]
fn other_changes() {
    check_edit("x", "1", "null", "      ~ x  1 → null");
    check_edit("x", "", "1", "      + x  1");
    check_edit("x", r#"["!a"]"#, r#"["!b", "c"]"#, "      ~ x  (sensitive, changed)");
    check_edit("x", r#""a""#, r#""?""#, "      ~ x  \"a\" → (known after apply)");
    check_edit("x", r#""\u001b[2Ja""#, r#""b""#, r#"      ~ x  "\x1b[2Ja" → "b""#);
}

#[test]
fn colour_marks_only_what_changed() {
    let of = plan_of(vec![("support", 0, update(vec![edit("x", r#""abc""#, r#""abd""#)], "{}"))]);
    let style = Style { color: true, width: Some(80) };
    let coloured = plan(&of, &sources(), Kinds::builtin(), Detail::Normal, &style);
    assert!(coloured.contains("\"ab\x1b[31mc\x1b[0m\" → \"ab\x1b[32md\x1b[0m\""), "{coloured:?}");
}
