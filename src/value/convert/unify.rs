//! Finding the one type that values of several types can all be converted to: for the branches of a conditional, the
//! elements of a list.
//!
//! Types of one kind are unified part by part, which may give a type that is none of them. Other types are ordered from
//! general to special, and the first that all the others convert to is the answer.

use super::possible;
use crate::value::{Str, Type, Value};
use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};

/// The type that all of these can be converted to, as cty's `UnifyUnsafe` finds it; `None` where there is none.
/// `Dynamic` where it depends on a type not known yet.
pub fn unify(types: &[Type]) -> Option<Type> {
    let mut distinct: Vec<&Type> = Vec::new();
    for ty in types {
        // Lists are long and their types few, so a type mostly equals the last one met.
        if distinct.last() != Some(&ty) && !distinct.contains(&ty) {
            distinct.push(ty);
        }
    }
    match distinct.as_slice() {
        [] => None,
        [only] => Some((*only).clone()),
        _ => unify_distinct(&distinct),
    }
}

/// The type that all elements can be converted to.
pub(super) fn unify_elements(elements: &[Value]) -> Option<Type> {
    let mut types = Vec::new();
    for element in elements {
        if !types.last().is_some_and(|ty| element.has_type(ty)) {
            types.push(element.ty());
        }
    }
    unify(&types)
}

fn unify_distinct(types: &[&Type]) -> Option<Type> {
    let count = |is: fn(&Type) -> bool| types.iter().filter(|ty| is(ty)).count();
    let all = types.len();
    let dynamic = count(|ty| *ty == Type::Dynamic);
    let (lists, sets, maps) = (count(is_list), count(is_set), count(is_map));
    let (tuples, objects) = (count(is_tuple), count(is_object));
    let only = |kind: usize| kind > 0 && kind + dynamic == all;
    if dynamic > 0 && [lists, sets, maps, tuples, objects].into_iter().any(only) {
        return Some(Type::Dynamic);
    }
    if only(maps) || only(lists) || only(sets) {
        return unify_collections(types);
    } else if only(objects) {
        return unify_objects(types);
    } else if only(tuples) {
        return unify_tuples(types);
    }
    if maps > 0 && maps + objects + dynamic == all {
        if let Some(unified) = unify_disguised(types, is_object, objects_to_map).filter(is_map) {
            return Some(unified);
        }
    } else if lists > 0 && lists + tuples + dynamic == all {
        if let Some(unified) = unify_disguised(types, is_tuple, tuples_to_list).filter(is_list) {
            return Some(unified);
        }
    } else if objects > 0 && tuples > 0 {
        return None;
    }
    most_general(types)
}

fn is_list(ty: &Type) -> bool {
    matches!(ty, Type::List(_))
}

fn is_set(ty: &Type) -> bool {
    matches!(ty, Type::Set(_))
}

fn is_map(ty: &Type) -> bool {
    matches!(ty, Type::Map(_))
}

fn is_tuple(ty: &Type) -> bool {
    matches!(ty, Type::Tuple(_))
}

fn is_object(ty: &Type) -> bool {
    matches!(ty, Type::Object(_))
}

fn all_convert(types: &[&Type], to: Type) -> Option<Type> {
    types.iter().all(|from| possible(from, &to)).then_some(to)
}

/// Collections of one kind: unified by their elements.
fn unify_collections(types: &[&Type]) -> Option<Type> {
    let elements: Vec<_> = types.iter().filter_map(|ty| ty.element_type().cloned()).collect();
    let element = unify(&elements)?;
    let unified = match types.first()? {
        Type::List(_) => Type::list(element),
        Type::Set(_) => Type::set(element),
        _ => Type::map(element),
    };
    all_convert(types, unified)
}

/// Objects of the same attributes are unified attribute by attribute, others as maps.
fn unify_objects(types: &[&Type]) -> Option<Type> {
    let objects: Vec<&BTreeMap<Str, Type>> = types.iter().filter_map(|ty| attributes(ty)).collect();
    let first = *objects.first()?;
    if objects.iter().any(|other| !other.keys().eq(first.keys())) {
        return objects_to_map(types);
    }
    let across =
        |name: &Str| objects.iter().filter_map(|object| object.get(name).cloned()).collect::<Vec<_>>();
    let unified = first.keys().map(|name| Some((name.clone(), unify(&across(name))?)));
    let unified = Type::object(unified.collect::<Option<_>>()?);
    all_convert(types, unified).or_else(|| objects_to_map(types))
}

fn attributes(ty: &Type) -> Option<&BTreeMap<Str, Type>> {
    match ty {
        Type::Object(attributes) => Some(attributes),
        _ => None,
    }
}

