//! Lengths of time, sizes and numbers as plans write them.

use crate::types::Millis;

/// The units of time, the longest first.
const TIMES: [(&str, u64); 6] = [
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

/// Reads `1h 30m`, `10m`, `7d`, `500ms`: whole numbers with a unit, the longest unit first.
///
/// # Errors
/// Says in words what is wrong with the text.
pub fn duration(text: &str) -> Result<Millis, String> {
    let bad = |why: &str| Err(format!("{why}; write it like `500ms`, `10m` or `1h 30m`"));
    let mut rest = text.trim();
    let mut total: u64 = 0;
    let mut last = TIMES.len();
    let mut first = true;
    while first || !rest.is_empty() {
        let (number, tail) = split_digits(rest);
        let len = tail
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(len);
        let Ok(number) = number.parse::<u64>() else {
            return bad("this is not a length of time");
        };
        let Some(index) = TIMES.iter().position(|(name, _)| *name == unit) else {
            return bad(if unit.is_empty() {
                "the unit is missing"
            } else {
                "this unit is unknown"
            });
        };
        if !first && index <= last {
            return bad("the longer unit comes first, and each one once");
        }
        let length = number
            .checked_mul(TIMES[index].1)
            .and_then(|part| total.checked_add(part));
        match length {
            // Nobody waits for a century; sums of such lengths still fit into the clock.
            Some(length) if length <= 100 * 366 * 86_400_000 => total = length,
            Some(_) | None => return bad("this is longer than 100 years"),
        }
        (last, first, rest) = (index, false, tail.trim_start());
    }
    Ok(Millis(total))
}

/// A text's leading digits, and the rest.
fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    )
}

/// Reads `2GiB`, `500 MB` or a number of bytes; none where it is no size.
pub(super) fn size(text: &str) -> Option<u64> {
    let (number, unit) = split_digits(text.trim());
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// A name's slug: lower case, each run of other characters one `-`, none at the ends, without
/// `${…}`.
pub(super) fn slug(name: &str) -> String {
    let mut bare = String::new();
    let mut rest = name;
    while let Some(start) = rest.find("${") {
        bare.push_str(&rest[..start]);
        rest = rest[start..]
            .find('}')
            .map_or("", |end| &rest[start + end + 1..]);
    }
    bare.push_str(rest);
    let mut slug = String::new();
    for c in bare.to_lowercase().chars() {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_with_their_units() {
        for (text, millis) in [
            ("500ms", 500),
            ("10m", 600_000),
            ("1h 30m", 5_400_000),
            ("1h30m", 5_400_000),
            ("7d", 604_800_000),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Ok(Millis(millis)), "{text}");
        }
        for text in [
            "",
            "10",
            "m",
            "10 m m",
            "30m 1h",
            "1.5h",
            "-1s",
            "99999999999999999w",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_and_slugs() {
        assert_eq!(size("2GiB"), Some(2 << 30));
        assert_eq!(size("12 parsecs"), None);
        assert_eq!(slug("Switch the code (v${to})!"), "switch-the-code-v");
        assert_eq!(slug("${host}"), "");
        assert_eq!(slug("a${b}c"), "ac");
        assert_eq!(slug("a $${b} c"), "a-c");
    }
}
