//! The one door that unknown and marked values pass before an operator's or function's body runs.

use super::{Marks, Type, Value};

/// Runs `body` on the plain arguments and puts their marks, all of them, on its result.
///
/// Where an argument as a whole is not known yet, so is the result: an unknown of type `ret` that will not be null,
/// and `body` does not run. Parts of an argument may be unknown; they reach the body.
pub fn lift<E>(
    args: &[Value],
    ret: &Type,
    body: impl FnOnce(&[Value]) -> Result<Value, E>,
) -> Result<Value, E> {
    if !args.iter().any(Value::has_marks) {
        return lift_plain(args, ret, body);
    }
    let (plain, marks): (Vec<_>, Vec<_>) = args.iter().map(Value::unmark_deep).unzip();
    let marks = marks.into_iter().fold(Marks::NONE, Marks::union);
    Ok(lift_plain(&plain, ret, body)?.mark(marks))
}

fn lift_plain<E>(
    args: &[Value],
    ret: &Type,
    body: impl FnOnce(&[Value]) -> Result<Value, E>,
) -> Result<Value, E> {
    if args.iter().all(Value::is_known) { body(args) } else { Ok(Value::unknown_not_null(ret.clone())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(args: &[Value]) -> Result<Value, ()> {
        lift(args, &Type::String, |plain| {
            assert!(!plain.iter().any(Value::has_marks));
            Ok(Value::string(plain.iter().filter_map(Value::as_str).collect::<String>()))
        })
    }

    #[test]
    fn marks_of_all_arguments_reach_the_result() {
        let secret = Value::list(Type::String, vec![Value::string("x").sensitive()]);
        let ephemeral = Value::string("b").mark(Marks::EPHEMERAL);
        let both = Marks::SENSITIVE.union(Marks::EPHEMERAL);
        assert_eq!(join(&[secret, Value::string("a"), ephemeral]), Ok(Value::string("ab").mark(both)));
        assert_eq!(join(&[Value::string("a"), Value::string("b")]), Ok(Value::string("ab")));
    }

    #[test]
    fn an_unknown_argument_makes_the_result_unknown() {
        let unknown = Value::unknown(Type::Number);
        assert_eq!(join(&[Value::string("a"), unknown.clone()]), Ok(Value::unknown_not_null(Type::String)));
        assert_eq!(join(&[unknown.sensitive()]), Ok(Value::unknown_not_null(Type::String).sensitive()));
    }

    #[test]
    fn an_unknown_inside_an_argument_reaches_the_body() {
        let tuple = Value::tuple(vec![Value::unknown(Type::String)]);
        assert_eq!(join(&[tuple]), Ok(Value::string("")));
    }

    #[test]
    fn an_error_passes_through() {
        let failed = lift(&[Value::bool(true).sensitive()], &Type::Bool, |_| Err("no"));
        assert_eq!(failed, Err("no"));
    }
}
