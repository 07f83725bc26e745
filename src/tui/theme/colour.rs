//! Measures of colours: contrast as WCAG 2 defines it, distance as CIEDE2000 does (Sharma, Wu and
//! Dalal 2005), and how other eyes see them (Machado, Oliveira and Fernandes 2009, severity 1).

/// A colour in linear light, red, green and blue from 0 to 1.
type Linear = [f64; 3];

/// Whose eyes look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Eyes {
    /// All three kinds of cones.
    Normal,
    /// Without those for long waves: red-blind.
    Protan,
    /// Without those for middle waves: green-blind.
    Deutan,
    /// Without those for short waves: blue-blind.
    Tritan,
}

/// Everybody.
pub(super) const EYES: [Eyes; 4] = [Eyes::Normal, Eyes::Protan, Eyes::Deutan, Eyes::Tritan];

impl Eyes {
    /// What they make of linear light.
    fn matrix(self) -> [Linear; 3] {
        match self {
            Self::Normal => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            Self::Protan => [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
            Self::Deutan => [
                [0.367_322, 0.860_646, -0.227_968],
                [0.280_085, 0.672_501, 0.047_413],
                [-0.011_820, 0.042_940, 0.968_881],
            ],
            Self::Tritan => [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        }
    }
}

/// `0xRRGGBB` in linear light.
fn linear(hex: u32) -> Linear {
    let [_, r, g, b] = hex.to_be_bytes();
    [r, g, b].map(|byte| {
        let part = f64::from(byte) / 255.0;
        if part <= 0.040_45 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    })
}

/// A colour of the 256 as `0xRRGGBB`; the first 16 are whatever the terminal makes of them.
pub(crate) fn of_256(index: u8) -> Option<u32> {
    let level = |step: u8| u32::from(if step == 0 { 0 } else { 55 + 40 * step });
    match index {
        0..=15 => None,
        16..=231 => {
            let cube = index - 16;
            let (r, g, b) = (level(cube / 36), level(cube / 6 % 6), level(cube % 6));
            Some(r << 16 | g << 8 | b)
        }
        232..=255 => Some(u32::from(8 + 10 * (index - 232)) * 0x01_01_01),
    }
}

/// The one of the 256 that is nearest.
pub(super) fn nearest_256(hex: u32) -> u8 {
    let apart = |index: &u8| {
        let other =
            of_256(*index).map_or(f64::INFINITY, |other| distance(hex, other, Eyes::Normal));
        // Distances are at most a few hundred; a thousandth is fine enough.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "distances are positive and small"
        )]
        let thousandths = (other * 1000.0) as u64;
        thousandths
    };
    (16..=255).min_by_key(apart).unwrap_or(231)
}

