//! What kinds may say, and every mistake one can make in them, as annotated sources.

use crate::diag::{Diagnostic, Diagnostics, Sources};
use crate::kind::testing::compare;
use crate::kind::{Generate, Kind, Kinds, Role};
use crate::syntax;
use crate::value::{Constraint, Type, Value};

fn read(text: &str) -> (Vec<Kind>, Vec<Diagnostic>, Sources) {
    let mut sources = Sources::new();
    let file = sources.add("main.hcl", text);
    let mut diags = Diagnostics::new();
    let body = syntax::parse(&sources, file, &mut diags);
    let kinds = body.blocks.iter().filter_map(|block| super::kind(block, &mut diags).ok()).collect();
    (kinds, diags.take(), sources)
}

/// Reads a source whose comments say what is wrong with it.
fn check(text: &str) {
    let (_, found, sources) = read(text);
    compare(text, &found, &sources);
}

/// A kind with nothing wrong, for a mistake to be put in.
fn with(what: &str) -> String {
    format!(
        "kind \"thing\" {{\n  provider = \"rest\"\n  collection = \"/things\"\n  attribute \"name\" {{ type = string }}\n{what}\n}}"
    )
}

#[test]
fn built_in_kinds_are_read_whole() {
    let kinds = Kinds::builtin();
    let names =
        "account element formula formula_instance instance job object_definition transformation user value";
    assert_eq!(kinds.names().collect::<Vec<_>>().join(" "), names);
    let instance = kinds.get("instance").unwrap();
    let methods = [&instance.create, &instance.read, &instance.update, &instance.delete]
        .map(|request| request.as_ref().unwrap().method.clone());
    assert_eq!(methods, ["POST", "GET", "PATCH", "DELETE"]);
    let list = instance.list.as_ref().unwrap();
    assert_eq!((list.empty.as_slice(), list.marker_param.as_deref()), (&[404][..], Some("tags[]")));
    assert_eq!(list.page.as_ref().unwrap().size, Some((200, Some("pageSize".to_owned()))));
    assert_eq!(instance.marker.as_deref(), Some("tags"));
    let attribute = |name: &str| &instance.attributes[name];
    assert_eq!(attribute("element").at, ["element", "key"]);
    assert!(matches!(attribute("element").role, Role::Required) && attribute("element").replace);
    assert!(matches!(attribute("name").role, Role::Defaulted(_)));
    assert!(attribute("configuration").partial && attribute("configuration").text);
    assert_eq!(attribute("configuration").masked.as_deref(), Some("********"));
    assert!(attribute("provider_data").write_only && attribute("enabled").toggle.is_some());
    let value = kinds.get("value").unwrap();
    assert!(value.provider.is_none() && value.create.is_none());
    assert!(matches!(value.attributes["id"].role, Role::Generated(Generate::Uuid)));
    assert!(matches!(value.attributes["output"].role, Role::Generated(Generate::From(_))));
}

#[test]
fn a_collection_is_all_that_a_simple_kind_needs() {
    let (kinds, diags, _) = read(&with("  update {}\n  list { at = \"data.items\" }"));
    assert_eq!(diags, []);
    let [kind] = kinds.as_slice() else { panic!("one kind") };
    assert!(kind.create.is_some() && kind.read.is_some() && kind.update.is_some() && kind.delete.is_some());
    assert_eq!(kind.list.as_ref().unwrap().at, ["data", "items"]);
    assert_eq!(kind.attributes["id"].constraint, Constraint::String);
    assert_eq!(kind.read.as_ref().unwrap().gone, [404]);
}

#[test]
fn without_an_update_there_is_none() {
    let (kinds, diags, _) = read(&with(""));
    assert_eq!(diags, []);
    assert!(kinds[0].update.is_none() && kinds[0].list.is_none());
}

#[test]
fn mistakes_in_blocks_are_underlined() {
    check(
        r#"
kind "thing" {
  provider   = "rest"
  colection  = "/things"
# ^^^^^^^^^ Unsupported argument: `kind` has no argument `colection`; did you mean `collection`?
  collection = "/things"
  attribute "name" {
# ^^^^^^^^^^^^^^^^ Missing required argument: `attribute` needs `type`
    requird = true
  # ^^^^^^^ Unsupported argument: `attribute` has no argument `requird`; did you mean `required`?
  }
  atribute "x" { type = string }
# ^^^^^^^^ Unsupported block type: `kind` has no block `atribute`; did you mean `attribute`?
}"#,
    );
}

