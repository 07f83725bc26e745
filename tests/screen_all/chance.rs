//! Numbers by chance that a failure can be told from: the seed is the test's name, or
//! `UPWALK_FUZZ_SEED`.

/// A stream of numbers.
#[derive(Debug, Clone)]
pub(crate) struct Chance {
    seed: u64,
    state: u64,
}

impl Chance {
    /// The stream of this name.
    pub(crate) fn seeded(name: &str) -> Self {
        let wished = std::env::var("UPWALK_FUZZ_SEED").ok();
        let seed = match wished.and_then(|seed| seed.parse().ok()) {
            Some(seed) => seed,
            // FNV-1a: any name gives another stream.
            None => name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            }),
        };
        Self { seed, state: seed }
    }

    /// Where it began.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// The next number (splitmix64).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = limit as u64;
        usize::try_from(self.next() % limit.max(1)).expect("it is below a usize")
    }
}
