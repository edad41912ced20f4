//! Expressions and their trees.

use super::{check, expression, file, in_body, show};

#[test]
fn literals() {
    check("1", "1");
    check("007.5", "7.5");
    check("1E3", "1000");
    check("true", "true");
    check("null", "null");
    check("\"\"", "\"\"");
    check(r#""a\n\"b\" \u00e9 \U0001F600 $${x} %%{y} $5 100%""#, r#""a\n\"b\" é 😀 ${x} %{y} $5 100%""#);
    check("\"e\u{301}\"", "\"é\"");
    check("1e400", &format!("1{}", "0".repeat(400)));
}

#[test]
fn operators_bind_as_in_hcl() {
    check("1 + 2 * 3", "(Add 1 (Mul 2 3))");
    check("1 - 2 - 3", "(Sub (Sub 1 2) 3)");
    check("a || b && c == d < e + f * g", "(Or a (And b (Eq c (Less d (Add e (Mul f g))))))");
    check("a * b + c < d == e && f || g", "(Or (And (Eq (Less (Add (Mul a b) c) d) e) f) g)");
    check("1 == 2 != 3", "(NotEq (Eq 1 2) 3)");
    check("-a.b[0]", "(- (get a .b [0]))");
    check("!a == b", "(Eq (! a) b)");
    check("- -1", "(- (- 1))");
    check("1 -1", "(Sub 1 1)");
    check("a ? b : c ? d : e", "(? a b (? c d e))");
    check("a ? b ? c : d : e", "(? a (? b c d) e)");
    check("(1 + 2) * 3", "(Mul (p (Add 1 2)) 3)");
}

#[test]
fn traversals() {
    check("var.x", "(get var .x)");
    check("instance.desk[\"eu\"].id", "(get instance .desk [\"eu\"] .id)");
    check("a[0][b].c", "(of (index (get a [0]) b) .c)");
    check("a.0.b", "(get a [0] .b)");
    check("f(x).y", "(of (call f x) .y)");
    check("(a)[0]", "(of (p a) [0])");
    check("a[true]", "(index a true)");
    check("a[\"x${b}\"]", "(index a (template \"x\" b))");
    check("a[-1]", "(index a (- 1))");
    check("\"x\".y", "(of \"x\" .y)");
    check("a-b", "a-b");
}

#[test]
fn splats() {
    check("a[*].b[0].c", "(splat a (of @ .b [0] .c))");
    check("a[*].b[*].c", "(splat a (splat (of @ .b) (of @ .c)))");
    check("a.*.b.c", "(splat a (of @ .b .c))");
    check("a.*.b.0", "(splat a (of @ .b [0]))");
    check("a.*.b[0]", "(of (splat a (of @ .b)) [0])");
    check("a.*", "(splat a @)");
    check("a.b[*]", "(splat (get a .b) @)");
}

#[test]
fn collections() {
    check("[]", "[]");
    check("[1, [2,], 3]", "[1 [2] 3]");
    check("{}", "{}");
    check("{ a = 1, \"b\" : 2, (c) = 3, }", "{a=1 \"b\"=2 (p c)=3}");
    check("{ a = 1, a = 2 }", "{a=1 a=2}");
    check("{ null = 2, true = 3 }", "{null=2 true=3}");
    check("{ 1 = 2, a.b = 3 }", "{1=2 (get a .b)=3}");
    check("{\n  a = 1\n  b = 2,\n\n  c = 3 # d\n}", "{a=1 b=2 c=3}");
    check("[\r\n  for\r\n x in y : x\r\n]", "(for x y : x)");
    check("{ a = [1]\n -1 = 2 }", "{a=[1] (- 1)=2}");
}

#[test]
fn for_expressions() {
    check("[for x in y : x]", "(for x y : x)");
    check("[for i, x in y : x if i > 0]", "(for i x y : x if (Greater i 0))");
    check("{ for k, v in y : k => v... if v }", "(for k v y : k => v ... if v)");
    check("{\n for k in y :\n k\n =>\n 1 }", "(for k y : k => 1)");
    check("[for for in in : for]", "(for for in : for)");
}

#[test]
fn calls() {
    check("f()", "(call f)");
    check("f(1, 2,)", "(call f 1 2)");
    check("f(a...)", "(call f a ...)");
    check("p::q::f(1)", "(call p::q::f 1)");
    check("f(\n  1,\n  2 # c\n)", "(call f 1 2)");
    check("f /* c */ (1)", "(call f 1)");
}

#[test]
fn newlines_mean_nothing_at_a_prompt() {
    assert_eq!(expression("\n1\n+\n2\n").as_deref(), Ok("(Add 1 2)"));
    assert_eq!(expression("1 # c").as_deref(), Ok("1"));
    let error = in_body("1 +\n2").unwrap_err();
    assert_eq!(error.0, "Invalid expression");
}

#[test]
fn bodies() {
    let text = "\u{feff}a = 1 // c\r\nblock \"l\" m {\r\n  x = [\r\n    1\r\n  ]\r\n  inner {}\r\n  one { y = 2 }\r\n}";
    let (body, said) = file(text);
    assert_eq!(said, [""; 0]);
    assert_eq!(show::body(&body), "a = 1; block \"l\" \"m\" {x = [1]; inner {}; one {y = 2}}");
}
