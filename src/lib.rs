//! upwalk walks an admin through a risky upgrade, one confirmed step at a time.
//!
//! A pure core decides, a thin shell touches the world, three front ends show. The core is
//! [`types`], [`text`], [`ledger`], [`plan`], [`journal`], [`engine`] and [`report`]; who may import
//! whom is checked by `tests/arrows.rs`.

pub mod cli;
pub mod engine;
pub mod journal;
pub mod ledger;
pub mod plain;
pub mod plan;
pub mod report;
pub mod shell;
pub mod supervisor;
pub mod text;
pub mod tui;
pub mod types;