/// Contrast of two colours: 1 to 21.
pub(super) fn contrast(one: u32, other: u32) -> f64 {
    let luminance = |hex: u32| {
        let [r, g, b] = linear(hex);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// How far apart two colours are to these eyes; 2 is hard to see, above 20 nobody confuses them.
pub(super) fn distance(one: u32, other: u32, eyes: Eyes) -> f64 {
    let seen = |hex: u32| {
        lab(eyes
            .matrix()
            .map(|row| dot(row, linear(hex)).clamp(0.0, 1.0)))
    };
    ciede2000(seen(one), seen(other))
}

fn dot(one: Linear, other: Linear) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// CIELAB under D65.
fn lab(light: Linear) -> [f64; 3] {
    let xyz = [
        dot([0.412_456_4, 0.357_576_1, 0.180_437_5], light) / 0.950_47,
        dot([0.212_672_9, 0.715_152_2, 0.072_175], light),
        dot([0.019_333_9, 0.119_192, 0.950_304_1], light) / 1.088_83,
    ];
    let [x, y, z] = xyz.map(|t| {
        if t > 216.0 / 24389.0 {
            t.cbrt()
        } else {
            (24389.0 / 27.0 * t + 16.0) / 116.0
        }
    });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// The formula, with the names that its paper gives the quantities.
#[expect(
    clippy::many_single_char_names,
    reason = "the names are those of the formula"
)]
fn ciede2000([l1, a1, b1]: [f64; 3], [l2, a2, b2]: [f64; 3]) -> f64 {
    let seventh = |c: f64| (c.powi(7) / (c.powi(7) + 25_f64.powi(7))).sqrt();
    let g = 0.5 * (1.0 - seventh(f64::midpoint(a1.hypot(b1), a2.hypot(b2))));
    let (a1, a2) = (a1 * (1.0 + g), a2 * (1.0 + g));
    let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
    let hue = |a: f64, b: f64| b.atan2(a).to_degrees().rem_euclid(360.0);
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));
    let grey = c1 * c2 == 0.0;
    let turn = match h2 - h1 {
        _ if grey => 0.0,
        apart if apart > 180.0 => apart - 360.0,
        apart if apart < -180.0 => apart + 360.0,
        apart => apart,
    };
    let (dl, dc) = (l2 - l1, c2 - c1);
    let dh = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin();
    let (l, c) = (f64::midpoint(l1, l2), f64::midpoint(c1, c2));
    let h = match h1 + h2 {
        sum if grey => sum,
        sum if (h1 - h2).abs() <= 180.0 => sum / 2.0,
        sum if sum < 360.0 => f64::midpoint(sum, 360.0),
        sum => (sum - 360.0) / 2.0,
    };
    let cos = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cos(h - 30.0) + 0.24 * cos(2.0 * h) + 0.32 * cos(3.0 * h + 6.0)
        - 0.20 * cos(4.0 * h - 63.0);
    let middle = (l - 50.0).powi(2);
    let sl = 1.0 + 0.015 * middle / (20.0 + middle).sqrt();
    let sc = 1.0 + 0.045 * c;
    let sh = 1.0 + 0.015 * c * t;
    let turned = 30.0 * (-((h - 275.0) / 25.0).powi(2)).exp();
    let rt = -(2.0 * turned).to_radians().sin() * 2.0 * seventh(c);
    let (l, c, h) = (dl / sl, dc / sc, dh / sh);
    (l * l + c * c + h * h + rt * c * h).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs and distances from the table that the formula's authors published to test it.
    #[test]
    fn distances_are_those_of_the_published_table() {
        for (one, other, expected) in [
            ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
            ([50.0, -1.3802, -84.2814], [50.0, 0.0, -82.7485], 1.0000),
            ([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669),
            ([50.0, 2.49, -0.001], [50.0, -2.49, 0.0011], 7.2195),
            ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
            (
                [60.2574, -34.0099, 36.2677],
                [60.4626, -34.1751, 39.4387],
                1.2644,
            ),
            (
                [90.8027, -2.0831, 1.441],
                [91.1528, -1.6435, 0.0447],
                1.4441,
            ),
            ([2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082),
        ] {
            let found = ciede2000(one, other);
            assert!((found - expected).abs() < 0.0001, "{found} {expected}");
            assert!((ciede2000(other, one) - found).abs() < 1e-9);
        }
    }

    #[test]
    fn contrast_is_1_to_21() {
        assert!((contrast(0, 0x00ff_ffff) - 21.0).abs() < 1e-9);
        assert!((contrast(0x0012_3456, 0x0012_3456) - 1.0).abs() < 1e-9);
        // WCAG's usual example: the lightest grey that passes 4.5 on white.
        assert!((contrast(0x0076_7676, 0x00ff_ffff) - 4.54).abs() < 0.01);
    }

    #[test]
    fn the_256_are_a_cube_and_greys() {
        assert_eq!(of_256(15), None);
        assert_eq!(of_256(16), Some(0));
        assert_eq!(of_256(114), Some(0x0087_d787));
        assert_eq!(of_256(231), Some(0x00ff_ffff));
        assert_eq!(of_256(232), Some(0x0008_0808));
        assert_eq!(of_256(255), Some(0x00ee_eeee));
        assert_eq!(nearest_256(0x0087_d787), 114);
    }

    #[test]
    fn other_eyes_lose_the_difference_of_red_and_green() {
        let (red, green) = (0x00ff_8f85, 0x007f_d38a);
        let seen = EYES.map(|eyes| distance(red, green, eyes).round());
        assert!(seen[0] > 50.0 && seen[2] < 5.0, "{seen:?}");
    }
}
