//! What is under way outside: questions being asked, values being measured, commands being waited
//! for. Keeps one thread for each and nothing else; what is to be under way is the engine's `due`.
//! Called by the loop.

use super::polling::{Polling, count, measure_again, recount, watch};
use super::service::Msg;
use super::wire::Live;
use crate::engine::{Effect, Input};
use crate::journal::{AskKey, Count, Fact, Measured};
use crate::shell::ask::{self, Secrets, Stop};
use crate::shell::exec::{self, Fate, Job, Still};
use crate::shell::os;
use crate::shell::store::RunDir;
use crate::types::{CommandSpec, Reach, Seq, StepId, Who};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

/// What makes two effects the same piece of work.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// A question, asked once, polled or watched.
    Ask(AskKey),
    /// Values.
    Measure(Measured),
    /// Values that a person has before them, again and again.
    MeasureAgain(Measured),
    /// How much a step has left to do.
    Count(StepId, Count),
    /// The same, again and again while it runs.
    Recount(StepId),
    /// An intent's command.
    Run(Seq),
    /// The wish that an intent's command ends, or that what outlives it is let go.
    Cancel(Seq, Reach),
}

/// News from a thread.
#[derive(Debug)]
pub(super) struct Report {
    /// Which piece of work.
    pub(super) key: Key,
    /// Which start of it: news from one that was dropped since do not count.
    pub(super) start: u64,
    /// What.
    pub(super) news: News,
}

/// What a thread has to say.
#[derive(Debug)]
pub(super) enum News {
    /// Something that is no fact yet.
    Live(Live),
    /// Something for the engine; more may come.
    Input(Input),
    /// Its last word.
    Last(Input),
}

/// The threads that are under way.
#[derive(Debug)]
pub(super) struct Work {
    dir: RunDir,
    secrets: Arc<Secrets>,
    loop_: SyncSender<Msg>,
    /// The journal's end when this supervisor began: intents up to here are somebody else's.
    taken_over_at: Seq,
    under_way: BTreeMap<Key, UnderWay>,
    starts: u64,
}

#[derive(Debug)]
struct UnderWay {
    start: u64,
    /// Dropping it ends a question's thread.
    _stop: Option<StopOnDrop>,
    /// Its thread has said its last word, when the journal ended here.
    spent_at: Option<Seq>,
}

