//! Inputs out of a corpus: cut, doubled, spliced, flipped, and sprinkled with words of the format.
//!
//! The same seed gives the same inputs on every machine.

/// A small generator of numbers (splitmix64), so that a seed is all there is to replay.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The numbers of this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is at least 1.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = end.max(1) as u64;
        usize::try_from(self.next() % end).expect("it is below a usize")
    }

    /// One of these, where there is any.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}

/// No input grows beyond this many bytes.
const LONGEST: usize = 64 << 10;

/// One input: a file of the corpus with one to eight changes.
pub(crate) fn input(random: &mut Random, corpus: &[Vec<u8>], words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = random.pick(corpus).cloned().unwrap_or_default();
    for _ in 0..=random.below(8) {
        change(random, &mut bytes, corpus, words);
        bytes.truncate(LONGEST);
    }
    bytes
}

/// A stretch of the bytes, mostly a short one.
fn stretch(random: &mut Random, len: usize) -> std::ops::Range<usize> {
    let begin = random.below(len + 1);
    let most = if random.below(4) == 0 { len } else { 16 };
    begin..(begin + random.below(most + 1)).min(len)
}

/// One change.
fn change(random: &mut Random, bytes: &mut Vec<u8>, corpus: &[Vec<u8>], words: &[&[u8]]) {
    let len = bytes.len();
    match random.below(9) {
        0 if len > 0 => {
            let at = random.below(len);
            bytes[at] ^= 1 << random.below(8);
        }
        1 if len > 0 => {
            let at = random.below(len);
            bytes[at] = random.next().to_le_bytes()[0];
        }
        2 => drop(bytes.drain(stretch(random, len))),
        3 => bytes.truncate(random.below(len + 1)),
        4 => {
            let part = bytes[stretch(random, len)].to_vec();
            put(random, bytes, &part);
        }
        5 => {
            let other = random.pick(corpus).cloned().unwrap_or_default();
            let part = other[stretch(random, other.len())].to_vec();
            put(random, bytes, &part);
        }
        6 => swap_lines(random, bytes),
        7 => {
            let noise: Vec<u8> = (0..random.below(6))
                .map(|_| random.next().to_le_bytes()[0])
                .collect();
            put(random, bytes, &noise);
        }
        _ => {
            let word = random.pick(words).copied().unwrap_or_default();
            put(random, bytes, word);
        }
    }
}

/// Puts bytes somewhere: between others, or in their place.
fn put(random: &mut Random, bytes: &mut Vec<u8>, part: &[u8]) {
    let at = random.below(bytes.len() + 1);
    let end = if random.below(2) == 0 {
        at
    } else {
        (at + part.len()).min(bytes.len())
    };
    bytes.splice(at..end, part.iter().copied());
}

/// Changes the order of two lines.
fn swap_lines(random: &mut Random, bytes: &mut Vec<u8>) {
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let (one, other) = (random.below(lines.len()), random.below(lines.len()));
    if !lines.is_empty() {
        lines.swap(one, other);
    }
    *bytes = lines.concat();
}
