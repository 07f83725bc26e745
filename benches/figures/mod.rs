//! What the benches share: figures beside their gates, and what a process has used so far.

/// The kernel's ticks a second in `/proc/PID/stat`, which Linux shows as 100 everywhere.
const TICKS: u64 = 100;

/// Prints a figure beside its gate; says whether it holds.
pub(crate) fn figure(what: &str, value: f64, gate: f64, unit: &str) -> bool {
    let holds = value <= gate;
    let verdict = if holds { "within" } else { "BEYOND" };
    println!("{what:62} {value:9.3} {unit:3}  gate {gate:8.3} {unit:3}  {verdict}");
    holds
}

/// Processor time of a process so far, its children left out, in milliseconds.
pub(crate) fn processor(pid: i32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
    let (_, rest) = stat
        .rsplit_once(')')
        .expect("the name stands in parentheses");
    let fields: Vec<u64> = rest
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse().expect("a number of ticks"))
        .collect();
    fields.iter().sum::<u64>() * 1000 / TICKS
}