/// Ends an ask that nobody waits for any more.
#[derive(Debug)]
struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Work {
    /// Nothing is under way yet.
    pub(super) fn new(
        dir: RunDir,
        secrets: Secrets,
        loop_: SyncSender<Msg>,
        taken_over_at: Seq,
    ) -> Self {
        Self {
            dir,
            secrets: Arc::new(secrets),
            loop_,
            taken_over_at,
            under_way: BTreeMap::new(),
            starts: 0,
        }
    }

    /// Drops what is not due any more and starts what is not under way; says what is no longer
    /// asked and what is asked now.
    pub(super) fn sync(&mut self, due: Vec<Effect>, last: Seq) -> io::Result<Vec<Live>> {
        let keys: BTreeSet<Key> = due.iter().map(key_of).collect();
        let mut news = Vec::new();
        self.under_way.retain(|key, work| {
            let stays = keys.contains(key) && work.spent_at.is_none_or(|spent| spent == last);
            if let (false, Key::Ask(key)) = (stays, key) {
                news.push(Live::Asked { key: key.clone() });
            }
            stays
        });
        for effect in due {
            let key = key_of(&effect);
            if !self.under_way.contains_key(&key) {
                news.extend(asking(&effect));
                self.start(key, effect)?;
            }
        }
        Ok(news)
    }

    /// Drops everything without a word to anybody.
    pub(super) fn drop_all(&mut self) {
        self.under_way.clear();
    }

    /// Whether news come from a start that still counts.
    pub(super) fn counts(&self, report: &Report) -> bool {
        self.under_way
            .get(&report.key)
            .is_some_and(|work| work.start == report.start)
    }

    /// Takes a thread's last word into account, heard when the journal ended at `last`. The same
    /// may be started again once the journal has moved: an answer from which nothing follows is
    /// not asked for over and over.
    pub(super) fn ended(&mut self, key: &Key, last: Seq) {
        if let Some(work) = self.under_way.get_mut(key) {
            work.spent_at = Some(last);
        }
        self.bury();
    }

    /// Takes leave of dead daemons that commands have left. While a command is under way its status
    /// may be among them: its shim may have been killed. The status of nobody else is ever used.
    pub(super) fn bury(&self) {
        let runs =
            |(key, work): (&Key, &UnderWay)| matches!(key, Key::Run(_)) && work.spent_at.is_none();
        if !self.under_way.iter().any(runs) {
            os::reap_dead();
        }
    }

    fn start(&mut self, key: Key, effect: Effect) -> io::Result<()> {
        self.starts += 1;
        let teller = Teller {
            key: key.clone(),
            start: self.starts,
            loop_: self.loop_.clone(),
        };
        let stop = self.spawn(teller, effect)?;
        let under_way = UnderWay {
            start: self.starts,
            _stop: stop,
            spent_at: None,
        };
        self.under_way.insert(key, under_way);
        Ok(())
    }

    /// Starts the thread of an intent's command.
    fn spawn_run(&self, teller: Teller, job: Job, secrets: Arc<Secrets>) -> io::Result<()> {
        let (dir, mine) = (self.dir.clone(), job.number > self.taken_over_at);
        spawn(teller, move |teller| {
            run(teller, &dir, &job, &secrets, mine);
        })
    }

    /// Starts an effect's thread, if it needs one; questions come with what ends them.
    fn spawn(&self, teller: Teller, effect: Effect) -> io::Result<Option<StopOnDrop>> {
        let secrets = Arc::clone(&self.secrets);
        match effect {
            Effect::Ask {
                key,
                ask,
                until,
                every,
            } => ask_with(teller, move |teller, stop| {
                let polling = Polling { key, until, every };
                polling.ask(teller, &ask, &secrets, stop);
            }),
            Effect::Watch { key, ask, every } => ask_with(teller, move |teller, stop| {
                watch(teller, &key, (&ask, every), &secrets, stop);
            }),
            Effect::Measure { of, commands } => spawn(teller, move |teller| {
                let values = measure(&commands, &secrets);
                teller.tell(News::Last(Input::Measured { of, values }));
            })
            .map(|()| None),
            Effect::MeasureAgain(rounds) => ask_with(teller, move |teller, stop| {
                measure_again(teller, rounds, &secrets, stop);
            }),
            Effect::Count {
                step,
                when,
                command,
            } => ask_with(teller, move |teller, stop| {
                count(teller, (step, when), &command, &secrets, stop);
            }),
            Effect::Recount {
                step,
                command,
                every,
            } => ask_with(teller, move |teller, stop| {
                recount(teller, &step, (&command, every), &secrets, stop);
            }),
            Effect::Run {
                number,
                stem,
                command,
            } => {
                let job = Job {
                    number,
                    stem,
                    command,
                };
                self.spawn_run(teller, job, secrets).map(|()| None)
            }
            Effect::Cancel {
                number,
                stem,
                who,
                reach,
            } => {
                cancel(&self.dir, (number, &stem), &who, reach);
                Ok(None)
            }
        }
    }
}

/// Has an intent's command ended, or what outlives it let go.
fn cancel(dir: &RunDir, (number, stem): (Seq, &str), who: &Who, reach: Reach) {
    if let Err(error) = exec::cancel(dir, number, stem, &who.to_string(), reach) {
        super::log(&format!("cannot end the command of {number}: {error}"));
    }
}

