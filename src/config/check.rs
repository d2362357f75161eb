//! Looks at every value that users wrote, against the table. Pure, and bounded by the size of what was
//! written.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::{
  defaults::MAX_WORKERS,
  field::{Field, Kind, LONGEST, Section, Text},
  fill::whole,
  names::nearest,
  units::{Bytes, Share},
};
use crate::{balancer::Strategy, error::ClusterError, proxy::Trust};

/// Strategies that are known by name, and not available.
const PLANNED: [&str; 6] =
  ["ip-hash", "weighted", "random", "adaptive", "least-response-time", "resource-based"];

/// Problems that are told; more help nobody.
const MOST_PROBLEMS: usize = 64;
/// Characters of a value that are shown.
const SHOWN: usize = 48;

/// The name of the one field of an object that stands for a value that JSON cannot carry; its text
/// says what the value is, as in `{ "\0": "a function" }`.
pub const FOREIGN: &str = "\0";

/// Collects what is wrong, and keeps what is not.
#[derive(Debug, Default)]
pub struct Check {
  /// One sentence each, beginning with the path.
  pub problems: Vec<String>,
  /// Whether `null` is kept, as in a patch, where it means something.
  keeps_null: bool,
}

/// Where a value stands: its name, and where what it is in stands. A list on the stack, so that a path
/// costs nothing until it is told.
#[derive(Clone, Copy)]
struct At<'a> {
  above: Option<&'a At<'a>>,
  name: &'a str,
}

impl At<'_> {
  fn path(&self) -> String {
    match self.above {
      Some(above) => format!("{}.{}", above.path(), cut(self.name)),
      None => cut(self.name),
    }
  }
}

impl Check {
  /// For a patch, which takes back what it gives `null` for.
  #[must_use]
  pub fn of_a_patch() -> Self {
    Self { keeps_null: true, ..Self::default() }
  }

  /// `written` without what is wrong and without `null`, which means: as if it were not there.
  pub fn section(&mut self, section: &'static Section, mut written: Value) -> Map<String, Value> {
    self.fields(None, section, &mut written);
    match written {
      Value::Object(fields) => fields,
      _ => Map::new(),
    }
  }

  /// In place: most is kept, and a copy would cost as much as all checks.
  fn fields(&mut self, above: Option<&At<'_>>, section: &'static Section, written: &mut Value) {
    let is_foreign = foreign(written).is_some();
    let Some(fields) = written.as_object_mut().filter(|_| !is_foreign) else {
      self.refuse(above, written, "is not an object", None);
      *written = Value::Object(Map::new());
      return;
    };
    fields.retain(|name, value| {
      let at = At { above, name };
      match section.field(name) {
        None => {
          self.unknown(&at, section, value);
          false
        }
        Some(_) if value.is_null() => self.keeps_null,
        Some(field) => self.value(&at, field, value),
      }
    });
  }

  fn value(&mut self, at: &At<'_>, field: &Field, value: &mut Value) -> bool {
    if let Kind::Section(section) = field.kind {
      self.fields(Some(at), section, value);
      return true;
    }
    if field.name == "enabled" && at.above.is_none() && *value == Value::Bool(false) {
      self.add("enabled: false, so there is no cluster to manage".to_owned());
      return false;
    }
    if allows(field.kind, value) {
      if let Some(number) = value.as_f64().filter(|_| value.is_f64()) {
        *value = whole(number);
      }
      return true;
    }
    if matches!(field.kind, Kind::Proxies)
      && let Some(entry) =
        value.as_array().and_then(|entries| entries.iter().find(|entry| !is_proxy(entry)))
    {
      self.refuse(Some(at), entry, &format!("is {}", otherwise(field.kind)), None);
      return false;
    }
    let hint = match (field.kind, value.as_str()) {
      (Kind::Word(words), Some(word)) => nearest(word, words.iter().copied()),
      (Kind::Strategy, Some(word)) => nearest(word, Strategy::ALL.map(Strategy::name)),
      (Kind::Workers, Some(word)) => nearest(word, ["auto"]),
      _ => None,
    };
    let planned = value.as_str().is_some_and(|word| PLANNED.contains(&word));
    if matches!(field.kind, Kind::Strategy) && planned {
      let available = format!("is not available yet; {} are", quoted(&strategies()));
      self.refuse(Some(at), value, &available, None);
    } else {
      self.refuse(Some(at), value, &format!("is {}", otherwise(field.kind)), hint);
    }
    false
  }

