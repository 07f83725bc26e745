//! The lines of the overview that the cursor can stand on; for `update`, which moves it, and for the
//! panel, which draws them.

use super::model::Model;
use super::seen::Seen;
use crate::plan::Item;
use crate::types::StepId;

/// A line of the overview that the cursor can stand on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
    /// A phase or pause.
    Item(StepId),
    /// A step.
    Step(StepId),
}

/// The overview's lines: all items, and the steps of the unfolded one, or all steps where all fit.
pub(crate) fn rows(model: &Model, seen: &Seen<'_>) -> Vec<Row> {
    let steps = seen.walk().map_or(0, |walk| walk.steps().count());
    let all_fit = seen.items().len() + steps + 14 <= usize::from(model.size.1);
    let mut rows = Vec::new();
    for item in seen.items() {
        rows.push(Row::Item(item.id().clone()));
        let unfolded = all_fit || model.unfolded.as_ref() == Some(item.id());
        if let (Item::Phase(phase), true) = (item, unfolded) {
            rows.extend(phase.steps.iter().map(|step| Row::Step(step.id.clone())));
        }
    }
    rows
}

/// Every line of the list of steps: all items and all their steps.
pub(crate) fn every_row(seen: &Seen<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for item in seen.items() {
        rows.push(Row::Item(item.id().clone()));
        if let Item::Phase(phase) = item {
            rows.extend(phase.steps.iter().map(|step| Row::Step(step.id.clone())));
        }
    }
    rows
}

/// The overview's line under the cursor.
pub(crate) fn row(model: &Model, seen: &Seen<'_>) -> Option<Row> {
    rows(model, seen).get(model.cursor).cloned()
}
