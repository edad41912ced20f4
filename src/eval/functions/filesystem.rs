//! Functions of files and paths, and `env`.

use std::io;
use std::path::{Path, PathBuf};

use crate::value::{Type, Value, go_quote};

use super::arguments::Arguments;
use super::call::CallError;
use super::encoding::to_base64;
use super::glob::{GlobError, find};
use super::host::FileKind;
use super::{Function, Param, boolean, text};

const PATH: &[Param] = &[Param::text("path")];

fn set_of_text() -> Type {
    Type::set(Type::String)
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("abspath", PATH, text, abspath),
    Function::new("basename", PATH, text, |a| Ok(Value::string(base(a.text(0))))),
    Function::new("dirname", PATH, text, |a| Ok(Value::string(directory(a.text(0))))),
    Function::new("env", &[Param::text("name")], text, env).nullable(),
    Function::new("file", PATH, text, file),
    Function::new("filebase64", PATH, text, |a| Ok(Value::string(to_base64(&read(a)?)))),
    Function::new("fileexists", PATH, boolean, exists),
    Function::new("fileset", &[Param::text("path"), Param::text("pattern")], set_of_text, fileset),
    Function::new("pathexpand", PATH, text, |a| Ok(Value::string(expand(a, a.text(0))?))),
];

/// Returns a variable of the environment, as a secret; null if it is not set.
fn env(args: &Arguments) -> Result<Value, CallError> {
    if !args.host.knows_env() {
        return Ok(Value::unknown(Type::String).sensitive());
    }
    let value = args.host.env(args.text(0));
    Ok(value.map_or_else(|| Value::null(Type::String), |value| Value::string(value).sensitive()))
}

fn abspath(args: &Arguments) -> Result<Value, CallError> {
    let path = args.host.base_dir().join(args.text(0));
    let path = std::path::absolute(path).map_err(|error| CallError::failed(error.to_string()))?;
    Ok(Value::string(clean(&path.to_string_lossy())))
}

/// Replaces a leading `~` by the home directory.
fn expand(args: &Arguments, path: &str) -> Result<String, CallError> {
    let Some(rest) = path.strip_prefix('~') else {
        return Ok(path.to_owned());
    };
    if !rest.is_empty() && !rest.starts_with(['/', '\\']) {
        return Err(CallError::failed("cannot expand user-specific home dir"));
    }
    let home = args.host.env("HOME").or_else(|| args.host.env("USERPROFILE"));
    let home = home.ok_or_else(|| CallError::failed("cannot find the home directory: HOME is not set"))?;
    Ok(if rest.is_empty() { home } else { clean(&format!("{home}{rest}")) })
}

/// Returns where a path of the configuration leads, from the base directory.
fn locate(args: &Arguments, path: &str) -> Result<PathBuf, CallError> {
    let path = expand(args, path)?;
    Ok(args.host.base_dir().join(clean(&path)))
}

/// Reads the file at the path of the first argument.
fn read(args: &Arguments) -> Result<Vec<u8>, CallError> {
    let path = args.text(0);
    args.host.read_file(&locate(args, path)?).map_err(|error| {
        let path = args.quoted(0, path);
        CallError::argument(0, unreadable(&error, &path))
    })
}

/// Reads the file for a hash, whose errors Terraform puts more shortly.
pub(super) fn read_for_hash(args: &Arguments) -> Result<Vec<u8>, CallError> {
    let path = args.text(0);
    args.host.read_file(&locate(args, path)?).map_err(|error| {
        let path = args.shown(0, path);
        CallError::failed(format!("open {path}: {}", reason(&error)))
    })
}

fn unreadable(error: &io::Error, path: &str) -> String {
    if error.kind() != io::ErrorKind::NotFound {
        return format!("failed to read file: read {}: {}", path.trim_matches('"'), reason(error));
    }
    format!(
        "no file exists at {path}; this function works only with files that are distributed as part of the \
         configuration source code, so if this file will be created by a resource in this configuration you must \
         instead obtain this result from an attribute of that resource"
    )
}

/// Returns the system's reason without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn file(args: &Arguments) -> Result<Value, CallError> {
    let text = String::from_utf8(read(args)?).map_err(|_| {
        let path = args.quoted(0, args.text(0));
        CallError::failed(format!(
            "contents of {path} are not valid UTF-8; use the filebase64 function to obtain the Base64 encoded \
             contents or the other file functions (e.g. filemd5, filesha256) to obtain file hashing results instead"
        ))
    })?;
    Ok(Value::string(text))
}

fn exists(args: &Arguments) -> Result<Value, CallError> {
    let shown = args.quoted(0, args.text(0));
    let is = |what: &str| Err(CallError::failed(format!("{shown} is {what}")));
    match args.host.kind(&locate(args, args.text(0))?) {
        Ok(FileKind::File) => Ok(Value::bool(true)),
        Ok(FileKind::Directory) => is("a directory, not a file"),
        Ok(FileKind::Other) => is("not a regular file"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Value::bool(false)),
        Err(_) => Err(CallError::failed(format!("failed to stat {shown}"))),
    }
}

fn fileset(args: &Arguments) -> Result<Value, CallError> {
    let root = args.host.base_dir().join(clean(args.text(0)));
    let files = find(args.host, &root, args.text(1)).map_err(|error| glob_failed(args, &root, error))?;
    Ok(Value::set(Type::String, files.into_iter().map(Value::string).collect()))
}

fn glob_failed(args: &Arguments, root: &Path, error: GlobError) -> CallError {
    let pattern = root.join(args.text(1));
    let index = usize::from(!args.is_secret(0));
    let pattern = args.shown(index, go_quote(&pattern.to_string_lossy()));
    let why = match error {
        GlobError::Pattern => "syntax error in pattern".to_owned(),
        GlobError::TooMany => "too many files to look at".to_owned(),
        GlobError::Io(error) => reason(&error),
    };
    CallError::failed(format!("failed to glob pattern {pattern}: {why}"))
}

/// Returns the shortest path to the same place, without looking at the disk; `.` for nothing.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.as_str()) {
        (true, _) => format!("/{joined}"),
        (false, "") => ".".to_owned(),
        (false, _) => joined,
    }
}

fn base(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" if path.is_empty() => ".",
        "" => "/",
        trimmed => trimmed.rsplit('/').next().unwrap_or(trimmed),
    }
}

fn directory(path: &str) -> String {
    clean(path.rfind('/').map_or("", |slash| &path[..=slash]))
}
