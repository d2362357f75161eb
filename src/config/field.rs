//! What is known of a field of the configuration. One table of these, made by the sections in
//! [`super::model`], is the source of checks, defaults, warnings, the documentation and the typings.

/// A section: an object with fields of its own.
#[derive(Debug)]
pub struct Section {
  /// The name of its type, in Rust and in TypeScript.
  pub name: &'static str,
  /// What it is for.
  pub about: &'static [&'static str],
  /// Its fields, in the order in which they are documented.
  pub fields: &'static [Field],
}

/// One field.
#[derive(Debug)]
pub struct Field {
  /// As users write it.
  pub name: &'static str,
  /// What it means.
  pub about: &'static [&'static str],
  /// What values it takes.
  pub kind: Kind,
  /// What holds when it is not given.
  pub default: Fallback,
  /// Whether anything acts on it.
  pub action: Action,
  /// How a change reaches a cluster that runs.
  pub change: Change,
}

/// What values a field takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
  /// `true` or `false`.
  Flag,
  /// A whole number.
  Count {
    /// The smallest.
    min: u32,
    /// The largest.
    max: u32,
  },
  /// Milliseconds, up to [`LONGEST`].
  Millis {
    /// The smallest.
    min: u32,
  },
  /// Per cent. Values between 0 and 1 are taken as written, with a warning.
  Percent {
    /// The largest.
    max: u32,
  },
  /// Memory, such as `"512MB"`.
  Size {
    /// The smallest, in bytes.
    min: u64,
    /// The largest, in bytes.
    max: u64,
  },
  /// One of these.
  Word(&'static [&'static str]),
  /// The name of a [`crate::balancer::Strategy`].
  Strategy,
  /// Text that [`Text`] describes.
  Text(Text),
  /// A number of workers, or `"auto"`.
  Workers,
  /// A number of workers, or a share of them such as `"25%"`.
  Share {
    /// The largest number.
    max: u32,
  },
  /// A list of texts.
  Strings,
  /// Peers that are trusted: words, addresses and blocks of addresses, one or a list.
  Proxies,
  /// A list of numbers that are not negative.
  Weights,
  /// A list of ports.
  Ports,
  /// Names and texts.
  Environment,
  /// A section.
  Section(&'static Section),
}

/// What a text has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
  /// Anything but nothing.
  Name,
  /// A path on the machine.
  Path,
  /// A path that a request asks for, with a leading slash.
  Endpoint,
  /// An IP address, or `localhost`.
  Host,
}

/// What holds when a field is not given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fallback {
  /// Nothing; the sentence says what that means.
  Nothing(&'static str),
  /// This.
  Flag(bool),
  /// This.
  Number(f64),
  /// This word or size.
  Text(&'static str),
  /// Found out from the machine or from other fields; the sentence says how.
  Computed(&'static str),
  /// The defaults of the fields of a section.
  Fields,
}

/// Whether anything acts on a field. One that is only accepted is warned about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
  /// It does what it says.
  Acted,
  /// It is checked and kept, and nothing more.
  Warned,
}

/// How a change reaches a cluster that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
  /// At once.
  Live,
  /// Workers are born with it: they are replaced, one after the other.
  Reborn,
  /// Not at all: the cluster has to be stopped first.
  Stopped,
}

/// Longest duration that is accepted, in milliseconds: a day. More is a mistaken unit.
pub const LONGEST: u32 = 86_400_000;
/// Largest count that is accepted where a field does not say otherwise.
pub const LARGEST: u32 = 1_000_000;

/// A count from `min`.
#[must_use]
pub const fn count(min: u32) -> Kind {
  Kind::Count { min, max: LARGEST }
}

/// A duration from `min` milliseconds.
#[must_use]
pub const fn millis(min: u32) -> Kind {
  Kind::Millis { min }
}

/// Memory, as much as one likes.
pub const SIZE: Kind = Kind::Size { min: 0, max: u64::MAX };
/// Per cent of a whole.
pub const PERCENT: Kind = Kind::Percent { max: 100 };
/// Per cent of one processor core; more than 100 is more than one core.
pub const PERCENT_OF_CORE: Kind = Kind::Percent { max: 51_200 };

impl Section {
  /// The field of this name.
  #[must_use]
  pub fn field(&self, name: &str) -> Option<&'static Field> {
    self.fields.iter().find(|field| field.name == name)
  }

  /// Every field below this section that is no section itself, with its path.
  #[must_use]
  pub fn leaves(&self) -> Vec<(String, &'static Field)> {
    let mut leaves = Vec::new();
    for field in self.fields {
      match field.kind {
        Kind::Section(section) => leaves.extend(
          section.leaves().into_iter().map(|(path, leaf)| (format!("{}.{path}", field.name), leaf)),
        ),
        _ => leaves.push((field.name.to_owned(), field)),
      }
    }
    leaves
  }
}
