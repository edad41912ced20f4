//! What came back.

use std::fmt;

/// An answer with a status from 200 to 299, whole.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Headers,
    pub body: Vec<u8>,
    /// How often the request was sent until this came.
    pub attempts: u32,
}

/// Header fields in the order they came. Bytes that are not UTF-8 are replaced.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The first field of that name, in whatever case either is written.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// Names only: an answer's fields may hold a session.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, headers, body, attempts } = self;
        write!(f, "Response({status}, {headers:?}, {} bytes, {attempts} attempts)", body.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_any_case_and_not_shown() {
        let headers: Headers = [("Set-Cookie", "hunter42"), ("set-cookie", "second")].into_iter().collect();
        assert_eq!(headers.get("SET-COOKIE"), Some("hunter42"));
        assert_eq!(headers.get("cookie"), None);
        let response = Response { status: 200, headers, body: b"hunter42".to_vec(), attempts: 2 };
        assert_eq!(
            format!("{response:?}"),
            r#"Response(200, ["Set-Cookie", "set-cookie"], 8 bytes, 2 attempts)"#
        );
    }
}
