//! Arguments → typed options. Long options may be written with one dash, as Terraform's users do.

use crate::config::Assignment;
use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Terraform for element instances: declares, plans and provisions connections of the Cloud Elements API.
#[derive(Debug, Parser)]
#[command(name = "isotope", version, disable_help_subcommand = true, max_term_width = 110)]
pub struct Cli {
    /// Switch to a directory before doing anything
    #[arg(long, global = true, value_name = "DIR")]
    pub chdir: Option<PathBuf>,

    /// Plain text without colour
    #[arg(long, global = true)]
    pub no_color: bool,

    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the backend and everything that can be prepared
    Init(Init),
    /// Check the configuration, offline and without state
    Validate(Json),
    /// Rewrite configuration files in canonical style
    Fmt(Fmt),
    /// Show what apply would do
    Plan(Plan),
    /// Show the changes, ask, and make them
    Apply(Apply),
    /// Delete everything that is managed (`apply -destroy`)
    Destroy(Apply),
    /// Bring the state up to date with the world (`apply -refresh-only`)
    Refresh(Apply),
    /// Show the state, or a saved plan
    Show(Show),
    /// Show root outputs
    Output(Output),
    /// Look at the state, and mend it
    #[command(subcommand)]
    State(State),
    /// Replace an object at the next apply
    Taint(Taint),
    /// Do not replace it after all
    Untaint(Taint),
    /// Adopt an object that exists, or write what adopts all of them
    Import(Import),
    /// List what exists in the account and is not in the state
    Discover(Discover),
    /// Evaluate expressions against configuration and state
    Console(Console),
    /// End the lock of a process that is gone
    ForceUnlock(ForceUnlock),
    /// Keep several states for one configuration
    #[command(subcommand)]
    Workspace(Workspace),
    /// Draw what depends on what
    Graph(Graph),
    /// Browse the element catalogue
    #[command(subcommand)]
    Elements(Elements),
    /// Show the kinds that a configuration can use
    #[command(subcommand)]
    Kinds(KindsCommand),
    /// Serve the Cloud Elements API on this machine
    Emulator(Emulator),
    /// Print a completion script
    Completions {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the version
    Version(Json),
}

#[derive(Debug, Args)]
pub struct Init {
    /// Fetch modules anew, at what their references mean today
    #[arg(long)]
    pub upgrade: bool,
    /// Copy the state to the backend that the configuration names now
    #[arg(long, conflicts_with = "reconfigure")]
    pub migrate_state: bool,
    /// Leave the state where it is, and use the new backend as it stands
    #[arg(long)]
    pub reconfigure: bool,
}

#[derive(Debug, Args)]
pub struct Json {
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Fmt {
    /// Change nothing; exit 3 if a file would change
    #[arg(long)]
    pub check: bool,
    /// Show the differences
    #[arg(long)]
    pub diff: bool,
    /// Go into subdirectories too
    #[arg(long)]
    pub recursive: bool,
    /// Files or directories (default: this one); `-` reads standard input
    pub paths: Vec<PathBuf>,
}

/// `-var` and `-var-file`, in command-line order, since later ones win.
#[derive(Clone, Debug, Default)]
pub struct Variables(pub Vec<Assignment>);

impl Args for Variables {
    fn augment_args(command: clap::Command) -> clap::Command {
        let var = Arg::new("var").long("var").value_name("NAME=VALUE").help("Set a root variable");
        let file =
            Arg::new("var-file").long("var-file").value_name("FILE").help("Read root variables from a file");
        command
            .arg(var.action(ArgAction::Append))
            .arg(file.action(ArgAction::Append).value_parser(clap::value_parser!(PathBuf)))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Variables {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let vars = matches.get_many::<String>("var").into_iter().flatten().cloned().map(Assignment::Var);
        let files =
            matches.get_many::<PathBuf>("var-file").into_iter().flatten().cloned().map(Assignment::File);
        let places = |id| matches.indices_of(id).into_iter().flatten();
        let mut all: Vec<_> = places("var").zip(vars).chain(places("var-file").zip(files)).collect();
        all.sort_by_key(|(place, _)| *place);
        Ok(Self(all.into_iter().map(|(_, assignment)| assignment).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[derive(Clone, Debug, Args)]
pub struct Planning {
    #[command(flatten)]
    pub variables: Variables,
    /// Plan to delete everything
    #[arg(long, conflicts_with = "refresh_only")]
    pub destroy: bool,
    /// Only compare the state with the world
    #[arg(long)]
    pub refresh_only: bool,
    /// Whether the world is read
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub refresh: bool,
    /// Only this object, block or module, and what it needs
    #[arg(long, value_name = "ADDR")]
    pub target: Vec<String>,
    /// Everything but this, and what needs it
    #[arg(long, value_name = "ADDR")]
    pub exclude: Vec<String>,
    /// Replace this object even if nothing changed
    #[arg(long, value_name = "ADDR")]
    pub replace: Vec<String>,
    /// At most so many operations at once
    #[arg(long, value_name = "N", value_parser = one_or_more)]
    pub parallelism: Option<usize>,
    #[command(flatten)]
    pub locking: Locking,
    /// Whether anything may be asked
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub input: bool,
    /// One JSON message a line
    #[arg(long)]
    pub json: bool,
    /// Only the summary lines
    #[arg(long, conflicts_with = "full")]
    pub concise: bool,
    /// Every attribute
    #[arg(long)]
    pub full: bool,
    /// Also write the plan as Markdown, for a pull request
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Refuse a plan that deletes more than this
    #[arg(long, value_name = "N", value_parser = whole)]
    pub allow_destroy: Option<usize>,
    /// Warnings as one line each
    #[arg(long)]
    pub compact_warnings: bool,
}

#[derive(Clone, Debug, Args)]
pub struct Locking {
    /// Whether the state is locked
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub lock: bool,
    /// How long to wait for the lock, as in `30s`
    #[arg(long, value_name = "DUR", value_parser = duration, default_value = "0s")]
    pub lock_timeout: Duration,
}

fn socket(text: &str) -> Result<std::net::SocketAddr, String> {
    text.parse().map_err(|_| "expected an IP address and a port, such as `127.0.0.1:8085`".to_owned())
}

fn whole(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "expected a whole number".to_owned())
}

/// Without room for a single operation nothing would ever be done.
fn one_or_more(text: &str) -> Result<usize, String> {
    whole(text)
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| "expected a whole number from 1 on".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    crate::config::duration(text).ok_or_else(|| "expected a duration such as `30s` or `1m30s`".to_owned())
}

#[derive(Debug, Args)]
pub struct Plan {
    #[command(flatten)]
    pub planning: Planning,
    /// Write the plan to a file, for `apply FILE`
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write the blocks that `import` blocks lack to a new file
    #[arg(long, value_name = "FILE")]
    pub generate_config_out: Option<PathBuf>,
    /// Exit 2 when there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
}

#[derive(Debug, Args)]
pub struct Apply {
    #[command(flatten)]
    pub planning: Planning,
    /// Do not ask
    #[arg(long)]
    pub auto_approve: bool,
    /// A saved plan: does exactly that, without asking
    pub plan: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Show {
    #[arg(long)]
    pub json: bool,
    /// Show sensitive values too
    #[arg(long)]
    pub reveal_sensitive: bool,
    /// A saved plan
    pub plan: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Output {
    #[arg(long, conflicts_with = "raw")]
    pub json: bool,
    /// The value alone, as text
    #[arg(long, requires = "name")]
    pub raw: bool,
    pub name: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum State {
    /// The addresses of all objects
    List {
        #[arg(long)]
        json: bool,
        /// Only objects with this id
        #[arg(long, value_name = "ID")]
        id: Option<String>,
        /// Only these objects, blocks or modules
        addresses: Vec<String>,
    },
    /// Who changed what, when
    History {
        #[arg(long)]
        json: bool,
    },
    /// What differs between two serials: `@3 @5`, or `@3` and now
    Diff {
        #[arg(long)]
        json: bool,
        #[arg(long)]
        reveal_sensitive: bool,
        from: String,
        to: Option<String>,
    },
    /// Return the state, not the world, to an earlier serial
    Rollback {
        /// Do not ask
        #[arg(long)]
        auto_approve: bool,
        /// `@3`
        serial: String,
    },
    /// Print the whole state as a JSON document
    Pull {
        #[arg(long)]
        reveal_sensitive: bool,
    },
    /// Put a document in the state's place; `-` reads standard input
    Push {
        /// Even if it is older, or drops open operations
        #[arg(long)]
        force: bool,
        path: PathBuf,
    },
    /// Seal the state with another key
    Rekey {
        #[command(flatten)]
        variables: Variables,
    },
    /// Make a damaged store whole, and adopt what the API holds and the store has lost
    Restore {
        #[command(flatten)]
        variables: Variables,
    },
    /// Make a lost state anew, from the configuration and the markers of the objects
    Rebuild {
        #[command(flatten)]
        variables: Variables,
        /// Do not ask
        #[arg(long)]
        auto_approve: bool,
        /// Which state it was, if there are several
        #[arg(long, value_name = "ID")]
        lineage: Option<String>,
    },
    /// One object's attributes; `ADDRESS@3` as they were at serial 3
    Show {
        #[arg(long)]
        json: bool,
        #[arg(long)]
        reveal_sensitive: bool,
        address: String,
    },
    /// Rename an object, all objects of a block, or a module
    Mv {
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
        source: String,
        destination: String,
    },
    /// Drop objects from the state; the world is left alone
    Rm {
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
        #[arg(required = true)]
        addresses: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Workspace {
    /// All workspaces; the current one is marked
    List,
    /// Make one, and switch to it
    New { name: String },
    /// Switch to one
    Select {
        /// Make it if it does not exist
        #[arg(long)]
        or_create: bool,
        name: String,
    },
    /// The name of the current one
    Show,
    /// Remove one and its state
    Delete {
        /// Even if it is not empty; what it recorded is forgotten
        #[arg(long)]
        force: bool,
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Elements {
    /// The elements of the catalogue
    List {
        /// Only elements of this hub
        #[arg(long)]
        hub: Option<String>,
        #[arg(long)]
        json: bool,
        /// Only elements whose key or name has this text
        text: Option<String>,
    },
    /// What an element asks for, and a block to start from
    Show {
        #[arg(long)]
        json: bool,
        key: String,
    },
    /// Fetch what the account's own API knows of its elements, and keep it beside the state
    Sync {
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum KindsCommand {
    /// The kinds inside the program and those that the configuration defines
    List(Json),
    /// Draft kinds from an OpenAPI document
    Generate {
        /// Only the collection at this path, as in `/things`
        #[arg(long, value_name = "PATH")]
        path: Option<String>,
        /// A document of OpenAPI 2 or 3, as JSON or YAML; `-` reads standard input
        spec: PathBuf,
    },
    /// What a kind's objects have, and how they are made
    Show {
        #[arg(long)]
        json: bool,
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct ForceUnlock {
    /// Do not ask
    #[arg(long)]
    pub force: bool,
    /// The lock's id, as the command that was refused says
    pub id: String,
}

#[derive(Debug, Args)]
pub struct Taint {
    /// How long to wait for the lock, as in `30s`
    #[arg(long, value_name = "DUR", value_parser = duration, default_value = "0s")]
    pub lock_timeout: Duration,
    pub address: String,
}

#[derive(Debug, Args)]
pub struct Import {
    #[command(flatten)]
    pub variables: Variables,
    /// How long to wait for the lock, as in `30s`
    #[arg(long, value_name = "DUR", value_parser = duration, default_value = "0s")]
    pub lock_timeout: Duration,
    /// Write its block, if it has none, to a new file; with `-all`, where the blocks go (default: adopted.hcl)
    #[arg(long, value_name = "FILE")]
    pub generate_config_out: Option<PathBuf>,
    /// Write blocks for everything that is not in the state, and the `import` blocks that adopt it
    #[arg(long, conflicts_with_all = ["address", "id"])]
    pub all: bool,
    #[command(flatten)]
    pub which: Which,
    /// Where it is declared
    #[arg(required_unless_present = "all")]
    pub address: Option<String>,
    /// Its id in the API
    #[arg(required_unless_present = "all")]
    pub id: Option<String>,
}

/// Of what exists, a part.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// Only objects of this kind; may be given several times
    #[arg(long, value_name = "KIND")]
    pub kind: Vec<String>,
    /// Only objects whose name, id or element has this text
    #[arg(long = "match", value_name = "TEXT")]
    pub text: Option<String>,
}

#[derive(Debug, Args)]
pub struct Discover {
    #[command(flatten)]
    pub variables: Variables,
    #[command(flatten)]
    pub which: Which,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Console {
    #[command(flatten)]
    pub variables: Variables,
    /// Standard input holds a JSON string a line, each an expression; one JSON answer a line
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Graph {
    /// The language of the picture
    #[arg(long, value_enum, default_value_t = GraphFormat::Dot)]
    pub format: GraphFormat,
    /// The objects of a saved plan and what happens to them, instead of the configuration's blocks
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum GraphFormat {
    /// For Graphviz, as Terraform writes it
    Dot,
    /// A picture
    Svg,
    /// A flowchart for GitHub's and GitLab's pages
    Mermaid,
}

#[derive(Debug, Args)]
pub struct Emulator {
    /// Where to listen
    #[arg(long, value_name = "ADDR", value_parser = socket, default_value = "127.0.0.1:8085")]
    pub listen: std::net::SocketAddr,
    /// Keep the data in this directory (default: in memory)
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Every answer takes this long
    #[arg(long, value_name = "DUR", value_parser = duration, default_value = "0s")]
    pub latency: Duration,
    /// Misbehave: see `docs/emulator.md`
    #[arg(long, value_name = "SPEC")]
    pub fault: Option<String>,
}

/// Parses the process's arguments. `env` gives `ISOTOPE_CLI_ARGS` and `ISOTOPE_CLI_ARGS_<command>`.
pub fn parse(
    args: impl IntoIterator<Item = OsString>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Cli, clap::Error> {
    let mut args: Vec<OsString> = args.into_iter().map(two_dashes).collect();
    insert_from_environment(&mut args, env);
    Cli::try_parse_from(args)
}

/// `-var` → `--var`; `-h`, `-` and negative numbers stay.
fn two_dashes(arg: OsString) -> OsString {
    let Some(text) = arg.to_str() else { return arg };
    let mut chars = text.chars();
    let single = chars.next() == Some('-') && chars.next().is_some_and(char::is_alphabetic);
    if single && chars.next().is_some() { format!("-{text}").into() } else { arg }
}

/// Puts the environment's arguments right behind the command, so that the command line's own come later and win.
fn insert_from_environment(args: &mut Vec<OsString>, env: &dyn Fn(&str) -> Option<String>) {
    let Some(at) = command_position(args) else { return };
    let command = args[at].to_string_lossy().into_owned();
    let mut extra = Vec::new();
    for name in ["ISOTOPE_CLI_ARGS".to_owned(), format!("ISOTOPE_CLI_ARGS_{command}")] {
        let words = env(&name).map(|text| words(&text)).unwrap_or_default();
        extra.extend(words.into_iter().map(OsString::from).map(two_dashes));
    }
    args.splice(at + 1..at + 1, extra);
}

/// The command's name, if there is one.
pub fn command(args: &[OsString]) -> Option<String> {
    let args: Vec<OsString> = args.iter().cloned().map(two_dashes).collect();
    Some(args[command_position(&args)?].to_string_lossy().into_owned())
}

/// Where the command's name stands: the first argument that is no option and no option's value.
fn command_position(args: &[OsString]) -> Option<usize> {
    let mut at = 1;
    while at < args.len() {
        let text = args[at].to_string_lossy();
        if text == "--chdir" {
            at += 2;
        } else if text.starts_with('-') {
            at += 1;
        } else {
            return Some(at);
        }
    }
    None
}

/// Splits as a shell does, with single and double quotes and backslashes; nothing is expanded.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) => word.get_or_insert_default().extend(chars.next()),
            (c, Some(_)) => word.get_or_insert_default().push(c),
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, None) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &[&str], env: &dyn Fn(&str) -> Option<String>) -> Cli {
        let args = std::iter::once("isotope").chain(line.iter().copied()).map(OsString::from);
        parse(args, env).unwrap_or_else(|error| panic!("{line:?}: {error}"))
    }

    #[test]
    fn one_dash_or_two() {
        for line in [
            &["-chdir=x", "plan", "-var", "a=b", "-refresh=false", "-no-color"][..],
            &["--chdir", "x", "plan", "--var=a=b", "--refresh=false", "--no-color"],
        ] {
            let cli = parsed(line, &|_| None);
            assert!(cli.no_color);
            assert_eq!(cli.chdir, Some("x".into()));
            let Command::Plan(plan) = cli.command else { panic!("not a plan") };
            assert_eq!(plan.planning.variables.0, [Assignment::Var("a=b".into())]);
            assert!(!plan.planning.refresh);
        }
    }

    #[test]
    fn the_environment_comes_before_the_command_line() {
        let env = |name: &str| match name {
            "ISOTOPE_CLI_ARGS_plan" => Some("-var 'a=from env' -concise".to_owned()),
            _ => None,
        };
        let Command::Plan(plan) = parsed(&["plan", "-var", "a=line"], &env).command else {
            panic!("not a plan")
        };
        let given = ["a=from env", "a=line"].map(|text| Assignment::Var(text.into()));
        assert_eq!(plan.planning.variables.0, given);
        assert!(plan.planning.concise);
    }

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
