//! Values at random, for property tests.

use super::{Marks, Number, Refinement, Str, Type, Value};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

/// A type without open parts.
pub(crate) fn any_type() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![Just(Type::Bool), Just(Type::Number), Just(Type::String)];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_map(Type::set),
            inner.clone().prop_map(Type::map),
            vec(inner.clone(), 0..3).prop_map(Type::tuple),
            btree_map(any_name(), inner, 0..3).prop_map(Type::object),
        ]
    })
}

fn any_name() -> impl Strategy<Value = Str> {
    prop_oneof!["[a-c]", "\\${1,2}", "[a-z é]{0,4}"].prop_map(Str::from)
}

fn any_number() -> impl Strategy<Value = Number> {
    prop_oneof![
        (-20i64..20).prop_map(Number::from),
        any::<f64>().prop_filter_map("NaN", Number::from_f64),
        any::<usize>().prop_map(Number::from_usize_64),
        "-?[0-9]{1,30}\\.[0-9]{1,30}".prop_filter_map("a number", |text| Number::parse(&text)),
    ]
}

/// A value of any type, with unknowns, nulls and marks in it.
pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![9 => any_type().prop_flat_map(value_of), 1 => Just(Value::dynamic_null()), 1 => Just(Value::unknown(Type::Dynamic))]
}

/// A value of the type.
pub(crate) fn value_of(ty: Type) -> BoxedStrategy<Value> {
    let known = match ty.clone() {
        Type::Dynamic => Just(Value::dynamic_null()).boxed(),
        Type::Bool => any::<bool>().prop_map(Value::bool).boxed(),
        Type::Number => any_number().prop_map(Value::number).boxed(),
        Type::String => prop_oneof!["[a-c]{0,3}", "[0-9]{1,3}", "\\PC{0,6}"].prop_map(Value::string).boxed(),
        Type::List(element) => {
            let ty = Type::clone(&element);
            vec(value_of(ty.clone()), 0..4).prop_map(move |values| Value::list(ty.clone(), values)).boxed()
        }
        Type::Set(element) => {
            let ty = Type::clone(&element);
            vec(value_of(ty.clone()), 0..4).prop_map(move |values| Value::set(ty.clone(), values)).boxed()
        }
        Type::Map(element) => {
            let ty = Type::clone(&element);
            btree_map(any_name(), value_of(ty.clone()), 0..4)
                .prop_map(move |values| Value::map(ty.clone(), values.into()))
                .boxed()
        }
        Type::Tuple(types) => {
            types.iter().cloned().map(value_of).collect::<Vec<_>>().prop_map(Value::tuple).boxed()
        }
        Type::Object(types) => {
            let names: Vec<_> = types.keys().cloned().collect();
            let values: Vec<_> = types.values().cloned().map(value_of).collect();
            values.prop_map(move |values| Value::object(names.iter().cloned().zip(values).collect())).boxed()
        }
    };
    let unknown = any_refinement(&ty).prop_map({
        let ty = ty.clone();
        move |refinement| Value::refined(ty.clone(), refinement)
    });
    let plain = prop_oneof![12 => known, 1 => Just(Value::null(ty)), 1 => unknown].boxed();
    (plain, prop_oneof![8 => Just(Marks::NONE), 1 => Just(Marks::SENSITIVE), 1 => Just(Marks::EPHEMERAL)])
        .prop_map(|(value, marks)| value.mark(marks))
        .boxed()
}

fn any_refinement(ty: &Type) -> BoxedStrategy<Refinement> {
    let none = Just(Refinement::default());
    let not_null = Just(Refinement::not_null());
    let special = match ty {
        Type::String => "[a-z]{1,3}"
            .prop_map(|prefix| Refinement { prefix: Some(prefix.into()), ..Refinement::not_null() })
            .boxed(),
        Type::Number => (any_number(), any::<bool>())
            .prop_map(|bound| Refinement {
                at_least: Some(bound.clone()),
                at_most: Some(bound),
                ..Refinement::default()
            })
            .boxed(),
        _ if ty.is_collection() => (0..3usize, 3..9usize)
            .prop_map(|length| Refinement { length: Some(length), ..Refinement::not_null() })
            .boxed(),
        _ => Just(Refinement::default()).boxed(),
    };
    prop_oneof![none, not_null, special].boxed()
}
