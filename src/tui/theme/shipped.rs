//! The themes that come with upwalk.

/// Name and file, in the order in which they are listed.
pub const SHIPPED: [(&str, &str); 5] = [
    ("dark", include_str!("../../../themes/dark.yaml")),
    ("light", include_str!("../../../themes/light.yaml")),
    (
        "high-contrast",
        include_str!("../../../themes/high-contrast.yaml"),
    ),
    ("cb-safe", include_str!("../../../themes/cb-safe.yaml")),
    ("mono", include_str!("../../../themes/mono.yaml")),
];
