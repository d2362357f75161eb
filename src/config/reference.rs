//! Writes `docs/configuration.md` and `lib/config.ts` from the table, and fails when what is there says
//! anything else. `XYPRISS_UPDATE=1 cargo test reference` rewrites them.

use std::{env, fmt::Write as _, fs, path::Path};

use super::{
  defaults::{BASE_PORT, MAX_WORKERS},
  field::{Action, Change, Fallback, Field, Kind, LONGEST, Section, Text},
  model::ClusterConfig,
};
use crate::balancer::Strategy;

#[test]
fn the_documentation_says_what_the_table_says() {
  check("docs/configuration.md", &documentation());
}

#[test]
fn the_typings_say_what_the_table_says() {
  check("lib/config.ts", &typings());
}

fn check(file: &str, expected: &str) {
  let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
  if env::var_os("XYPRISS_UPDATE").is_some() {
    fs::write(&path, expected).unwrap_or_else(|error| panic!("{file}: {error}"));
  }
  let found = fs::read_to_string(&path).unwrap_or_default();
  let differs = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
  assert!(found == expected, "{file} differs, first at {differs:?}; run with XYPRISS_UPDATE=1");
}

const HEAD: &str = "# Configuration

Generated from the table in `src/config/model/`, which is also what checks a configuration and fills in
the defaults; a test fails when this page says anything else.

Every field is optional. Durations are in milliseconds, up to 86 400 000, a day. Memory is a text such as
`'512MB'`, `'1.5GB'` or `'64k'`; a kilobyte has 1 024 bytes. A configuration is checked whole, before
anything is started, and every problem is told at once, in `details.problems` of an `ERR_CONFIGURATION`.
Settings that contradict each other, and settings that nothing acts on yet, give a process warning with the
code `XYPRISS_CLUSTER_CONFIG`; one that says what holds anyhow does not.

The last column is what `updateConfig()` does with a change: *at once*, or workers are *replaced*, as by
`restart()`, or the cluster has to be *stopped* first. *Not yet* marks a field that is checked and kept, and
that nothing acts on yet.
";

fn documentation() -> String {
  let mut page = HEAD.to_owned();
  let _infallible = write!(
    page,
    "\nWhere no port is named, as by `ClusterFactory.create(config)`, it is {BASE_PORT}. A cluster has at most \
     {MAX_WORKERS} workers.\n"
  );
  document(&ClusterConfig::SECTION, "", &mut page);
  page.push_str(ORDER);
  page
}

const ORDER: &str = "
## What fields say about each other

These are errors:

- `healthCheck.timeout` not below `healthCheck.interval`; where only the interval is given, the timeout gives
  way and is half of it
- `autoScaling.minWorkers` above `maxWorkers`
- a threshold of `autoScaling.scaleDownThreshold` not below that of `scaleUpThreshold`
- `memoryWarningThreshold` not below `memoryCriticalThreshold`
- `resilience.retryPolicy.baseDelay` above `maxDelay`
- `advanced.deployment` with neither `maxUnavailable` nor `maxSurge`
- an amount of memory above what the machine or its container has
";

fn document(section: &Section, path: &str, page: &mut String) {
  let title = if path.is_empty() { "`ClusterConfig`".to_owned() } else { format!("`{path}`") };
  let _infallible = write!(
    page,
    "\n## {title}\n\n{}\n\n| field | takes | default | meaning | a change |\n|---|---|---|---|---|\n",
    section.about.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
  );
  let leaves = section.fields.iter().filter(|field| !matches!(field.kind, Kind::Section(_)));
  let (mut rows, mut any) = (String::new(), false);
  for field in leaves {
    any = true;
    let effect = match (field.action, field.change) {
      (Action::Warned, _) => "not yet",
      (Action::Acted, Change::Live) => "at once",
      (Action::Acted, Change::Reborn) => "replaced",
      (Action::Acted, Change::Stopped) => "stopped",
    };
    let _infallible = writeln!(
      rows,
      "| `{}` | {} | {} | {} | {effect} |",
      field.name,
      takes(field.kind).replace('|', "\\|"),
      default(field),
      meaning(field)
    );
  }
  if any {
    page.push_str(&rows);
  } else {
    let table =
      page.find("\n\n| field").map_or(page.len(), |_| page.rfind("\n\n| field").unwrap_or(0));
    page.truncate(table);
    page.push('\n');
  }
  for field in section.fields {
    if let Kind::Section(inner) = field.kind {
      let dot = if path.is_empty() { "" } else { "." };
      document(inner, &format!("{path}{dot}{}", field.name), page);
    }
  }
}