#[test]
fn names_must_be_free() {
    check(
        r#"
  kind "module" {
     # ^^^^^^^^ Invalid kind name: `module` is a word of the language
    collection = "/x"
  }
  kind "thing" {
    provider   = "rest"
    collection = "/x"
    attribute "count" { type = number }
            # ^^^^^^^ Invalid attribute name: every resource has a `count` of its own
    attribute "name" { type = string }
    computed "name" { type = string }
  # ^^^^^^^^^^^^^^^ Duplicate attribute: `name` is described a second time
  }"#,
    );
}

#[test]
fn attributes_must_make_sense() {
    check(
        r#"
  kind "thing" {
    provider   = "rest"
    collection = "/x"
    attribute "a" {
      type     = string
      partial  = true
               # ^^^^ Invalid attribute: only what has parts under names can be `partial`
    }
    attribute "b" {
      type     = strng
               # ^^^^^ Invalid type specification: `strng` is not a type; did you mean `string`?
    }
    attribute "c" {
      type     = string
      required = true
      default  = "x"
    # ^^^^^^^ Conflicting arguments: what is required is never left out, so it needs no default
    }
    attribute "d" {
      type     = string
      default  = blok.name
               # ^^^^ Unknown variable: known here: `block`
    }
    attribute "e" {
  # ^^^^^^^^^^^^^ Missing required argument: `attribute` needs `off`
      type = bool
      read = !object.off
      on   = "PUT /x/${id}/on"
    }
    computed "f" {
      type     = string
      generate = "dice"
               # ^^^^^^ Invalid generated value: only `uuid` can be generated
    }
  }"#,
    );
}

#[test]
fn requests_must_make_sense() {
    check(
        r#"
  kind "thing" {
    provider = "rest"
    attribute "parent" { type = string }
    create { request = "POST /parents/${id}/things" }
                                      # ^^ Unknown variable: known here: `parent`
    read { request = "FETCH /things/${id}" }
                   # ^^^^^^^^^^^^^^^^^^^^^ Invalid request: the method is one of GET, POST, PUT, PATCH and DELETE
    update { request = "PATCH things" }
                     # ^^^^^^^^^^^^^^ Invalid request: the path starts with `/`, under the provider's base URL, or is `object` or `collection`
    delete {
  # ^^^^^^ Missing required argument: `delete` needs `request`
    }
    list {
      request = "GET /parents/${parent}/things"
      empty   = [4044]
              # ^^^^^^ Invalid status: a status is a whole number from 100 to 599
      page {
    # ^^^^ Missing required argument: `page` needs `token_header` or `token_at`
        size        = 0
                    # ^ Invalid page size: a page holds a whole number of objects, at least 1
        size_param  = "n"
        token_param = "t"
      }
    }
  }"#,
    );
}

#[test]
fn what_is_named_must_exist() {
    check(
        r#"
  kind "thing" {
    provider   = "rest"
    collection = "/x"
    attribute "tags" { type = string }
    marker { attribute = "tags" }
                       # ^^^^^^ Invalid marker: `tags` is not a `set(string)` or `list(string)`, beside whose elements a marker could stand
    catalogue "elements" {
      key     = "tag"
              # ^^^^^ Unknown attribute: `thing` has no attribute `tag`; did you mean `tags`?
      entries = "tags"
    }
  }"#,
    );
}

#[test]
fn without_a_provider_nothing_can_be_asked() {
    check(
        r#"
  kind "thing" {
    attribute "name" { type = string }
    computed "size" { type = number }
  # ^^^^^^^^^^^^^^^ Missing required argument: without a provider, a computed attribute needs `value` or `generate`
    read { request = "GET /x" }
                   # ^^^^^^^^ Unexpected request: `thing` has no provider to send it to
  }"#,
    );
    check(
        r#"
  kind "thing" {
# ^^^^^^^^^^^^ Missing required argument: `kind` needs `create`
# ^^^^^^^^^^^^ Missing required argument: `kind` needs `read`
# ^^^^^^^^^^^^ Missing required argument: `kind` needs `delete`
    provider = "rest"
  }"#,
    );
}

#[test]
fn a_kind_cannot_take_a_name_twice() {
    let (kinds, diags, _) = read(&format!("{}\n{}", with(""), with("").replace("thing", "value")));
    assert_eq!(diags, []);
    let mut diags = Diagnostics::new();
    let both = Kinds::builtin().with([kinds.clone(), kinds].concat(), &mut diags);
    assert_eq!(both.names().count(), Kinds::builtin().names().count() + 1);
    let labels: Vec<_> = diags.take().into_iter().map(|d| d.label).collect();
    assert_eq!(labels, ["`thing` is defined a second time", "there is a built-in kind `value`"]);
}

