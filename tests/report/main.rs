//! What upwalk says about a plan or a run as a whole: dry run, status, summary.

mod dry_run;
mod fixture;
mod status;