  fn unknown(&mut self, at: &At<'_>, section: &Section, value: &Value) {
    let known = || section.fields.iter().map(|field| field.name);
    let hint = nearest(at.name, known());
    let sentence = match hint {
      Some(_) => "is given to a field that does not exist".to_owned(),
      None => {
        let names: Vec<&str> = known().collect();
        format!("is given to a field that does not exist; there are {}", names.join(", "))
      }
    };
    self.refuse(Some(at), value, &sentence, hint);
  }

  /// `path: value sentence; did you mean "hint"?`
  fn refuse(&mut self, at: Option<&At<'_>>, value: &Value, sentence: &str, hint: Option<&str>) {
    let path = at.map_or_else(|| "the configuration".to_owned(), At::path);
    let hint = hint.map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default();
    self.add(format!("{path}: {} {sentence}{hint}", shorten(value)));
  }

  /// Add a problem that begins with its path.
  pub fn add(&mut self, problem: String) {
    match self.problems.len() {
      MOST_PROBLEMS => self.problems.push("and more".to_owned()),
      n if n < MOST_PROBLEMS => self.problems.push(problem),
      _ => {}
    }
  }
}

/// A name that is none of those that there are.
#[must_use]
pub fn unknown_word(path: &str, word: &str, known: &[&str]) -> ClusterError {
  let hint = nearest(word, known.iter().copied());
  let hint = hint.map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default();
  let word = Value::String(cut(word));
  let problem = format!("{path}: {word} is none of {}{hint}", quoted(known));
  ClusterError::Configuration { problems: vec![problem] }
}

/// What a value that JSON cannot carry is.
fn foreign(value: &Value) -> Option<&str> {
  value.as_object().filter(|fields| fields.len() == 1)?.get(FOREIGN)?.as_str()
}

fn allows(kind: Kind, value: &Value) -> bool {
  let within = |min: u32, max: u32| {
    value.as_f64().is_some_and(|number| (f64::from(min)..=f64::from(max)).contains(&number))
  };
  let whole = || value.as_f64().is_some_and(|number| number.fract() == 0.0);
  let every = |allowed: fn(&Value) -> bool| value.as_array().is_some_and(|v| v.iter().all(allowed));
  match kind {
    Kind::Flag => value.is_boolean(),
    Kind::Count { min, max } => whole() && within(min, max),
    Kind::Millis { min } => within(min, LONGEST),
    Kind::Percent { max } => within(0, max),
    Kind::Size { min, max } => {
      value.as_str().and_then(Bytes::parse).is_some_and(|Bytes(size)| (min..=max).contains(&size))
    }
    Kind::Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
    Kind::Strategy => value.as_str().is_some_and(|word| Strategy::parse(word).is_some()),
    Kind::Text(text) => value.as_str().is_some_and(|written| fits(text, written)),
    Kind::Share { max } => {
      (whole() && within(0, max)) || value.as_str().is_some_and(|text| Share::parse(text).is_some())
    }
    Kind::Workers => value == "auto" || (whole() && within(1, MAX_WORKERS)),
    Kind::Strings => every(|item| item.as_str().is_some_and(|text| !text.contains('\0'))),
    Kind::Proxies => is_proxy(value) || every(is_proxy),
    Kind::Ports => every(|item| {
      item.as_f64().is_some_and(|port| port.fract() == 0.0 && (1.0..=65_535.0).contains(&port))
    }),
    Kind::Weights => {
      every(|item| item.as_f64().is_some_and(|weight| (0.0..=1e6).contains(&weight)))
        && value.as_array().is_some_and(|weights| {
          !weights.is_empty() && weights.iter().any(|weight| weight.as_f64() > Some(0.0))
        })
    }
    Kind::Environment => value.as_object().is_some_and(|variables| {
      foreign(value).is_none()
        && variables.iter().all(|(name, value)| {
          let plain = !name.is_empty() && !name.contains(['=', '\0']) && name != "__proto__";
          plain && value.as_str().is_some_and(|text| !text.contains('\0'))
        })
    }),
    Kind::Section(_) => value.is_object(),
  }
}