#[test]
fn what_names_an_object_must_make_sense() {
    check(
        r#"
  kind "thing" {
    provider   = "rest"
    collection = "/things"
    key        = "name"
               # ^^^^^^ Invalid key: `name` must be `required` (or have a `default`) and `replace`
    unique     = ["nam"]
               # ^^^^^^^ Unknown attribute: `thing` has no attribute `nam`; did you mean `name`?
    import     = ["${owner}/${id}", "a-${id}"]
                # ^^^^^^^^^^^^^^^^ Unknown attribute: `thing` has no attribute `owner`
                                  # ^^^^^^^^^ Invalid import id: expected words between slashes: `"${parent}/${id}"`
    attribute "name" { type = string }
  }"#,
    );
}

#[test]
fn an_id_is_read_by_its_patterns() {
    let (kinds, diags, _) = read(
        r#"kind "thing" {
             provider   = "rest"
             collection = "/owners/${owner}/things"
             import     = ["${id}", "owners/${owner}/${id}"]
             attribute "owner" {
               type   = number
               parent = true
             }
           }"#,
    );
    assert_eq!(diags, []);
    let named =
        |id: &str| kinds[0].named(id).map(|named| (named.id, named.values.get_attr("owner").cloned()));
    let null = Value::null(Type::Number);
    assert_eq!(named("7"), Ok(("7".to_owned(), Some(null))));
    assert_eq!(named("owners/3/7"), Ok(("7".to_owned(), Some(Value::number(3u32)))));
    assert!(named("owners/x/7").unwrap_err().starts_with("`owner`: "));
    for wrong in ["", "owners/3/", "owner/3/7", "a/b"] {
        let problem = named(wrong).unwrap_err();
        assert_eq!(problem, "an id of `thing` is written `ID` or `owners/OWNER/ID`", "{wrong}");
    }
}

#[test]
fn several_arguments_may_be_the_identity() {
    let (kinds, diags, _) = read(
        r#"kind "thing" {
             provider   = "rest"
             collection = "/things"
             key        = ["name", "size"]
             attribute "name" {
               type     = string
               required = true
               replace  = true
             }
             attribute "size" {
               type     = number
               required = true
               replace  = true
             }
           }"#,
    );
    assert_eq!(diags, []);
    let kind = &kinds[0];
    let named = kind.named("a/7").unwrap();
    assert_eq!((&*named.id, kind.chosen(&named.values).as_deref()), ("a/7", Some("a/7")));
    assert_eq!(kind.named("a"), Err("an id of `thing` is written `NAME/SIZE`".to_owned()));
}

#[test]
fn expressions_for_bodies_and_answers_must_make_sense() {
    check(
        r#"
  kind "thing" {
    provider   = "rest"
    collection = "/things"
    attribute "name" { type = string }
    create { body = { name = nam, object = object, changes = changes } }
                           # ^^^ Unknown variable: known here: `changes`, `name`, `object`
    read { answer = one(answer.things) }
                      # ^^^^^^ Unknown variable: known here: `object`
    update { body = true }
                  # ^^^^ Incorrect attribute value type: expected keys (`"data.thing"`), or an expression over `object`
    delete { body = "thing" }
  # ^^^^^^ Invalid request: a deletion carries no object; an expression says what it carries: `body = { … }`
  }
"#,
    );
}

#[test]
fn a_value_travels_one_way() {
    check(
        r#"
  kind "thing" {
    provider   = "rest"
    collection = "/x"
    attribute "a" {
  # ^^^^^^^^^^^^^ Conflicting arguments: `parent` and `local` say different things of how it travels
      type   = string
      parent = true
      local  = true
    }
    attribute "b" {
      type   = string
      resend = ["a"]
             # ^^^^^ Invalid attribute: only what is `write_only` has to be sent again
    }
    attribute "c" {
      type = list(string)
      members {
    # ^^^^^^^ Invalid attribute: only a `set(string)` can have members of their own
        list   = "GET object/c"
        add    = "PUT object/c/${value}"
        remove = "DELETE object/c/${valu}"
                                  # ^^^^ Unknown variable: known here: `a`, `b`, `c`, `d`, `id`, `value`
      }
    }
    attribute "d" {
      type = string
      on   = "PUT object/d"
    # ^^ Invalid attribute: only a `bool` can be switched by requests of its own
      off  = "DELETE object/d"
    }
  }"#,
    );
}

#[test]
fn effects_that_come_later_must_make_sense() {
    check(
        r#"
  kind "thing" {
    provider   = "rest"
    collection = "/x"
    create {
      wait { timeout = "soon" }
    # ^^^^ Missing required argument: `wait` needs `until`
                     # ^^^^^^ Invalid duration: expected a duration such as "500ms", "5s" or "10m"
    }
    update {
      wait { until = objekt.ready }
                   # ^^^^^^ Unknown variable: known here: `object`
    }
    delete {
      wait {}
    }
  }"#,
    );
}

