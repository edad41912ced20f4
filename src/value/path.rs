//! [`Path`]: the way from a value to a part of it; reading, replacing, walking and rebuilding by path.

use super::{Fields, Marks, Number, Str, Type, Value, show};
use std::fmt;

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathStep {
    /// An object's attribute.
    Attr(Str),
    /// A list's or tuple's position, a map's key, or in a set the element itself.
    Index(Value),
}

/// The way from a value to a part of it: `.config["a.b"][0]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(pub Vec<PathStep>);

impl Path {
    /// The value itself.
    pub fn root() -> Self {
        Self::default()
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub fn child_attr(&self, name: &str) -> Self {
        self.child(PathStep::Attr(name.into()))
    }

    pub fn child_index(&self, key: Value) -> Self {
        self.child(PathStep::Index(key))
    }

    pub fn child(&self, step: PathStep) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(step);
        Self(steps)
    }

    /// Whether the other path leads to this one's target or to a part of it.
    pub fn is_prefix_of(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.0 {
            match step {
                PathStep::Attr(name) => write!(f, ".{name}")?,
                PathStep::Index(Value::Number(number)) => write!(f, "[{number}]")?,
                PathStep::Index(Value::String(key)) => write!(f, "[{}]", show::quote(key))?,
                PathStep::Index(_) => f.write_str("[...]")?,
            }
        }
        Ok(())
    }
}

impl Value {
    /// The part the path leads to, with the marks of everything around it. A part of what is not known yet is
    /// unknown; `None` where there is no such part.
    pub fn at(&self, path: &Path) -> Option<Self> {
        let mut current = self.clone();
        for step in &path.0 {
            let (plain, marks) = current.unmark();
            current = plain.step(step)?.mark(marks);
        }
        Some(current)
    }

    fn step(&self, step: &PathStep) -> Option<Self> {
        match (self, step) {
            (Self::Unknown(ty, _), _) => step_into_type(ty, step).map(Self::unknown),
            (Self::Object(attributes), PathStep::Attr(name)) => attributes.get(name).cloned(),
            (Self::Map(_, elements), PathStep::Index(Self::String(key))) => elements.get(key).cloned(),
            (Self::List(_, elements) | Self::Tuple(elements), PathStep::Index(Self::Number(at))) => {
                elements.get(at.as_usize()?).cloned()
            }
            (Self::Set(_, elements), PathStep::Index(element)) => {
                elements.iter().find(|own| *own == element).cloned()
            }
            _ => None,
        }
    }
}

fn step_into_type(ty: &Type, step: &PathStep) -> Option<Type> {
    match (ty, step) {
        (Type::Dynamic, _) => Some(Type::Dynamic),
        (Type::Object(attributes), PathStep::Attr(name)) => attributes.get(name).cloned(),
        (Type::Tuple(elements), PathStep::Index(Value::Number(at))) => elements.get(at.as_usize()?).cloned(),
        (_, PathStep::Index(_)) => ty.element_type().cloned(),
        _ => None,
    }
}

/// The value with the part at the path replaced; the same value where there is no such part. Marks around the part stay.
pub fn replace_at(value: &Value, path: &Path, part: Value) -> Value {
    replace_steps(value, &path.0, part)
}

fn replace_steps(value: &Value, steps: &[PathStep], part: Value) -> Value {
    let Some((first, rest)) = steps.split_first() else { return part };
    let (plain, marks) = value.unmark();
    let mut part = Some(part);
    rebuild(&plain, |step, child| match part.take_if(|_| step == *first) {
        Some(part) => replace_steps(child, rest, part),
        None => child.clone(),
    })
    .mark(marks)
}

/// Shows `visit` the value and every part, outside before inside; parts of what it answers `false` for are skipped.
/// Visited values have the marks they carry themselves, not those around them.
pub fn walk(value: &Value, visit: &mut impl FnMut(&Path, &Value) -> bool) {
    walk_from(&mut Path::root(), value, visit);
}

fn walk_from(path: &mut Path, value: &Value, visit: &mut impl FnMut(&Path, &Value) -> bool) {
    if !visit(path, value) {
        return;
    }
    for_each_child(value.unmarked(), |step, child| {
        path.0.push(step);
        walk_from(path, child, visit);
        path.0.pop();
    });
}

/// The value rebuilt from the inside: `change` gets every part after its own parts were changed.
/// Changed values have the marks they carry themselves, not those around them.
pub fn transform(value: &Value, change: &mut impl FnMut(&Path, Value) -> Value) -> Value {
    transform_from(&mut Path::root(), value, change)
}

fn transform_from(path: &mut Path, value: &Value, change: &mut impl FnMut(&Path, Value) -> Value) -> Value {
    let (plain, marks) = value.unmark();
    let rebuilt = rebuild(&plain, |step, child| {
        path.0.push(step);
        let changed = transform_from(path, child, change);
        path.0.pop();
        changed
    });
    change(path, rebuilt.mark(marks))
}

fn for_each_child(value: &Value, mut visit: impl FnMut(PathStep, &Value)) {
    match value {
        Value::List(_, elements) | Value::Tuple(elements) => {
            for (at, element) in elements.iter().enumerate() {
                visit(position(at), element);
            }
        }
        Value::Set(_, elements) => {
            for element in elements.iter() {
                visit(PathStep::Index(element.clone()), element);
            }
        }
        Value::Map(_, elements) => {
            for (key, element) in elements {
                visit(PathStep::Index(Value::String(key.clone())), element);
            }
        }
        Value::Object(attributes) => {
            for (name, element) in attributes {
                visit(PathStep::Attr(name.clone()), element);
            }
        }
        _ => {}
    }
}

