//! What evaluation asks of functions, until their own module is there.

use std::io;
use std::path::Path;

use crate::value::{Type, Value};

/// What a function may ask of the world; the scope of an evaluation hands it out.
pub trait Host {
    /// The directory that relative paths start from.
    fn base_dir(&self) -> &Path;

    fn read_file(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    /// What is at the path, symbolic links followed.
    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        Ok(FileKind::of(&std::fs::metadata(path)?))
    }

    /// The names in a directory, in no order; names that are not Unicode are left out.
    fn list_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        let names = std::fs::read_dir(path)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
        Ok(names.collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    /// The time for `timestamp()`; `None` while planning, which makes it unknown.
    fn now(&self) -> Option<jiff::Timestamp>;

    /// The time for `plantimestamp()`; `None` before there is a plan.
    fn plan_time(&self) -> Option<jiff::Timestamp>;

    /// A UUID for `uuid()`; `None` while planning, which makes it unknown.
    fn random_uuid(&self) -> Option<String>;

    /// Whether only what is the same at every call may be computed: true while planning.
    fn pure_only(&self) -> bool;
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    File,
    Directory,
    Other,
}

impl FileKind {
    fn of(metadata: &std::fs::Metadata) -> Self {
        if metadata.is_file() {
            Self::File
        } else if metadata.is_dir() {
            Self::Directory
        } else {
            Self::Other
        }
    }
}

/// A function of the language.
pub struct Function {
    pub name: &'static str,
    pub params: &'static [Param],
    /// Takes all arguments after `params`.
    pub variadic: Option<Param>,
}

/// A parameter: what its argument is converted to.
pub struct Param {
    pub name: &'static str,
    pub constraint: fn() -> Type,
}

impl Function {
    /// Returns the parameter that takes the argument at `index`; `None` if there is one argument too many.
    pub fn param(&self, index: usize) -> Option<&Param> {
        self.params.get(index).or(self.variadic.as_ref())
    }
}

/// Why a call failed.
pub enum CallError {
    /// One argument is at fault.
    Argument {
        index: usize,
        message: String,
    },
    Failed(String),
}

/// Returns the names of all functions.
pub fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|function| function.name)
}

/// Returns the function of this name.
pub fn lookup(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Calls a function.
pub fn call(function: &Function, _args: &[Value], _host: &dyn Host) -> Result<Value, CallError> {
    Err(CallError::Failed(format!("{} has no body", function.name)))
}

const FUNCTIONS: &[Function] = &[];
