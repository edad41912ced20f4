//! Numbers against Terraform's own answers (`arithmetic.txt`, `comparisons.txt`), and properties.

use super::{Number, NumberError};
use num_bigint::BigInt;
use proptest::prelude::*;
use std::hash::{BuildHasher, RandomState};

fn number(text: &str) -> Number {
    Number::parse(text).unwrap_or_else(|| panic!("{text} is no number"))
}

fn apply(operator: &str, a: &Number, b: &Number) -> Result<Number, NumberError> {
    match operator {
        "+" => a.add(b),
        "-" => a.sub(b),
        "*" => a.mul(b),
        "/" => a.div(b),
        "%" => a.rem(b),
        _ => panic!("{operator} is no operator"),
    }
}

fn lines(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    table.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "))
}

#[test]
fn arithmetic_is_terraforms_digit_by_digit() {
    let mut count = 0;
    for (operation, expected) in lines(include_str!("arithmetic.txt")) {
        let [a, operator, b] = operation.split(' ').collect::<Vec<_>>()[..] else { panic!("{operation}") };
        let result = apply(operator, &number(a), &number(b));
        let text = result.map_or_else(|_| "error".to_owned(), |result| result.to_string());
        assert_eq!(text, expected, "{operation}");
        count += 1;
    }
    assert!(count > 400, "{count} lines");
}

#[test]
fn comparison_is_terraforms() {
    for (pair, expected) in lines(include_str!("comparisons.txt")) {
        let (a, b) = pair.split_once(" | ").expect("a pair");
        let (a, b) = (number(a), number(b));
        assert_eq!(format!("{} {}", a == b, a < b), expected, "{pair}");
    }
}

#[test]
fn text_that_is_and_is_not_a_number() {
    let cases = [
        ("+5", "5"),
        ("007", "7"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1p3", "8"),
        ("1E2", "100"),
        ("Inf", "+Inf"),
        ("-inf", "-Inf"),
        ("-0", "-0"),
        ("1e-7", "0.0000001"),
        ("1e999999999", "+Inf"),
        ("-1e999999999", "-Inf"),
        ("1e-999999999", "0"),
        ("0e999999999", "0"),
        ("1p-2000000000", "0"),
    ];
    for (text, shown) in cases {
        assert_eq!(number(text).to_string(), shown, "{text}");
    }
    for text in [
        "",
        "-",
        "+",
        ".",
        "e5",
        "1e",
        "1e+",
        "0x1F",
        "1_000",
        " 5",
        "5 ",
        "--5",
        "1.2.3",
        "NaN",
        "1e99999999999",
        "½",
    ] {
        assert_eq!(Number::parse(text), None, "{text:?}");
    }
}

#[test]
fn precision_is_the_values_own() {
    let (one, three) = (Number::from_usize_64(1), Number::from_usize_64(3));
    assert_eq!(one.div(&three).unwrap().to_string(), "0.33333333333333333334");
    let root = Number::from_f64(std::f64::consts::SQRT_2).unwrap();
    assert_eq!(root.to_string(), "1.4142135623730951");
    assert_eq!(
        root.mul(&Number::ONE).unwrap().to_string(),
        "1.4142135623730951454746218587388284504413604736328125"
    );
    let big = Number::from_bigint(&(BigInt::from(1) << 100u32));
    assert_eq!((big.to_string().as_str(), big.precision()), ("1267650600228229401496703205376", 101));
    assert_eq!(number("5").with_precision(2).to_string(), "4");
    assert_eq!(
        number("1267650600228229401496703205376").with_precision(53).to_string(),
        "1267650600228229400000000000000"
    );
}

#[test]
fn what_has_no_result_says_so() {
    let infinity = || Number::infinity();
    let zero = || number("0");
    let cases = [
        ("+", infinity(), infinity().neg(), NumberError::Sum),
        ("-", infinity(), infinity(), NumberError::Difference),
        ("*", zero(), infinity(), NumberError::Product),
        ("/", zero(), zero(), NumberError::Quotient),
        ("/", infinity(), infinity(), NumberError::Quotient),
        ("%", number("5"), infinity(), NumberError::Remainder),
        ("%", infinity(), number("5"), NumberError::Remainder),
    ];
    for (operator, a, b, error) in cases {
        assert_eq!(apply(operator, &a, &b), Err(error), "{a} {operator} {b}");
    }
    assert_eq!(number("-1").div(&zero()).unwrap().to_string(), "-Inf");
    assert_eq!(number("5").div(&infinity()).unwrap(), zero());
    assert_eq!(infinity().add(&number("1")), Ok(infinity()));
    assert!(number("1e30000").mul(&number("1e30000")).unwrap().is_infinite());
}

#[test]
fn rounding_to_whole_numbers() {
    for (text, floor, ceil) in [
        ("1.5", "1", "2"),
        ("-1.5", "-2", "-1"),
        ("-0.5", "-1", "0"),
        ("3", "3", "3"),
        ("1e30", "1e30", "1e30"),
    ] {
        assert_eq!((number(text).floor(), number(text).ceil()), (number(floor), number(ceil)), "{text}");
    }
    assert!(Number::infinity().floor().is_infinite());
}

#[test]
fn integers_of_the_machine() {
    assert_eq!(number("9223372036854775807").as_i64(), Some(i64::MAX));
    assert_eq!(number("-9223372036854775808").as_i64(), Some(i64::MIN));
    assert_eq!(number("9223372036854775808").as_i64(), None);
    assert_eq!(number("1.5").as_i64(), None);
    assert_eq!(number("-0").as_i64(), Some(0));
    assert_eq!(number("-1").as_usize(), None);
    assert_eq!(number("18446744073709551615").as_usize(), Some(usize::MAX));
    assert_eq!(Number::from(u64::MAX).to_bigint(), Some(u64::MAX.into()));
    assert_eq!(number("-9223372036854775808").neg().to_string(), "9223372036854775808");
    assert_eq!(number("-9223372036854775808").rem(&number("-1")), Ok(Number::ZERO));
}

#[test]
fn numbers_that_read_the_same_are_equal() {
    assert_eq!(number("0.1").add(&number("0.2")).unwrap(), number("0.3"));
    assert_eq!(Number::from_f64(0.1).unwrap(), number("0.1"));
    assert_ne!(Number::from_f64(0.5).unwrap(), number("0.25"));
    assert_eq!(number("-0"), number("0"));
}

#[test]
fn ten_digits_order_collections() {
    let cases = [
        ("10000000000", "1e+10"),
        ("123456789012345", "1.23456789e+14"),
        ("0.00001", "1e-05"),
        ("0.0001", "0.0001"),
        ("-1.5", "-1.5"),
        ("0", "0"),
        ("-0", "-0"),
        ("1234567890.6", "1234567891"),
        ("9999999999", "9999999999"),
    ];
    for (text, key) in cases {
        assert_eq!(number(text).sort_text(), key, "{text}");
    }
}

fn any_number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<f64>().prop_filter_map("NaN", Number::from_f64),
        "-?[0-9]{1,40}(\\.[0-9]{1,40})?(e-?[0-9]{1,2})?".prop_map(|text| number(&text)),
        ("-?[0-9]{1,5}\\.[0-9]{1,20}", 1u32..600).prop_map(|(text, bits)| number(&text).with_precision(bits)),
    ]
}

