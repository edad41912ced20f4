//! Arguments in, exit status out: one file a command.
//!
//! A command reads as the pipeline: load the [`project`], open the [`backend`], connect the [`providers`], plan, ask, apply, show. Rules of the
//! domain are elsewhere; here is what is asked, what is printed where, and what the exit status is.

use crate::diag::Reported;
use crate::state::Status;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

mod adopt;
mod apply;
mod args;
mod backend;
mod catalogue;
mod completions;
mod console;
mod crash;
mod discover;
mod elements;
mod emulator;
mod environment;
mod fmt;
mod generate;
mod graph;
mod init;
mod kinds;
mod live;
mod log;
mod mend;
mod output;
mod past;
mod plan;
mod previous;
mod project;
mod prompt;
mod providers;
mod rekey;
mod repair;
mod redaction;
mod saved;
mod show;
mod signals;
mod state;
mod transfer;
mod typing;
mod usage;
mod validate;
mod version;
mod words;
mod workspace;

use args::Command;
use environment::Environment;
use output::Output;

/// The exit statuses of cli.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// `plan -detailed-exitcode` with changes.
    Changes,
    /// `fmt -check` found a file that would change.
    Unformatted,
}

impl From<Exit> for u8 {
    fn from(exit: Exit) -> u8 {
        match exit {
            Exit::Done => 0,
            Exit::Changes => 2,
            Exit::Unformatted => 3,
        }
    }
}

/// The result of a command; what went wrong was already said.
pub type Outcome = Result<Exit, Reported>;

/// Stack of the thread that parses and evaluates: the evaluator recurses as deep as expressions nest.
const STACK: usize = 64 << 20;

/// How long the end waits for a server to take a lock back; a lock that is not runs out by itself.
const RELEASE: Duration = Duration::from_secs(5);

/// Runs the program. Everything happens on one thread with a large stack, and the network is asynchronous on it; a commit to the disk
/// is encoded and written on another, whose stack is as large.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let (tell, told) = std::sync::mpsc::channel();
    let work = move || {
        // Nobody listens any more only if the process has ended.
        let _ = tell.send(run(args));
        // The thread does not end before the process: taking its memory apart would take longer than many a command.
        loop {
            std::thread::park();
        }
    };
    let working = std::thread::Builder::new().stack_size(STACK).spawn(work);
    // A panic, which has been told, lets go of the sender.
    let status = working.ok().and_then(|_| told.recv().ok()).unwrap_or(1);
    ExitCode::from(status)
}

fn run(args: Vec<OsString>) -> u8 {
    let environment = Environment::of_process();
    let cli = match args::parse(args.clone(), &|name| environment.var(name)) {
        Ok(cli) => cli,
        Err(error) => return usage::usage(&error, &args, &environment),
    };
    let environment = match environment.in_directory(cli.chdir.as_deref()) {
        Ok(environment) => environment,
        Err(error) => {
            eprintln!("Error: Invalid -chdir option\n  {error}");
            return 1;
        }
    };
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = match builder.thread_stack_size(STACK).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("Error: the runtime did not start: {error}");
            return 1;
        }
    };
    let mut output = Output::new(&environment, cli.no_color);
    log::start(&environment, output.redactor());
    crash::watch(output.redactor());
    let outcome = runtime.block_on(dispatch(cli.command, &environment, &mut output));
    runtime.block_on(crate::state::released(RELEASE));
    // Whatever still runs in the background (a lookup, an idle connection) is not worth waiting for.
    runtime.shutdown_background();
    match outcome {
        // Who asked for output and did not get it must not go on.
        Ok(_) if output.lost() => 1,
        Ok(exit) => exit.into(),
        Err(_) => 1,
    }
}

async fn dispatch(command: Command, environment: &Environment, output: &mut Output) -> Outcome {
    match command {
        Command::Init(args) => init::run(&args, environment, output).await,
        Command::Validate(args) => validate::run(&args, environment, output),
        Command::Fmt(args) => fmt::run(&args, environment, output),
        Command::Plan(args) => plan::run(&args, environment, output).await,
        Command::Apply(args) => apply::run(args, apply::Flavour::Apply, environment, output).await,
        Command::Destroy(args) => apply::run(args, apply::Flavour::Destroy, environment, output).await,
        Command::Refresh(args) => apply::run(args, apply::Flavour::Refresh, environment, output).await,
        Command::Show(args) => show::run(&args, environment, output).await,
        Command::Output(args) => show::output(&args, environment, output).await,
        Command::State(args) => state::run(&args, environment, output).await,
        Command::Taint(args) => mend::taint(&args, Status::Tainted, environment, output).await,
        Command::Untaint(args) => mend::taint(&args, Status::Ready, environment, output).await,
        Command::Import(args) if args.all => adopt::run(&args, environment, output).await,
        Command::Import(args) => mend::import(&args, environment, output).await,
        Command::Discover(args) => discover::run(&args, environment, output).await,
        Command::Console(args) => console::run(&args, environment, output).await,
        Command::ForceUnlock(args) => transfer::force_unlock(&args, environment, output).await,
        Command::Workspace(args) => workspace::run(&args, environment, output).await,
        Command::Graph(args) => graph::run(&args, environment, output).await,
        Command::Elements(args) => elements::run(&args, environment, output).await,
        Command::Kinds(args) => kinds::run(&args, environment, output),
        Command::Emulator(args) => emulator::run(&args, environment, output).await,
        Command::Completions { shell } => completions::run(shell, output),
        Command::Version(args) => version::run(&args, output),
    }
}