/// Whether it is one entry of a list of trusted proxies.
fn is_proxy(value: &Value) -> bool {
  value.as_str().is_some_and(|entry| Trust::parse([entry]).is_ok())
}

fn fits(text: Text, written: &str) -> bool {
  let plain = !written.trim().is_empty() && !written.contains(char::is_control);
  plain
    && match text {
      Text::Name => written.len() <= 256,
      Text::Path => written.len() <= 4_096,
      Text::Endpoint => {
        written.starts_with('/') && written.len() <= 2_048 && !written.contains([' ', '#'])
      }
      Text::Host => host(written).is_some(),
    }
}

/// The address that a host names.
#[must_use]
pub fn host(written: &str) -> Option<IpAddr> {
  if written == "localhost" { Some([127, 0, 0, 1].into()) } else { written.parse().ok() }
}

/// What a value of this kind is not, when it is refused.
#[must_use]
pub fn otherwise(kind: Kind) -> String {
  match kind {
    Kind::Flag => "neither true nor false".to_owned(),
    Kind::Count { min, max } => format!("no whole number from {min} to {max}"),
    Kind::Millis { min } => format!("no number of milliseconds from {min} to {LONGEST}"),
    Kind::Percent { max } => format!("no number of per cent from 0 to {max}"),
    Kind::Size { max: u64::MAX, .. } => {
      "no size such as \"512MB\", \"1.5GB\" or \"64k\"".to_owned()
    }
    Kind::Size { min, max } => {
      format!("no size from \"{}\" to \"{}\", such as \"1MB\"", Bytes(min), Bytes(max))
    }
    Kind::Word(words) => format!("none of {}", quoted(words)),
    Kind::Strategy => format!("none of {}", quoted(&strategies())),
    Kind::Text(Text::Name) => "no text of 1 to 256 characters".to_owned(),
    Kind::Text(Text::Path) => "no path".to_owned(),
    Kind::Text(Text::Endpoint) => "no path such as \"/health\"".to_owned(),
    Kind::Text(Text::Host) => "no IP address, nor \"localhost\"".to_owned(),
    Kind::Share { max } => {
      format!("no whole number from 0 to {max}, nor a share such as \"25%\"")
    }
    Kind::Workers => format!("no whole number from 1 to {MAX_WORKERS} or \"auto\""),
    Kind::Strings => "no list of texts".to_owned(),
    Kind::Proxies => {
      "neither \"none\", \"loopback\" nor \"private\", no IP address, and no block such as \"10.0.0.0/8\"".to_owned()
    }
    Kind::Ports => "no list of whole numbers from 1 to 65535".to_owned(),
    Kind::Weights => "no list of numbers from 0 to 1000000, one of them above 0".to_owned(),
    Kind::Environment => "no object of variables with texts as values".to_owned(),
    Kind::Section(_) => "not an object".to_owned(),
  }
}

fn strategies() -> Vec<&'static str> {
  Strategy::ALL.map(Strategy::name).to_vec()
}

fn quoted(words: &[&str]) -> String {
  words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

/// A value in the length of a line. Work is bounded by what is shown, not by what was written.
fn shorten(value: &Value) -> String {
  match value {
    Value::Object(_) => foreign(value).map_or_else(|| "an object".to_owned(), cut),
    Value::Array(items) => format!("a list of {}", items.len()),
    Value::String(text) => Value::String(cut(text)).to_string(),
    Value::Number(number) => match number.as_f64() {
      // 5, not 5.0: as users wrote it.
      Some(float) if number.is_f64() => float.to_string(),
      _ => number.to_string(),
    },
    Value::Null | Value::Bool(_) => value.to_string(),
  }
}

fn cut(text: &str) -> String {
  let shown = text.chars().take(SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c });
  let cut = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
  shown.chain(cut.chars()).collect()
}
