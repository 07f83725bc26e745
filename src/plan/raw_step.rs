//! Steps and guards as they are written.

use super::decode::{
    Command, Decode, Either, EnvText, Flag, Literal, Map, Text, field, plain, raw,
};
use super::findings::Findings;
use super::node::{Node, Sp, Value};
use super::raw::{RawWarning, RawWhen};

/// A guard: a command, or a map that says how its answer is judged.
pub(super) type RawGuard = Either<Command, Box<RawAsk>>;

impl<T: Decode> Decode for Box<T> {
    fn decode(node: &Node, out: &mut Findings<'_>) -> Option<Self> {
        T::decode(node, out).map(Self::new)
    }
}

raw! {
    /// The long form of a guard.
    struct RawAsk, "a guard" {
        /// A command whose output is compared.
        output: Command,
        /// The output is this text or number.
        is: Literal,
        /// The output is another text or number than this.
        not: Literal,
        /// The output matches this pattern.
        matches: Text,
        /// The output is a number above this one.
        above: Text,
        /// The output is a number below this one.
        below: Text,
        /// Whether the output is empty.
        empty: Flag,
        /// A command whose exit code is judged.
        run: Command,
        /// Exit codes that mean no.
        no: Vec<Sp<Text>>,
        /// A URL to fetch.
        http: Text,
        /// A `host:port` to connect to.
        tcp: Text,
        /// Statuses that are a yes.
        status: Vec<Sp<Text>>,
        /// A pattern that the body matches.
        body: Text,
        /// Patterns that headers match, by name.
        header: Map<Text>,
        /// A pattern whose group is the version that answers.
        version: Text,
        /// How long the answer may take.
        timeout: Text,
        /// Certificates to trust instead of the system's.
        ca_file: Text,
        /// Whether any certificate will do.
        insecure: Flag,
        /// How many redirects are followed.
        redirects: Text,
    }
}

raw! {
    /// One step. Exactly one of run, argv, check, manual, backup, hold, release, systemd and
    /// reboot names its kind.
    struct RawStep, "a step" {
        /// Its name, for people.
        name: Text,
        /// Its id; by default the name's slug.
        id: Text,
        /// What it does and why.
        text: Text,
        /// What to do when it fails.
        remedy: Text,
        /// A text for the shell.
        run: Command,
        /// A command without a shell.
        argv: Vec<Sp<Literal>>,
        /// An assertion.
        check: RawGuard,
        /// What the admin does by hand.
        manual: Text,
        /// A command that writes into the directory `$BACKUP`.
        backup: Command,
        /// A command that enters a state which must be left.
        hold: Command,
        /// The id of the hold to leave.
        release: Text,
        /// Units to act on.
        systemd: RawSystemd,
        /// Why the machine is started anew.
        reboot: Text,
        /// The command that leaves a hold.
        leave: Command,
        /// After this a hold is left by itself.
        limit: Text,
        /// Where the data of a backup lies.
        of: Vec<Sp<Text>>,
        /// How many bytes a backup needs: a size, or a command that prints it.
        needs: Command,
        /// The command that restores a backup.
        restore: Command,
        /// Environment; `null` unsets.
        env: Map<EnvText>,
        /// Working directory.
        dir: Text,
        /// The user.
        user: Text,
        /// How long it may run.
        timeout: Text,
        /// Program and arguments that a command's text is appended to.
        shell: Vec<Sp<Text>>,
        /// Secrets that it sees although its text does not name them.
        secrets: Vec<Sp<Text>>,
        /// Confirmed before it starts.
        warn: Vec<Sp<RawWarning>>,
        /// In which hops: `each`, `first` or `last`.
        hop: Text,
        /// Only for hops between such versions.
        when: RawWhen,
        /// Run only where this says yes.
        only_if: RawGuard,
        /// Already done where this says yes.
        unless: RawGuard,
        /// Must hold afterwards.
        verify: RawGuard,
        /// For how long `check` or `verify` is asked.
        within: Text,
        /// The time between two asks.
        every: Text,
        /// Asked again on return from a pause.
        lasting: Flag,
        /// How it is taken back: a command, `again`, or `{ none: why }`.
        undo: Either<Command, RawUndo>,
        /// What taking it back costs.
        undo_text: Text,
        /// Is it this step's effect that stands?
        undo_if: RawGuard,
        /// Proof that it is gone.
        undo_verify: RawGuard,
        /// The step whose undo this one's `undo: again` comes after.
        follows: Text,
        /// The backup that takes its change to the data back.
        restored_by: Text,
        /// Is that needed at all?
        restored_by_if: RawGuard,
        /// Why nothing takes it back.
        irreversible: Text,
        /// Whether it changes nothing.
        read_only: Flag,
        /// After an unknown outcome: `safe`, `check` or `never`.
        rerun: Text,
        /// Exit codes that mean done.
        ok_codes: Vec<Sp<Text>>,
        /// Exit codes that mean: run it again.
        retry_codes: Vec<Sp<Text>>,
        /// Automatic attempts.
        retries: RawRetries,
        /// `ask`, `tolerate` or `rollback`.
        on_failure: Text,
        /// Cannot be skipped by a person.
        required: Flag,
        /// A command that prints how much there is to do.
        pending: Command,
        /// A pattern that reads progress off the log.
        progress: Text,
        /// A pattern of lines that count as errors.
        error_lines: Text,
        /// Unless confirmed within this time, `undo` runs by itself.
        confirm_within: Text,
        /// `own` or `admin`.
        terminal: Text,
        /// May be left for so long.
        due: Text,
        /// On the machines of this group.
        hosts: Text,
        /// Takes the group in batches.
        rolling: RawRolling,
        /// Variables that it may write to `$OUTPUT`.
        sets: Vec<Sp<Text>>,
    }
}

raw! {
    /// Why a step may be left as it is.
    struct RawUndo, "`undo`" {
        /// Why.
        none: Text,
    }
}

raw! {
    /// Automatic attempts.
    struct RawRetries, "`retries`" {
        /// How many.
        times: Text,
        /// The time between them.
        wait: Text,
    }
}

raw! {
    /// Takes a group of machines in batches.
    struct RawRolling, "`rolling`" {
        /// How many at a time.
        batch: Text,
        /// Must hold on each.
        check: RawGuard,
    }
}

raw! {
    /// Units to act on.
    struct RawSystemd, "`systemd`" {
        /// Units to restart.
        restart: Vec<Sp<Text>>,
        /// Units to reload.
        reload: Vec<Sp<Text>>,
        /// Units to start.
        start: Vec<Sp<Text>>,
        /// Units to stop.
        stop: Vec<Sp<Text>>,
        /// Read the unit files again first.
        daemon_reload: Flag,
        /// Ask the user's manager.
        user_manager: Flag,
        /// A command to put before `systemctl`, such as one that enters a container.
        via: Vec<Sp<Literal>>,
    }
}
