//! What a narrow screen leaves out against the same screen on a wider terminal: it may break a text
//! into lines and cut one with `>`, and nothing else.

/// One space for whatever stands between words, one digit for any number, no lines and borders.
fn flat(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            c if c.is_whitespace() || "─═│┌┐└┘".contains(c) => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            // Durations go on between two looks: 0.6 s, 1 s.
            c if c.is_ascii_digit() || (c == '.' && out.ends_with('0')) => {
                if !out.ends_with('0') {
                    out.push('0');
                }
            }
            c => out.push(c),
        }
    }
    out.trim().to_owned()
}

/// The pieces of a row: what two or more spaces stand between.
fn pieces(row: &str) -> Vec<String> {
    let row = row.replace(['─', '═', '│', '┌', '┐', '└', '┘'], " ");
    row.split("  ")
        .map(flat)
        .filter(|piece| !piece.is_empty())
        .collect()
}

/// The pieces of the wide screen that the narrow one, all its pages together, neither shows nor cuts
/// with `>`. The rows with the place, the phases and the keys are told apart: those leave out whole
/// pieces.
pub(crate) fn lost(narrow: &[String], wide: &str) -> Vec<String> {
    let whole: String = narrow.iter().map(|page| flat(page) + " ").collect();
    // Texts in two columns are read column by column.
    let half = |of: fn(&str) -> String| -> String {
        let rows = narrow.iter().flat_map(|page| page.lines()).map(of);
        flat(&rows.collect::<Vec<_>>().join("\n"))
    };
    let left = half(|row| row.chars().take(41).collect());
    let right = half(|row| row.chars().skip(41).collect());
    // A word that is longer than a line is broken anywhere.
    let dense = whole.replace(' ', "");
    let broken = |word: &str| {
        let parts = (1..word.len()).filter_map(|at| word.split_at_checked(at));
        let mut both = parts.filter(|(one, other)| dense.contains(one) && dense.contains(other));
        !word.contains(' ') && word.len() > 40 && both.next().is_some()
    };
    let shown = |words: &str| {
        let mut all = [&whole, &left, &right].into_iter();
        all.any(|text| text.contains(words)) || broken(words)
    };
    let cut = |piece: &str| {
        let mut ends = piece.char_indices().map(|(at, _)| &piece[..at]).skip(1);
        ends.any(|begin| shown(&format!("{}>", begin.trim_end())) || shown(&format!("{begin}>")))
    };
    // How many lines of the log fit depends on what stands above and below it.
    let is_scrolled = |piece: &str| {
        let begin: String = piece.chars().take(24).collect();
        piece.starts_with("0:0:0") && !shown(&begin)
    };
    let rows: Vec<&str> = wide.lines().collect();
    let Some((keys, body)) = rows.split_last() else {
        return Vec::new();
    };
    let mut lost: Vec<String> = body
        .iter()
        .skip(2)
        .flat_map(|row| pieces(row))
        .filter(|piece| !shown(piece) && !cut(piece) && !is_scrolled(piece))
        .collect();
    // Keys that do not fit are left out whole.
    let wide_keys = pieces(keys);
    let narrow_keys = narrow[0].lines().last().unwrap_or_default();
    lost.extend(
        pieces(narrow_keys)
            .into_iter()
            .filter(|key| !wide_keys.contains(key)),
    );
    let place = pieces(rows[0]);
    let narrow_place = narrow[0].lines().next().unwrap_or_default();
    lost.extend(
        pieces(narrow_place)
            .into_iter()
            .filter(|piece| !place.contains(piece) && !piece.ends_with('>')),
    );
    lost
}

#[test]
fn what_is_cut_without_a_mark_is_found() {
    let wide = " PROD  web01\n row 2\n A sentence that is long enough to be cut.\n S start  q quit";
    let page = |body: &str, keys: &str| vec![format!(" PROD  web01\n row 2\n {body}\n {keys}")];
    let whole = page(
        "A sentence that is long\n enough to be cut.",
        "S start  q quit",
    );
    assert!(lost(&whole, wide).is_empty());
    let marked = page("A sentence that is lo>", "S start");
    assert!(lost(&marked, wide).is_empty());
    let unmarked = page("A sentence that is lon", "S start");
    assert_eq!(lost(&unmarked, wide).len(), 1);
    let key = page("A sentence that is lo>", "S sta");
    assert_eq!(lost(&key, wide), ["S sta"]);
}
