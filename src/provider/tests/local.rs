//! Objects that no API holds.

use super::super::{LocalProvider, ObjectRef, Provider, Search, Update};
use super::value;
use crate::kind::Kinds;

#[tokio::test]
async fn values_live_in_the_state_alone() {
    let kind = Kinds::builtin().get("value").expect("it is built in");
    let first = value(r#"{ input = { a = 1 }, triggers_replace = null }"#);
    let made = LocalProvider.create(kind, &first, None).await.expect("nothing can fail");
    let get = |object: &super::super::Object, name: &str| object.values.get_attr(name).expect(name).clone();
    assert_eq!(get(&made, "output"), value("{ a = 1 }"));
    assert_eq!(get(&made, "id").as_str(), Some(&*made.id));
    let other = LocalProvider.create(kind, &first, None).await.expect("nothing can fail");
    assert_ne!(made.id, other.id);

    let second = value(r#"{ input = ["b"], triggers_replace = null }"#);
    let object = || ObjectRef { id: &made.id, values: &made.values };
    let update = Update { prior: &made.values, desired: &second, paths: &[], marker: None };
    let changed = LocalProvider.update(kind, object(), update).await.expect("nothing can fail");
    assert_eq!((changed.id.clone(), get(&changed, "id")), (made.id.clone(), get(&made, "id")));
    assert_eq!(get(&changed, "output"), value(r#"["b"]"#));

    assert_eq!(LocalProvider.read(kind, object()).await.expect("nothing can fail"), Some(made.clone()));
    let none = LocalProvider.list(kind, Search::All { values: &second }).await;
    assert_eq!(none.expect("nothing can fail"), []);
    assert_eq!(LocalProvider.delete(kind, object()).await, Ok(()));
    assert_eq!(LocalProvider.requests(), 0);
}

#[tokio::test]
async fn secrets_stay_marked() {
    let kind = Kinds::builtin().get("value").expect("it is built in");
    let input = crate::value::Value::object([("input".into(), value("\"s3cret\"").sensitive())].into());
    let made = LocalProvider.create(kind, &input, None).await.expect("nothing can fail");
    assert!(made.values.get_attr("output").expect("it is there").is_sensitive());
}