fn objects_to_map(types: &[&Type]) -> Option<Type> {
    let all: Vec<_> =
        types.iter().filter_map(|ty| attributes(ty)).flat_map(|object| object.values().cloned()).collect();
    all_convert(types, Type::map(unify(&all)?))
}

/// Tuples of the same length are unified element by element, others as lists.
fn unify_tuples(types: &[&Type]) -> Option<Type> {
    let tuples: Vec<&[Type]> = types.iter().filter_map(|ty| members(ty)).collect();
    let length = tuples.first()?.len();
    if tuples.iter().any(|other| other.len() != length) {
        return tuples_to_list(types);
    }
    let across = |at: usize| tuples.iter().filter_map(|tuple| tuple.get(at).cloned()).collect::<Vec<_>>();
    let unified = (0..length).map(|at| unify(&across(at))).collect::<Option<_>>()?;
    all_convert(types, Type::tuple(unified)).or_else(|| tuples_to_list(types))
}

fn members(ty: &Type) -> Option<&[Type]> {
    match ty {
        Type::Tuple(members) => Some(members),
        _ => None,
    }
}

fn tuples_to_list(types: &[&Type]) -> Option<Type> {
    let all: Vec<_> = types.iter().filter_map(|ty| members(ty)).flatten().cloned().collect();
    all_convert(types, Type::list(unify(&all)?))
}

/// Tuples beside lists are lists in disguise, objects beside maps are maps: replaces them and unifies again.
fn unify_disguised(
    types: &[&Type],
    disguised: fn(&Type) -> bool,
    reveal: fn(&[&Type]) -> Option<Type>,
) -> Option<Type> {
    let hidden: Vec<&Type> = types.iter().copied().filter(|ty| disguised(ty)).collect();
    let revealed = reveal(&hidden)?;
    let replaced = types.iter().map(|ty| if disguised(ty) { revealed.clone() } else { (*ty).clone() });
    unify(&replaced.collect::<Vec<_>>())
}

/// The first type, from general to special, that all the others convert to.
fn most_general(types: &[&Type]) -> Option<Type> {
    let mut special_to = vec![Vec::new(); types.len()];
    let mut waiting_for = vec![0; types.len()];
    for (i, a) in types.iter().enumerate() {
        for (j, b) in types.iter().enumerate().skip(i + 1) {
            let (general, special) = match generality(a, b) {
                Ordering::Less => (i, j),
                Ordering::Greater => (j, i),
                Ordering::Equal => continue,
            };
            special_to[general].push(special);
            waiting_for[special] += 1;
        }
    }
    let mut ready: VecDeque<usize> = (0..types.len()).filter(|&at| waiting_for[at] == 0).collect();
    while let Some(at) = ready.pop_front() {
        if types.iter().all(|from| possible(from, types[at])) {
            return Some(types[at].clone());
        }
        for &special in &special_to[at] {
            waiting_for[special] -= 1;
            if waiting_for[special] == 0 {
                ready.push_back(special);
            }
        }
    }
    None
}

/// `Less` where the first type is the more general of the two.
fn generality(a: &Type, b: &Type) -> Ordering {
    match (a, b) {
        (Type::Dynamic, Type::Dynamic) => Ordering::Equal,
        (Type::Dynamic, _) => Ordering::Greater,
        (_, Type::Dynamic) => Ordering::Less,
        (Type::String, Type::Bool | Type::Number) => Ordering::Less,
        (Type::Bool | Type::Number, Type::String) => Ordering::Greater,
        (Type::List(a), Type::List(b)) | (Type::Set(a), Type::Set(b)) | (Type::Map(a), Type::Map(b)) => {
            generality(a, b)
        }
        (Type::Tuple(_) | Type::List(_), Type::Set(_)) => Ordering::Less,
        (Type::Set(_), Type::Tuple(_) | Type::List(_)) => Ordering::Greater,
        (Type::List(_), Type::Tuple(_)) | (Type::Map(_), Type::Object(_)) => Ordering::Less,
        (Type::Tuple(_), Type::List(_)) | (Type::Object(_), Type::Map(_)) => Ordering::Greater,
        (Type::Object(a), Type::Object(b)) if a.keys().eq(b.keys()) => {
            parts_generality(a.values().zip(b.values()))
        }
        (Type::Tuple(a), Type::Tuple(b)) if a.len() == b.len() => parts_generality(a.iter().zip(&**b)),
        _ => Ordering::Equal,
    }
}

fn parts_generality<'a>(parts: impl Iterator<Item = (&'a Type, &'a Type)>) -> Ordering {
    let orders: Vec<_> = parts.map(|(a, b)| generality(a, b)).collect();
    match (orders.contains(&Ordering::Less), orders.contains(&Ordering::Greater)) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        _ => Ordering::Equal,
    }
}