fn position(at: usize) -> PathStep {
    PathStep::Index(Value::Number(Number::from_usize_64(at)))
}

/// The unmarked value with each part one level in exchanged for what `change` makes of it.
fn rebuild(value: &Value, mut change: impl FnMut(PathStep, &Value) -> Value) -> Value {
    let mut changed = Vec::with_capacity(value.length().unwrap_or(0));
    for_each_child(value, |step, child| changed.push(change(step, child)));
    let named = |names: &Fields, values: Vec<Value>| names.keys().cloned().zip(values).collect();
    match value {
        Value::List(ty, _) => Value::list(element_type(ty, &changed), changed),
        Value::Set(ty, _) => Value::set(element_type(ty, &changed), changed),
        Value::Map(ty, names) => Value::map(element_type(ty, &changed), named(names, changed)),
        Value::Tuple(_) => Value::tuple(changed),
        Value::Object(names) => Value::object(named(names, changed)),
        other => other.clone(),
    }
}

/// The element type after a change: the new one, if the elements agree on one.
fn element_type(before: &Type, elements: &[Value]) -> Type {
    match elements.first().filter(|first| !first.has_type(before)).map(Value::ty) {
        Some(ty) if elements.iter().all(|element| element.has_type(&ty)) => ty,
        _ => before.clone(),
    }
}

/// The marks found in a value, each with the place that carries it; the value without them is [`Value::unmark_deep`].
pub fn marked_paths(value: &Value) -> Vec<(Path, Marks)> {
    let mut found = Vec::new();
    walk(value, &mut |path, part| {
        if part.is_marked() {
            found.push((path.clone(), part.marks()));
        }
        true
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::from_json_text;

    fn example() -> Value {
        from_json_text(r#"{"config": {"a.b": [1, 2]}, "n": null}"#).unwrap()
    }

    fn second() -> Path {
        Path::root().child_attr("config").child_attr("a.b").child_index(Value::number(1))
    }

    #[test]
    fn display_is_terraforms() {
        let path =
            Path::root().child_attr("config").child_index("a.\"b".into()).child_index(Value::number(0));
        assert_eq!(path.to_string(), r#".config["a.\"b"][0]"#);
        assert_eq!(path.child_index(Value::tuple(vec![])).to_string(), r#".config["a.\"b"][0][...]"#);
        assert_eq!(Path::root().to_string(), "");
    }

    #[test]
    fn parts_are_found_with_the_marks_around_them() {
        assert_eq!(example().at(&second()), Some(Value::number(2)));
        assert_eq!(example().sensitive().at(&second()), Some(Value::number(2).sensitive()));
        assert_eq!(example().at(&Path::root().child_attr("x")), None);
        assert_eq!(example().at(&Path::root().child_attr("n").child_attr("x")), None);
        let unknown = Value::unknown(example().ty());
        assert_eq!(unknown.at(&second()), Some(Value::unknown(Type::Number)));
        let map = Value::map(Type::Bool, [("k".into(), true.into())].into());
        assert_eq!(map.at(&Path::root().child_index("k".into())), Some(true.into()));
        let set = Value::set(Type::String, vec!["k".into()]);
        assert_eq!(set.at(&Path::root().child_index("k".into())), Some("k".into()));
    }

    #[test]
    fn a_part_is_replaced_where_there_is_one() {
        let replaced = replace_at(&example().sensitive(), &second(), "x".into());
        assert_eq!(replaced.at(&second()), Some(Value::string("x").sensitive()));
        assert_eq!(replace_at(&replaced, &second(), Value::number(2)), example().sensitive());
        assert_eq!(replace_at(&example(), &Path::root().child_attr("x"), "x".into()), example());
        assert_eq!(replace_at(&example(), &Path::root(), "x".into()), "x".into());
    }

    #[test]
    fn walking_goes_in_and_skips() {
        let mut seen = Vec::new();
        walk(&example().sensitive(), &mut |path, value| {
            seen.push(format!("{path} {}", value.is_marked()));
            path.to_string() != ".config"
        });
        assert_eq!(seen, [" true", ".config false", ".n false"]);
    }

    #[test]
    fn rebuilding_goes_out_and_finds_the_new_type() {
        let list = Value::list(Type::Number, vec![Value::number(1), Value::number(2)]);
        let texts = transform(&list.sensitive(), &mut |_, value| match value {
            Value::Number(number) => Value::string(number.to_string()),
            other => other,
        });
        assert_eq!(texts, Value::list(Type::String, vec!["1".into(), "2".into()]).sensitive());
    }

    #[test]
    fn marks_are_found_where_they_are() {
        let value = Value::tuple(vec![Value::string("x").sensitive(), "y".into()]);
        let expected = vec![(Path::root().child_index(Value::number(0)), Marks::SENSITIVE)];
        assert_eq!(marked_paths(&value), expected);
        assert_eq!(value.unmark_deep(), (Value::tuple(vec!["x".into(), "y".into()]), Marks::SENSITIVE));
    }
}