#[test]
fn pages_follow_each_other_in_one_way() {
    check(
        r#"
  kind "thing" {
    provider   = "rest"
    collection = "/x"
    list {
      page {
    # ^^^^ Conflicting arguments: the next page is asked for by a link or by an offset, not both
        link         = true
        offset_param = "o"
      }
      keys = "nam"
           # ^^^^^ Unknown attribute: there is no attribute `nam`
    }
  }
  kind "other" {
    provider   = "rest"
    collection = "/x"
    list {
      page { size = 3 }
    # ^^^^ Missing required argument: `page` does not say how the next one is asked for
    }
  }
  kind "third" {
    provider = "rest"
    create { request = "POST object" }
                     # ^^^^^^^^^^^^^ Invalid request: this kind names no `object` path
    read { request = "GET /x/${id}" }
    delete { request = "DELETE /x/${id}" }
  }"#,
    );
}

#[test]
fn a_kind_that_is_only_read_is_never_made() {
    let (kinds, diags, _) = read(
        "kind \"thing\" {\n  provider = \"rest\"\n  read_only = true\n  collection = \"/things\"\n  computed \"key\" { type = string }\n  \
         list {}\n  data {\n    by = [\"key\"]\n    plural = \"things\"\n  }\n}",
    );
    assert_eq!(diags, []);
    let [kind] = kinds.as_slice() else { panic!("one kind") };
    assert!(kind.create.is_none() && kind.update.is_none() && kind.delete.is_none() && kind.read.is_some());
    assert_eq!((&*kind.lookup.by[0], kind.lookup.plural.as_deref()), ("key", Some("things")));
    check(
        r#"
  kind "thing" {
    provider   = "rest"
    read_only  = true
    collection = "/things"
    create {}
  # ^^^^^^ Unexpected request: `thing` is `read_only`
  }"#,
    );
}

#[test]
fn data_sources_must_make_sense() {
    check(
        r#"
  kind "thing" {
    provider   = "rest"
    collection = "/things"
    attribute "ids" { type = list(string) }
    attribute "name" { type = string }
    list {}
    data {
      by     = ["nam"]
             # ^^^^^^^ Unknown attribute: `thing` has no attribute `nam`; did you mean `name`?
      plural = "things"
             # ^^^^^^^^ Invalid plural: `ids` is an attribute of the kind, and would be one of the list of objects too
      search = { q = nam }
                   # ^^^ Unknown variable: known here: `id`, `ids`, `name`
      plurl  = "x"
    # ^^^^^ Unsupported argument: `data` has no argument `plurl`; did you mean `plural`?
    }
  }
  kind "other" {
    provider   = "rest"
    collection = "/others"
    data { plural = "data" }
                  # ^^^^^^ Invalid plural: not a name that a data source may have
  }
  kind "lonely" {
    provider   = "rest"
    collection = "/lonely"
    data { plural = "crowd" }
                  # ^^^^^^^ Invalid plural: `lonely` has no `list`, so there is no way to find several
  }
  kind "kept" {
    attribute "a" { type = string }
    data {}
  # ^^^^ Unexpected data source: `kept` has no provider to ask
  }"#,
    );
}

#[test]
fn what_values_refer_to_is_checked() {
    check(&with(concat!(
        "  attribute \"owner\" {\n",
        "    type      = string\n",
        "    refers_to = owner\n",
        "              # ^^^^^ Invalid attribute: expected an attribute of a kind: `account.id`\n",
        "  }\n",
        "  attribute \"other\" {\n",
        "    type      = string\n",
        "    refers_if = key == \"x\"\n",
        "              # ^^^^^^^^^^ Invalid attribute: says when the value refers to something, but not to what: `refers_to`\n",
        "  }\n",
    )));
}

#[test]
fn references_lead_to_kinds_that_there_are() {
    let refer = |to: &str| {
        let (kinds, diags, _) =
            read(&with(&format!("  attribute \"owner\" {{\n    type = string\n    refers_to = {to}\n  }}")));
        assert!(diags.is_empty(), "{diags:?}");
        let mut diags = Diagnostics::new();
        Kinds::builtin().with(kinds, &mut diags);
        diags.take().iter().map(|diagnostic| diagnostic.label.clone()).collect::<Vec<_>>()
    };
    assert_eq!(refer("account.id"), [] as [&str; 0]);
    assert_eq!(refer("acount.id"), ["there is no kind `acount`"]);
    assert_eq!(refer("account.ident"), ["`account` has no attribute `ident`"]);
}