fn meaning(field: &Field) -> String {
  field.about.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

/// What a field takes, in words.
fn takes(kind: Kind) -> String {
  match kind {
    Kind::Flag => "`true` or `false`".to_owned(),
    Kind::Count { min, max } => format!("a whole number, {} to {}", grouped(min), grouped(max)),
    Kind::Millis { min } => format!("milliseconds, {} to {}", grouped(min), grouped(LONGEST)),
    Kind::Percent { max } => format!("per cent, 0 to {}", grouped(max)),
    Kind::Size { max: u64::MAX, .. } => "memory, such as `'512MB'`".to_owned(),
    Kind::Size { min, max } => {
      format!("a size, `'{}'` to `'{}'`", super::units::Bytes(min), super::units::Bytes(max))
    }
    Kind::Word(_) | Kind::Strategy => format!("`{}`", typescript(kind).replace(" | ", "`, `")),
    Kind::Text(Text::Name) => "1 to 256 characters".to_owned(),
    Kind::Text(Text::Path) => "a path".to_owned(),
    Kind::Text(Text::Endpoint) => "a path such as `'/health'`".to_owned(),
    Kind::Text(Text::Host) => "an IP address, or `'localhost'`".to_owned(),
    Kind::Share { max } => format!("a whole number, 0 to {max}, or a share such as `'25%'`"),
    Kind::Workers => format!("a whole number, 1 to {MAX_WORKERS}, or `'auto'`"),
    Kind::Strings => "a list of texts".to_owned(),
    Kind::Proxies => {
      "`'none'`, `'loopback'`, `'private'`, an IP address, a block such as `'10.0.0.0/8'`, or a list of these".to_owned()
    }
    Kind::Weights => "a list of numbers, 0 to 1 000 000".to_owned(),
    Kind::Ports => "a list of whole numbers, 1 to 65 535".to_owned(),
    Kind::Environment => "an object of texts".to_owned(),
    Kind::Section(section) => format!("`{}`", section.name),
  }
}

fn default(field: &Field) -> String {
  match (field.default, field.kind) {
    (Fallback::Nothing(sentence) | Fallback::Computed(sentence), _) => sentence.to_owned(),
    (Fallback::Flag(flag), _) => format!("`{flag}`"),
    (Fallback::Number(number), _) => grouped(number),
    (Fallback::Text(text), _) => format!("`'{text}'`"),
    (Fallback::Fields, _) => "its fields'".to_owned(),
  }
}

/// A number in groups of three.
fn grouped(number: impl ToString) -> String {
  let digits = number.to_string();
  let mut grouped = String::new();
  for (index, digit) in digits.chars().enumerate() {
    if index > 0 && (digits.len() - index).is_multiple_of(3) {
      grouped.push(' ');
    }
    grouped.push(digit);
  }
  grouped
}

fn typings() -> String {
  let mut file = String::from(
    "/**
 * The configuration as users write it. What it means, its defaults and its checks live in the native core, and this
 * file is generated from its table: `XYPRISS_UPDATE=1 cargo test reference`. Durations are in milliseconds.
 */
",
  );
  interface(&ClusterConfig::SECTION, &mut file);
  file
}

fn interface(section: &Section, file: &mut String) {
  let about: Vec<&str> = section.about.iter().map(|line| line.trim()).collect();
  let _infallible =
    write!(file, "\n/** {} */\nexport interface {} {{\n", about.join(" "), section.name);
  for field in section.fields {
    comment(field, file);
    let _infallible = writeln!(file, "  {}?: {}", field.name, typescript(field.kind));
  }
  file.push_str("}\n");
  for field in section.fields {
    if let Kind::Section(inner) = field.kind {
      interface(inner, file);
    }
  }
}

fn comment(field: &Field, file: &mut String) {
  let mut text = meaning(field);
  if !matches!(field.kind, Kind::Section(_)) {
    let range = match field.kind {
      // What the type says already.
      Kind::Flag | Kind::Strings | Kind::Environment => String::new(),
      kind => {
        let takes = takes(kind);
        let mut letters = takes.chars();
        letters.next().map_or_else(String::new, |first| {
          format!(" {}{}.", first.to_uppercase(), letters.as_str())
        })
      }
    };
    let _infallible = write!(text, "{range} Default: {}.", default(field));
    if field.action == Action::Warned {
      text.push_str(" Accepted with a warning: not acted on yet.");
    }
  }
  let lines = wrapped(&text, 110 - "   * ".len());
  if let [line] = lines.as_slice()
    && line.len() + "  /**  */".len() <= 110
  {
    let _infallible = writeln!(file, "  /** {line} */");
    return;
  }
  file.push_str("  /**\n");
  for line in lines {
    let _infallible = writeln!(file, "   * {line}");
  }
  file.push_str("   */\n");
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
  let mut lines: Vec<String> = Vec::new();
  for word in text.split(' ') {
    match lines.last_mut() {
      Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
        line.push(' ');
        line.push_str(word);
      }
      _ => lines.push(word.to_owned()),
    }
  }
  lines
}

fn typescript(kind: Kind) -> String {
  let union =
    |words: &[&str]| words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" | ");
  match kind {
    Kind::Flag => "boolean".to_owned(),
    Kind::Count { .. } | Kind::Millis { .. } | Kind::Percent { .. } => "number".to_owned(),
    Kind::Size { .. } | Kind::Text(_) => "string".to_owned(),
    Kind::Word(words) => union(words),
    Kind::Strategy => union(&Strategy::ALL.map(Strategy::name)),
    Kind::Workers => "number | 'auto'".to_owned(),
    Kind::Share { .. } => "number | `${number}%`".to_owned(),
    Kind::Strings => "string[]".to_owned(),
    Kind::Proxies => "string | string[]".to_owned(),
    Kind::Weights | Kind::Ports => "number[]".to_owned(),
    Kind::Environment => "Record<string, string>".to_owned(),
    Kind::Section(section) => section.name.to_owned(),
  }
}
