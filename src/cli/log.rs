//! `ISOTOPE_LOG` and `ISOTOPE_LOG_PATH`: the log, through the redactor.

use super::environment::Environment;
use crate::secret::{RedactingWriter, Redactor};
use std::io::Write;
use std::sync::Mutex;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging if the environment asks for it. A level that is no level, or a file that cannot be opened, is said and ignored.
pub fn start(environment: &Environment, redactor: Redactor) {
    let Some(level) = environment.var("ISOTOPE_LOG").filter(|level| !level.is_empty()) else { return };
    let Ok(level) = level.parse::<LevelFilter>() else {
        eprintln!("Warning: ISOTOPE_LOG={level} is none of trace, debug, info, warn, error");
        return;
    };
    let writer: Box<dyn Write + Send> =
        match environment.var("ISOTOPE_LOG_PATH").filter(|path| !path.is_empty()) {
            None => Box::new(std::io::stderr()),
            Some(path) => match open(&path) {
                Ok(file) => Box::new(file),
                Err(error) => {
                    eprintln!("Warning: the log file {path} cannot be opened: {error}");
                    return;
                }
            },
        };
    let writer = Mutex::new(RedactingWriter::new(writer, redactor));
    // Only what this program says: what the libraries say of their insides may hold anything.
    let ours = Targets::new().with_target("isotope", level);
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer);
    let logging = tracing_subscriber::registry().with(lines.with_filter(ours));
    // A second start (in a test) changes nothing.
    let _: Result<(), _> = logging.try_init();
}

fn open(path: &str) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}
