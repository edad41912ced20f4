//! What `hcl-rs` writes, this program reads as the same value: the two sides of one language, from two hands.

#![allow(clippy::unwrap_used)] // a test may

use isotope::diag::{Diagnostics, Sources};
use isotope::value::to_json_text;
use isotope::{eval, syntax};
use proptest::prelude::*;
use serde_json::{Map, Value as Json};

fn any_value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        "[ -~\u{e9}\u{4e2d}\n\t]{0,12}".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let fields = prop::collection::btree_map("[a-z][a-z0-9_ .]{0,6}", inner.clone(), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Json::from),
            fields.prop_map(|fields| Json::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back(value in any_value()) {
        let text = hcl::to_string(&serde_json::json!({ "it": value })).unwrap();
        let (mut sources, mut diags) = (Sources::new(), Diagnostics::new());
        let file = sources.add("written.hcl", text.as_str());
        let body = syntax::parse(&sources, file, &mut diags);
        prop_assert!(!diags.has_errors(), "{text}\n{diags:?}");
        let read = eval::constant(&body.attributes[0].expr, &mut diags).unwrap();
        let read: Json = serde_json::from_str(&to_json_text(&read).unwrap()).unwrap();
        prop_assert_eq!(read, value, "{}", text);
    }
}