proptest! {
    #[test]
    fn text_reads_back(number in any_number()) {
        let text = number.to_string();
        let back = Number::parse_with_precision(&text, number.precision()).unwrap();
        prop_assert_eq!(back.to_string(), text);
        prop_assert_eq!(back, number);
    }

    #[test]
    fn small_and_big_agree(a in any::<i64>(), b in any::<i64>(), operator in "[-+*/%]") {
        // The same numbers through text with a fraction take the way of the big ones.
        let big = |value: i64| number(&format!("{value}.5")).sub(&number("0.5").mul(&number(if value < 0 { "-1" } else { "1" })).unwrap()).unwrap();
        let small = apply(&operator, &a.into(), &b.into());
        prop_assert_eq!(&small, &apply(&operator, &big(a), &big(b)));
        let exact = match operator.as_str() {
            "+" => i128::from(a) + i128::from(b),
            "-" => i128::from(a) - i128::from(b),
            "*" => i128::from(a) * i128::from(b),
            _ => return Ok(()),
        };
        prop_assert_eq!(small.unwrap().to_string(), exact.to_string());
    }

    #[test]
    fn order_equality_and_hash_agree(a in any_number(), b in any_number(), c in any_number()) {
        let hasher = RandomState::new();
        let same = Number::parse(&a.to_string()).unwrap();
        prop_assert_eq!(a == b, a.cmp(&b).is_eq());
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        if a == same {
            prop_assert_eq!(hasher.hash_one(&a), hasher.hash_one(&same));
        }
        let mut sorted = [a, b, c];
        sorted.sort();
        prop_assert!(sorted[0] <= sorted[2]);
    }

    #[test]
    fn floats_come_back(value in any::<f64>().prop_filter("NaN", |value| !value.is_nan())) {
        prop_assert_eq!(Number::from_f64(value).unwrap().to_f64(), value);
    }
}
