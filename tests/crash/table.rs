//! What was killed when: windows, victims, and the table of both.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Where a step stands, as files and `/proc` tell while everybody stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Window {
    /// The fence is there, the intent is not journalled.
    BeforeIntent,
    /// The intent is journalled, its command not started.
    IntentToSpawn,
    /// The command runs.
    Running,
    /// The command has ended, its status is not in its file.
    ExitToStatus,
    /// The status is in its file, not in the journal.
    StatusToJournal,
    /// The status is journalled, the next intent or question is not.
    JournalToNext,
    /// A person is asked.
    Question,
    /// Taking over, and before the first and after the last step.
    Elsewhere,
}

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Victim {
    /// The supervisor.
    Supervisor,
    /// The step shim.
    Shim,
    /// Supervisor and shim.
    Both,
    /// The command's first process.
    Command,
    /// The front end that looks on.
    FrontEnd,
    /// Supervisor, shim, command and front end.
    Everything,
}

impl Victim {
    /// Whether killing this kills that one too.
    pub(crate) fn includes(self, one: Self) -> bool {
        match self {
            Self::Supervisor | Self::Shim | Self::Command | Self::FrontEnd => self == one,
            Self::Both => matches!(one, Self::Supervisor | Self::Shim),
            Self::Everything => true,
        }
    }
}

/// A window and a victim.
pub(crate) type Cell = (Window, Victim);

/// The cells that are filled: each victim where it lives. A shim lives from the intent until its
/// status is safe.
const CELLS: [Cell; 18] = {
    use Victim::{Both, Command, Everything, FrontEnd, Shim, Supervisor};
    use Window::{
        BeforeIntent, ExitToStatus, IntentToSpawn, JournalToNext, Question, Running,
        StatusToJournal,
    };
    [
        (BeforeIntent, Supervisor),
        (IntentToSpawn, Supervisor),
        (IntentToSpawn, Shim),
        (IntentToSpawn, Both),
        (Running, Supervisor),
        (Running, Shim),
        (Running, Both),
        (ExitToStatus, Supervisor),
        (ExitToStatus, Shim),
        (ExitToStatus, Both),
        (StatusToJournal, Supervisor),
        (JournalToNext, Supervisor),
        (Question, Supervisor),
        (Running, Command),
        (Running, FrontEnd),
        (Running, Everything),
        (ExitToStatus, Everything),
        (IntentToSpawn, Everything),
    ]
};

/// What came of the kills of one cell.
#[derive(Debug, Default)]
struct Row {
    kills: usize,
    unknown: usize,
    asked: usize,
    unnecessary: usize,
}

/// What the next kill is to hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aim {
    /// This cell.
    At(Cell),
    /// Whatever is the case at a random moment.
    Anywhere,
    /// Nobody is to be killed any more.
    Nowhere,
}

/// How often what was killed, and how often that has to be.
#[derive(Debug)]
pub(crate) struct Table {
    rows: BTreeMap<Cell, Row>,
    /// Of each cell.
    quota: usize,
    /// Of all kills.
    total: usize,
    /// At random moments.
    anywhere: usize,
    by_chance: usize,
}

impl Table {
    /// So many kills of each cell, so many at random moments, and so many in all.
    pub(crate) fn new(quota: usize, anywhere: usize, total: usize) -> Self {
        let rows = CELLS.iter().map(|cell| (*cell, Row::default())).collect();
        Self {
            rows,
            quota,
            total,
            anywhere,
            by_chance: 0,
        }
    }

    /// All kills so far.
    pub(crate) fn kills(&self) -> usize {
        self.rows.values().map(|row| row.kills).sum()
    }

    /// Whether everything has been hit often enough.
    pub(crate) fn is_full(&self) -> bool {
        self.wanted().is_empty() && self.by_chance >= self.anywhere && self.kills() >= self.total
    }

    /// The cells that have not been hit often enough, the emptiest first.
    fn wanted(&self) -> Vec<Cell> {
        let kills = |cell: &Cell| self.rows[cell].kills;
        let short = |cell: &&Cell| kills(cell) < self.quota;
        let mut wanted: Vec<Cell> = CELLS.iter().filter(short).copied().collect();
        wanted.sort_by_key(kills);
        wanted
    }

    /// What to aim at: one of the emptier cells, or a random moment. `draw` gives a number below.
    pub(crate) fn aim(&self, mut draw: impl FnMut(usize) -> usize) -> Aim {
        if self.is_full() {
            return Aim::Nowhere;
        }
        let wanted = self.wanted();
        let chance_is_due = self.by_chance < self.anywhere && draw(4) == 0;
        if wanted.is_empty() || chance_is_due {
            return Aim::Anywhere;
        }
        Aim::At(wanted[draw(wanted.len().min(4))])
    }

    /// The victim of this window that was killed least of those who live, where one is wanted.
    pub(crate) fn victim(&self, window: Window, lives: impl Fn(Victim) -> bool) -> Option<Victim> {
        let wanted = self.wanted().into_iter();
        wanted
            .filter(|(of, victim)| *of == window && lives(*victim))
            .map(|(_, victim)| victim)
            .next()
    }

    /// Counts a kill.
    pub(crate) fn hit(&mut self, cell: Cell, aim: Aim) {
        self.rows.entry(cell).or_default().kills += 1;
        if aim == Aim::Anywhere {
            self.by_chance += 1;
        }
    }

    /// Counts an outcome that nobody knew after a kill of this cell.
    pub(crate) fn unknown(&mut self, cell: Cell, asked: bool, necessary: bool) {
        let row = self.rows.entry(cell).or_default();
        row.unknown += 1;
        row.asked += usize::from(asked);
        row.unnecessary += usize::from(!necessary);
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::from(
            "window            victim      kills  unknown  asked of a person  without need\n",
        );
        for ((window, victim), row) in &self.rows {
            let (window, victim) = (format!("{window:?}"), format!("{victim:?}"));
            writeln!(
                text,
                "{window:16}  {victim:10}  {:5}  {:7}  {:17}  {:12}",
                row.kills, row.unknown, row.asked, row.unnecessary
            )?;
        }
        let sum = |of: fn(&Row) -> usize| self.rows.values().map(of).sum::<usize>();
        let (kills, unknown) = (sum(|row| row.kills), sum(|row| row.unknown));
        let (asked, without) = (sum(|row| row.asked), sum(|row| row.unnecessary));
        write!(
            f,
            "{text}{:16}  {:10}  {kills:5}  {unknown:7}  {asked:17}  {without:12}\n\
             ({} of the kills at random moments)",
            "all", "", self.by_chance
        )
    }
}
