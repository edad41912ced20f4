//! How a state is written: lines of text, each with its format, serial and checksum; [`v1`] is what they say.
//!
//! ```text
//! row 1 57 9f86d081 {"at":"record instance.desk","is":{…}}
//! ```
//!
//! The same lines stand in the log and, one per key, in the sled store, so that either can be rebuilt from the other
//! without opening anything that is sealed, and a person can read them when all else fails.

pub(crate) mod v1;

/// The newest format that this version reads, and the one that it writes.
pub(crate) const FORMAT: u32 = 1;

/// One line, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub word: &'a str,
    /// The commit that wrote it.
    pub serial: u64,
    pub json: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineError {
    #[error("it was written in format {0}, and this version knows up to {FORMAT}")]
    TooNew(u32),
    #[error("it is cut short")]
    Short,
    #[error("its checksum does not agree")]
    Checksum,
}

/// Writes a line, without the line end. `json` is one line itself, as `serde_json::to_string` makes it.
pub(crate) fn write_line(word: &str, serial: u64, json: &str) -> String {
    let head = format!("{word} {FORMAT} {serial} ");
    let sum = checksum(&head, json);
    format!("{head}{sum:08x} {json}")
}

/// Takes a line apart if it is whole.
pub(crate) fn read_line(line: &str) -> Result<Line<'_>, LineError> {
    let mut parts = line.splitn(5, ' ');
    let mut part = || parts.next().ok_or(LineError::Short);
    let (word, format, serial, sum, json) = (part()?, part()?, part()?, part()?, part()?);
    let summed = word.len() + format.len() + serial.len() + 3;
    let format: u32 = format.parse().map_err(|_| LineError::Checksum)?;
    let serial: u64 = serial.parse().map_err(|_| LineError::Checksum)?;
    if format > FORMAT {
        return Err(LineError::TooNew(format));
    }
    match u32::from_str_radix(sum, 16) {
        Ok(sum) if sum == checksum(&line[..summed], json) => Ok(Line { word, serial, json }),
        _ => Err(LineError::Checksum),
    }
}

/// `head` is what stands before the checksum, with the blank.
fn checksum(head: &str, json: &str) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(head.as_bytes());
    hasher.update(json.as_bytes());
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back() {
        let line = write_line("row", 57, r#"{"at":"a b","is":"ü 1"}"#);
        let read = read_line(&line).unwrap();
        assert_eq!((read.word, read.serial, read.json), ("row", 57, r#"{"at":"a b","is":"ü 1"}"#));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_shows() {
        let line = write_line("row", 57, r#"{"at":"record instance.a"}"#);
        for at in 0..line.len() {
            assert!(read_line(&line[..at]).is_err(), "cut at {at}");
            for bit in 0..7 {
                let mut bytes = line.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let Ok(text) = String::from_utf8(bytes) else { continue };
                let same = text.eq_ignore_ascii_case(&line); // the checksum's digits may change case
                assert!(same || read_line(&text).is_err(), "bit {bit} of byte {at}: {text}");
            }
        }
    }

    #[test]
    fn a_newer_format_is_told_from_damage() {
        assert_eq!(read_line("row 2 1 00000000 {}"), Err(LineError::TooNew(2)));
    }
}