/// Starts the thread of a question.
fn ask_with(
    teller: Teller,
    work: impl FnOnce(&Teller, &Stop) + Send + 'static,
) -> io::Result<Option<StopOnDrop>> {
    let stop = Stop::new()?;
    let held = StopOnDrop(stop.clone());
    spawn(teller, move |teller| work(teller, &stop))?;
    Ok(Some(held))
}

fn key_of(effect: &Effect) -> Key {
    match effect {
        Effect::Ask { key, .. } | Effect::Watch { key, .. } => Key::Ask(key.clone()),
        Effect::Measure { of, .. } => Key::Measure(of.clone()),
        Effect::MeasureAgain(rounds) => Key::MeasureAgain(rounds.of.clone()),
        Effect::Count { step, when, .. } => Key::Count(step.clone(), *when),
        Effect::Recount { step, .. } => Key::Recount(step.clone()),
        Effect::Run { number, .. } => Key::Run(*number),
        Effect::Cancel { number, reach, .. } => Key::Cancel(*number, *reach),
    }
}

/// What front ends are told when an effect is started.
fn asking(effect: &Effect) -> Option<Live> {
    let (key, until) = match effect {
        Effect::Ask { key, until, .. } => (key, until.as_ref().map(|until| until.wall)),
        Effect::Watch { key, .. } => (key, None),
        Effect::Measure { .. }
        | Effect::MeasureAgain(_)
        | Effect::Count { .. }
        | Effect::Recount { .. }
        | Effect::Run { .. }
        | Effect::Cancel { .. } => return None,
    };
    Some(Live::Asking {
        key: key.clone(),
        last: None,
        until,
    })
}

/// How a thread reaches the loop.
#[derive(Debug, Clone)]
pub(super) struct Teller {
    key: Key,
    start: u64,
    loop_: SyncSender<Msg>,
}

impl Teller {
    pub(super) fn tell(&self, news: News) {
        let report = Report {
            key: self.key.clone(),
            start: self.start,
            news,
        };
        // Where the loop has ended, what was to be said is found out again by the next one.
        let _ = self.loop_.send(Msg::Report(Box::new(report)));
    }
}

/// Starts a thread. One that panics is a bug: the loop is told and ends, so that a new supervisor
/// finds out what is the case instead of anybody guessing.
fn spawn(teller: Teller, work: impl FnOnce(&Teller) + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new()
        .name("work".to_owned())
        .spawn(move || {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&teller)));
            if outcome.is_err() {
                let _ = teller
                    .loop_
                    .send(Msg::Bug(format!("the work on {:?}", teller.key)));
            }
        })
        .map(drop)
}

/// Runs an intent's command, or finds out what became of it.
fn run(teller: &Teller, dir: &RunDir, job: &Job, secrets: &Secrets, mine: bool) {
    let number = job.number;
    let mut still = |still| {
        teller.tell(match still {
            Still::AtWork(what) => News::Live(Live::StillRunning { number, what }),
            Still::Outlived(left) => News::Input(Input::Outlived { number, left }),
        });
    };
    let fate = if mine {
        exec::run(dir, job, secrets, &mut still)
    } else {
        exec::recover(dir, job, &mut still)
    };
    if let Fate::Lost(_) = &fate {
        let values = exec::written(dir, job);
        teller.tell(News::Input(Input::Wrote { number, values }));
    }
    teller.tell(News::Last(match fate {
        Fate::Ended(end, output) => Input::Ended {
            number,
            end,
            output,
        },
        Fate::NeverStarted => Input::NeverStarted { number },
        Fate::Lost(why) => Input::Lost { number, why },
    }));
}

/// The first line of each command.
fn measure(commands: &[(String, CommandSpec)], secrets: &Secrets) -> Vec<Fact> {
    let one = |(name, command): &(String, CommandSpec)| Fact {
        name: name.clone(),
        value: ask::first_line(command, secrets),
    };
    commands.iter().map(one).collect()
}
