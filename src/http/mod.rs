//! The one HTTP client: TLS, time-outs, repeats, limits; knows no kind.
