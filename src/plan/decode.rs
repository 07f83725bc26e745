//! From the tree to raw structs: shapes and keys are checked here, meanings in `resolve`.
//!
//! Nothing stops at the first mistake: a value of the wrong shape is reported and left out.

use super::findings::{Findings, quoted};
use super::node::{Node, Sp, Span, Style, Value};
use super::yaml::NEEDS_BAR;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use std::borrow::Cow;

/// Something that can be read from a node; none where that has been reported as a mistake.
pub(super) trait Decode: Sized {
    /// Reads it.
    fn decode(node: &Node, out: &mut Findings<'_>) -> Option<Self>;
}

/// A map of known keys.
pub(super) trait Keys {
    /// The keys that are written, each with its place.
    fn written(&self) -> Vec<(&'static str, Span)>;
}

/// Reads the value of a key.
pub(super) fn field<T: Decode>(
    key: &super::node::Key,
    node: &Node,
    out: &mut Findings<'_>,
) -> Option<Sp<T>> {
    if is_empty(node) {
        out.error(&key.span, format!("{} has no value", quoted(&key.text)))
            .label("nothing stands here")
            .help("leave the key out, or write `''` where the empty text is meant");
        return None;
    }
    Some(Sp {
        value: T::decode(node, out)?,
        span: node.span.clone(),
        key: key.span.clone(),
    })
}

/// Whether nothing at all is written there.
fn is_empty(node: &Node) -> bool {
    matches!(&node.value, Value::Text(s) if s.text.is_empty() && s.style == Style::Plain)
}

/// A text for people, a name, a number: anything that is not empty.
#[derive(Debug, Clone)]
pub(super) struct Text(pub(super) String);

impl Decode for Text {
    fn decode(node: &Node, out: &mut Findings<'_>) -> Option<Self> {
        let value = Literal::decode(node, out)?;
        if value.0.trim().is_empty() {
            out.error(&node.span, "this text is empty").label("empty");
            return None;
        }
        Some(Self(value.0))
    }
}

/// A text that may be empty where it is written in quotes.
#[derive(Debug, Clone)]
pub(super) struct Literal(pub(super) String);

impl Decode for Literal {
    fn decode(node: &Node, out: &mut Findings<'_>) -> Option<Self> {
        match &node.value {
            Value::Text(scalar) => Some(Self(scalar.text.clone())),
            Value::List(_) | Value::Map(_) => {
                out.wrong_shape(node, "a text");
                None
            }
        }
    }
}

/// A value of `env`: a text, or `null`, which unsets.
#[derive(Debug, Clone)]
pub(super) struct EnvText(pub(super) Option<String>);

impl Decode for EnvText {
    fn decode(node: &Node, out: &mut Findings<'_>) -> Option<Self> {
        if let Value::Text(scalar) = &node.value
            && scalar.style == Style::Plain
            && scalar.text == "null"
        {
            return Some(Self(None));
        }
        Literal::decode(node, out).map(|text| Self(Some(text.0)))
    }
}

/// `true` or `false`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flag(pub(super) bool);

impl Decode for Flag {
    fn decode(node: &Node, out: &mut Findings<'_>) -> Option<Self> {
        match &node.value {
            Value::Text(scalar) if scalar.text == "true" => Some(Self(true)),
            Value::Text(scalar) if scalar.text == "false" => Some(Self(false)),
            Value::Text(scalar) => {
                out.error(
                    &node.span,
                    format!("{} is neither true nor false", quoted(&scalar.text)),
                )
                .label("write `true` or `false`");
                None
            }
            Value::List(_) | Value::Map(_) => {
                out.wrong_shape(node, "`true` or `false`");
                None
            }
        }
    }
}

/// A shell text. What YAML may have changed in it is refused.
#[derive(Debug, Clone)]
pub(super) struct Command(pub(super) String);

impl Decode for Command {
    fn decode(node: &Node, out: &mut Findings<'_>) -> Option<Self> {
        let Value::Text(scalar) = &node.value else {
            out.wrong_shape(node, "a command");
            if let Some(found) = out.errors.last_mut() {
                found.help(NEEDS_BAR);
            }
            return None;
        };
        let written = out.text.get(node.span.clone()).unwrap_or_default();
        let over_lines = written.trim_end().contains('\n');
        let bare = matches!(scalar.style, Style::Plain | Style::Quoted);
        if scalar.style == Style::Folded || (bare && over_lines) {
            out.error(&node.span, "YAML joins the lines of this command into one")
                .label("a command over several lines")
                .help("write it below a `|`");
        } else if scalar.style == Style::Plain && comment_follows(out.text, node.span.end) {
            out.error(&node.span, "a comment stands on the line of this command")
                .label("YAML ends the command at the `#`")
                .help("put the comment on a line of its own, or the command below a `|`");
        }
        if scalar.text.trim().is_empty() {
            out.error(&node.span, "this command is empty")
                .label("empty");
            return None;
        }
        Some(Self(scalar.text.clone()))
    }
}

/// Whether a comment follows on the line that a plain text ends on.
fn comment_follows(text: &str, end: usize) -> bool {
    let rest = text.get(end..).unwrap_or_default();
    let rest = rest.split('\n').next().unwrap_or_default();
    // The parser may or may not count the white space before the comment to the text.
    rest.trim_start().starts_with('#')
}

/// A list; an entry that cannot be read is left out.
impl<T: Decode> Decode for Vec<Sp<T>> {
    fn decode(node: &Node, out: &mut Findings<'_>) -> Option<Self> {
        let Value::List(items) = &node.value else {
            out.wrong_shape(node, "a list");
            return None;
        };
        let mut list = Self::new();
        for item in items {
            if is_empty(item) {
                out.error(&item.span, "this entry is empty")
                    .label("nothing stands here");
            } else if let Some(value) = T::decode(item, out) {
                let span = item.span.clone();
                list.push(Sp {
                    value,
                    key: span.clone(),
                    span,
                });
            }
        }
        Some(list)
    }
}

/// A map with keys of the author's own, in the order of the file.
#[derive(Debug)]
pub(super) struct Map<T>(pub(super) Vec<(Sp<String>, Sp<T>)>);

impl<T: Decode> Decode for Map<T> {
    fn decode(node: &Node, out: &mut Findings<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            out.wrong_shape(node, "a map");
            return None;
        };
        let mut map = Vec::new();
        for (key, value) in entries {
            if let Some(value) = field(key, value, out) {
                let name = Sp {
                    value: key.text.clone(),
                    span: key.span.clone(),
                    key: key.span.clone(),
                };
                map.push((name, value));
            }
        }
        Some(Self(map))
    }
}

/// A text, or a map that says more.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub(super) enum Either<T, M> {
    /// The short form.
    Text(T),
    /// The long form.
    Map(M),
}

