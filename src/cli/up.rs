//! `upwalk up PLAN`: settles everything that can be settled before step one, then begins the run
//! and hands over to a front end.

use super::accepts;
use super::args::UpArgs;
use super::context::{Context, Ui};
use super::create::{self, pretend};
use super::dry_run;
use super::failure::{Code, Failure};
use super::follow::{self, Role};
use super::out;
use super::plan_file::{self, Loaded};
use super::syntax;
use super::vars::{self, Settled};
use super::versions::{self, Versions};
use crate::engine::Scope;
use crate::journal::{RunStarted, RunState, StepMode, VarValue};
use crate::plan::{Plan, Walk};
use crate::shell::store::StateDir;
use crate::shell::users::User;
use crate::shell::{bearing, clock, identity, logind};
use crate::supervisor::client::{self, Client};
use crate::supervisor::wire::Part;
use crate::types::{Millis, RunId, Who};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The only direction so far.
const DIRECTION: &str = "up";

/// How long another upwalk may be at work on the service: it begins a run, or ends one.
const PATIENCE: Millis = Millis::from_secs(20);

/// Walks, attaches to a walk of the same, or prints what would happen.
pub(super) fn run(context: &Context, args: &UpArgs) -> Result<Code, Failure> {
    let began = clock::up();
    loop {
        if let Some(code) = once(context, args)? {
            return Ok(code);
        }
        // What was seen before may not hold any more: everything is looked at again.
        if clock::up().since(began) > PATIENCE {
            return Err(Failure::new(
                Code::OtherRun,
                "another upwalk is at work on this service and does not come to an end",
            )
            .hint(context.pasteable("upwalk status")));
        }
        // What it is at is done within a moment, and nobody tells of it.
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The same; none where another upwalk was faster.
fn once(context: &Context, args: &UpArgs) -> Result<Option<Code>, Failure> {
    if identity::var("UPWALK_YES").is_some() {
        return Err(
            Failure::usage("UPWALK_YES is set, and there is no way to accept everything")
                .hint("unset UPWALK_YES; --accept ID:DIGEST confirms one warning beforehand"),
        );
    }
    let loaded = plan_file::load(context, args)?;
    let plan = &loaded.plan;
    if plan.up.is_none() {
        return Err(Failure::new(Code::Plan, "the plan has no `up`")
            .hint("this version of upwalk walks upgrades only"));
    }
    let given = vars::given(context, plan, args)?;
    let mut settled = vars::settle(plan, &given)?;
    settled.complete(plan)?;
    let flags = versions::flags(plan, args)?;
    let accepted = accepts::given(args)?;
    let mut base = base(context, args, &loaded, &settled, &flags)?;
    base.accepts.clone_from(&accepted);
    if args.dry_run.is_some() {
        return dry_run::run(context, args, &loaded, settled, base, &flags).map(Some);
    }
    let known = create::begun(context, &plan.service)?;
    if let Some(code) = attach(context, plan, &base)? {
        return Ok(Some(code));
    }
    syntax::check(plan)?;
    let files = loaded.file.dir();
    settled.ask(plan, &base, files)?;
    base.vars.clone_from(&settled.vars);
    base.who = identity::who();
    let ledger = dry_run::ledger(context, &loaded)?;
    let detected = detect(&loaded, &base, &settled)?;
    let versions = Versions::settled(plan, &flags, detected, ledger)?;
    if let Some(sentence) = versions.nothing_to_do() {
        out::print(&sentence)?;
        return Ok(Some(Code::Done));
    }
    base.from = versions.from();
    base.from_exact = versions.exact;
    if let Some(state) = context.look()?
        && let Some(said) = state.ledger_said(&plan.service)?
    {
        let same = said.last.state_version == base.from_exact;
        base.from_since = Some(said.since).filter(|_| same && base.from_exact.is_some());
        let run = said.last.run;
        base.after_stopped = said.last.stopped_at.map(|at| (run, at));
    }
    let state = pretend(&base)?;
    users_and_dirs(plan, &state)?;
    let ui = context.ui()?;
    if ui != Ui::None {
        accepts::check(plan, &base, &state)?;
    }
    match ui {
        Ui::None => accepts::all_given(context, plan, &base, &state, &accepts::again(args))?,
        // A theme that cannot be had is said before anything begins.
        Ui::Tui => drop(context.screen()?),
        Ui::Plain => {}
    }
    begin(context, &loaded, &settled, (base, &known))
}

/// Makes the run durable and hands over; none where another upwalk was faster.
fn begin(
    context: &Context,
    loaded: &Loaded,
    settled: &Settled,
    begun: (RunStarted, &[RunId]),
) -> Result<Option<Code>, Failure> {
    let (state, remarks) = StateDir::open(&context.state_path)?;
    let Some(run) = create::create(context, &state, loaded, &settled.secrets, begun)? else {
        return Ok(None);
    };
    for remark in remarks.into_iter().chain(logind::warning()) {
        out::say(&format!("upwalk: {remark}\n"));
    }
    follow::follow(context, &state, &run, Role::Begin).map(Some)
}

/// The run as far as it is known without looking at the machine.
fn base(
    context: &Context,
    args: &UpArgs,
    loaded: &Loaded,
    settled: &Settled,
    flags: &versions::Flags,
) -> Result<RunStarted, Failure> {
    let now = clock::now();
    let plan = &loaded.plan;
    let run = RunId::new(&now.wall.stamp(), &plan.service, DIRECTION);
    Ok(RunStarted {
        run_dir: context.state_path.join("runs").join(run.as_str()),
        run,
        service: plan.service.clone(),
        direction: DIRECTION.to_owned(),
        plan: args.plan.clone(),
        plan_digest: plan.digest.clone(),
        host: identity::host(),
        // Who it is may have to be looked up by a command, which a dry run does not start.
        who: Who {
            login: identity::var("USER").unwrap_or_default(),
            uid: identity::uid(),
            ssh: None,
        },
        upwalk: env!("CARGO_PKG_VERSION").to_owned(),
        boot: now.boot,
        from_exact: None,
        from: None,
        to: flags.to.clone(),
        vars: settled.vars.clone(),
        env: create::inherited(plan),
        accepts: Vec::new(),
        step_mode: if args.step {
            StepMode::Stepping
        } else {
            StepMode::Flowing
        },
        after_stopped: None,
        environment: context.config()?.environment,
        bearing: Some(bearing::own()),
        max_age: Some(context.config()?.confirm.max_age),
        from_since: None,
    })
}

/// Attaches where an open run of the service is the same; fails where it is another.
fn attach(context: &Context, plan: &Plan, base: &RunStarted) -> Result<Option<Code>, Failure> {
    let Some(state) = context.look()? else {
        return Ok(None);
    };
    let Some(open) = create::open_run(&state, &base.service)? else {
        return Ok(None);
    };
    let (_, begun) = client::read_run(&state.run(&open)?)?;
    if begun.finished.is_some() {
        // Its supervisor was killed before it had closed the run; the next one does that.
        Client::attach(&state, &open, Part::Observe, |_| {})?;
        return Ok(None);
    }
    if !is_same(&begun.run, base) {
        return Err(create::other_run(context, &state, &open));
    }
    out::say(&format!("upwalk: this run is open already: {open}\n"));
    // One that waits to be started is started as a new one would be, and by the same rule.
    let role = match accepts::all_given(context, plan, &begun.run, &begun, "") {
        Ok(()) => Role::Begin,
        Err(_) => Role::Attach,
    };
    follow::follow(context, &state, &open, role).map(Some)
}

/// Whether a run is what this command line asks for. What a variable's `command` said then counts
/// for nothing, as it has not been asked now.
fn is_same(begun: &RunStarted, base: &RunStarted) -> bool {
    let given = |vars: &BTreeMap<String, VarValue>| -> BTreeMap<String, Option<String>> {
        let given = vars.iter().filter(|(_, value)| value.from != "command");
        given
            .map(|(name, value)| (name.clone(), value.value.clone()))
            .collect()
    };
    begun.plan_digest == base.plan_digest
        && begun.direction == base.direction
        && begun.to == base.to
        && given(&begun.vars) == given(&base.vars)
}

/// What the plan's `detect` says; none where it has none.
fn detect(
    loaded: &Loaded,
    base: &RunStarted,
    settled: &Settled,
) -> Result<Option<Result<String, String>>, Failure> {
    let rules = loaded.plan.version.as_ref();
    let Some(text) = rules.and_then(|rules| rules.detect.as_deref()) else {
        return Ok(None);
    };
    let files = loaded.file.dir();
    vars::look(&loaded.plan, base, text, files, &settled.secrets).map(Some)
}

/// Every user exists and every directory is absolute, variables filled in.
fn users_and_dirs(plan: &Plan, state: &RunState) -> Result<(), Failure> {
    let scope = Scope::of(plan, state);
    let defaults = [(None, plan.defaults.user.as_ref(), Some(&plan.defaults.dir))];
    let steps = plan.up.iter().flat_map(Walk::steps);
    let steps = steps.map(|(_, step)| {
        (
            Some(step),
            step.settings.user.as_ref(),
            step.settings.dir.as_ref(),
        )
    });
    let mut known = BTreeMap::new();
    for (step, user, dir) in defaults.into_iter().chain(steps) {
        let place = step.map_or("in `defaults`".to_owned(), |step| {
            format!("in step {} (line {})", step.id, step.line)
        });
        if let Some(user) = user.map(|user| scope.text(user)) {
            let exists = *known
                .entry(user.clone())
                .or_insert_with(|| User::named(&user).is_some());
            if !exists {
                let what = format!("there is no user \"{user}\", named {place}");
                return Err(Failure::new(Code::Plan, what).hint(format!("getent passwd {user}")));
            }
        }
        if let Some(dir) = dir
            .map(|dir| scope.text(dir))
            .filter(|dir| !Path::new(dir).is_absolute())
        {
            let what = format!("the directory \"{dir}\" {place} is relative");
            return Err(Failure::new(Code::Plan, what).hint("write it from / on"));
        }
    }
    Ok(())
}
