//! `upwalk salvage`: the good part of a damaged journal is kept, behind a typed confirmation.

use super::args::SalvageArgs;
use super::context::{Context, can_type};
use super::failure::{Code, Failure};
use super::{find, out};
use crate::engine;
use crate::journal::{LostIntent, Standing, Way};
use crate::supervisor::salvage::Salvage;
use crate::text;
use crate::types::RunId;
use std::io::BufRead as _;

/// How wide the page is, in columns.
const COLUMNS: usize = 80;

/// Says what is kept and what is lost, asks, and does it.
pub(super) fn run(context: &Context, args: &SalvageArgs) -> Result<Code, Failure> {
    let found = find::find(context, args.run.as_deref())?;
    let attach = context.pasteable(&format!("upwalk attach {}", found.run));
    let Some(salvage) = Salvage::look(&found.state, &found.run)? else {
        out::print(&format!(
            "The journal of {} is not damaged. Nothing was changed.\n{attach}\n",
            found.run
        ))?;
        return Ok(Code::Done);
    };
    out::print(&page(&found.run, &salvage))?;
    if !can_type() {
        let again = context.pasteable(&format!("upwalk salvage {}", found.run));
        return Err(Failure::new(
            Code::Person,
            "a person has to confirm this; nothing was changed",
        )
        .hint(format!("at a terminal: {again}")));
    }
    let phrase = format!("salvage {}", salvage.state.run.service);
    if !typed(&phrase)? {
        return Err(Failure::new(
            Code::Person,
            "that was not the phrase; nothing was changed",
        ));
    }
    let (ended, journal) = (salvage.event.run, salvage.event.journal.clone());
    salvage.carry_out()?;
    let next = match ended {
        Standing::Open => "Go on with:",
        Standing::Ended => "See it with:",
    };
    out::print(&format!(
        "The journal is salvaged; the damaged one is {journal}. {next}\n{attach}\n"
    ))?;
    Ok(Code::Done)
}

/// Asks for the phrase; what was typed before it was asked for does not count.
fn typed(phrase: &str) -> Result<bool, Failure> {
    let input = std::io::stdin();
    // A terminal that is gone shows when it is read.
    let _ = rustix::termios::tcflush(&input, rustix::termios::QueueSelector::IFlush);
    out::print(&format!(
        "Type \"{phrase}\" to do this; anything else leaves everything as it is: "
    ))?;
    let mut line = String::new();
    input.lock().read_line(&mut line).map_err(|error| {
        Failure::new(Code::Outside, "cannot read what is typed").because(error.to_string())
    })?;
    Ok(line.trim() == phrase)
}

/// What would be done, for a person.
fn page(run: &RunId, salvage: &Salvage) -> String {
    let mut page = String::new();
    let mut say = |indent: usize, sentence: &str| {
        for line in text::wrap(&text::clean(sentence), COLUMNS - indent) {
            page.push_str(&" ".repeat(indent));
            page.push_str(&line);
            page.push('\n');
        }
    };
    let (event, state) = (&salvage.event, &salvage.state);
    say(
        0,
        &format!("The journal of {run} is damaged: {}.", event.damage),
    );
    say(
        0,
        &format!(
            "Kept are its events up to number {}, of {}. Lost to the run are the {} bytes behind \
             them; the whole damaged journal stays beside it as {}.",
            state.last,
            state.last_at.wall.full(),
            event.lost_bytes,
            event.journal
        ),
    );
    say(0, ending(salvage));
    for lost in &event.intents {
        say(2, &command(salvage, lost));
    }
    if !event.strange.is_empty() {
        say(
            0,
            &format!(
                "These files fit no step of the plan; look at them yourself: {}.",
                event.strange.join(", ")
            ),
        );
    }
    page
}

/// What becomes of the run.
fn ending(salvage: &Salvage) -> &'static str {
    let begun = !salvage.event.intents.is_empty();
    if salvage.state.finished.is_some() {
        return "The run has ended, and how is among what is kept.";
    }
    match (salvage.event.run, begun) {
        (Standing::Ended, false) => {
            "The run had ended before. How is not known any more, and it is not opened again."
        }
        (Standing::Ended, true) => {
            "The run had ended before. How is not known any more, and it is not opened again. Of \
             these commands it is not known what they did:"
        }
        (Standing::Open, false) => {
            "No command has left anything behind them. What was answered, confirmed or done by \
             hand since then is asked again."
        }
        (Standing::Open, true) if salvage.turns_around() => {
            "The run had been turned around since; it goes on taking its steps back. What was \
             answered, confirmed or done by hand since then is asked again. You are asked about \
             each of these commands before anything is done; none runs again by itself unless \
             the plan calls it safe:"
        }
        (Standing::Open, true) => {
            "What was answered, confirmed or done by hand since then is asked again. You are asked \
             about each of these commands before anything is done; none runs again by itself \
             unless the plan calls it safe:"
        }
    }
}

/// One command of which only files are left.
fn command(salvage: &Salvage, lost: &LostIntent) -> String {
    let number = engine::walk_of(&salvage.plan, &salvage.state)
        .map_or_else(|| lost.step.to_string(), |walk| walk.number(&lost.step));
    let what = match lost.way {
        Way::There => "step",
        Way::Back => "taking back step",
    };
    format!(
        "{what} {number} ({}), attempt {}: {}. Log: {}",
        lost.step,
        lost.attempt,
        lost.why,
        salvage.log_path(lost).display()
    )
}