impl<T: Decode, M: Decode> Decode for Either<T, M> {
    fn decode(node: &Node, out: &mut Findings<'_>) -> Option<Self> {
        match &node.value {
            Value::Map(_) => M::decode(node, out).map(Self::Map),
            Value::Text(_) | Value::List(_) => T::decode(node, out).map(Self::Text),
        }
    }
}

/// One of a few words; none where it is another, which is then reported.
pub(super) fn word<T: Copy>(
    text: &Sp<Text>,
    what: &str,
    words: &[(&'static str, T)],
    out: &mut Findings<'_>,
) -> Option<T> {
    let given = text.value.0.as_str();
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == given) {
        return Some(*value);
    }
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let close = out.closest(given, names.iter().copied());
    let found = out.error(&text.span, format!("{} is no {what}", quoted(given)));
    match close {
        Some(close) => found.label(format!("did you mean `{close}`?")),
        None => found.label(format!("one of {}", names.join(", "))),
    };
    None
}

/// A field's key: `match` and `type` are words of Rust, their fields `r#match` and `r#type`.
pub(super) const fn plain(field: &'static str) -> &'static str {
    match field.as_bytes() {
        [b'r', b'#', ..] => field.split_at(2).1,
        _ => field,
    }
}

/// Declares a map of known keys: a struct of optional values with their places, how it is read,
/// and its JSON Schema.
macro_rules! raw {
    ($(#[$meta:meta])* struct $name:ident, $whose:literal {
        $($(#[$fmeta:meta])* $field:ident : $ty:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Default, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub(super) struct $name {
            $($(#[$fmeta])* pub(super) $field: Option<Sp<$ty>>,)*
        }

        impl crate::plan::decode::Keys for $name {
            fn written(&self) -> Vec<(&'static str, crate::plan::node::Span)> {
                let mut keys = Vec::new();
                $(if let Some(value) = &self.$field {
                    keys.push((plain(stringify!($field)), value.key.clone()));
                })*
                keys
            }
        }

        impl Decode for $name {
            fn decode(node: &Node, out: &mut Findings<'_>) -> Option<Self> {
                const KEYS: &[&str] = &[$(plain(stringify!($field))),*];
                let Value::Map(entries) = &node.value else {
                    out.wrong_shape(node, "a map");
                    return None;
                };
                let mut raw = Self::default();
                for (key, value) in entries {
                    match key.text.as_str() {
                        $(text if text == plain(stringify!($field)) => {
                            raw.$field = field(key, value, out);
                            if raw.$field.is_none() {
                                out.broken(&node.span, plain(stringify!($field)));
                            }
                        })*
                        text => out.unknown_key(text, &key.span, KEYS, $whose),
                    }
                }
                Some(raw)
            }
        }
    };
}
pub(super) use raw;

/// Implements a schema that is another type's.
macro_rules! schema_of {
    ($for:ty, $name:literal, |$gen:ident| $body:expr $(, $param:ident)?) => {
        impl $(<$param: JsonSchema>)? JsonSchema for $for {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema($gen: &mut SchemaGenerator) -> Schema {
                $body
            }
        }
    };
}

schema_of!(
    Sp<T>,
    "Placed",
    |generator| generator.subschema_for::<T>(),
    T
);
schema_of!(
    Map<T>,
    "Map",
    |generator| {
        let value = generator.subschema_for::<T>();
        schemars::json_schema!({ "type": "object", "additionalProperties": value })
    },
    T
);
// Values are text as written, so `4.10` and `yes` may stand there without quotes.
schema_of!(Text, "Text", |_generator| {
    schemars::json_schema!({ "type": ["string", "number", "boolean"] })
});
schema_of!(Literal, "Literal", |_generator| {
    schemars::json_schema!({ "type": ["string", "number", "boolean"] })
});
schema_of!(EnvText, "EnvText", |_generator| {
    schemars::json_schema!({ "type": ["string", "number", "boolean", "null"] })
});
schema_of!(
    Flag,
    "Flag",
    |_generator| schemars::json_schema!({ "type": "boolean" })
);
schema_of!(
    Command,
    "Command",
    |_generator| schemars::json_schema!({ "type": "string" })
);
