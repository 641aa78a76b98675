//! What is not compared.

use std::sync::atomic::{AtomicBool, Ordering};

use super::content::QUERY;
use super::ignore_path::{IgnorePath, Step};
use super::varying::Varying;

/// What is not compared.
#[derive(Debug)]
pub struct Rules {
    paths: Vec<Path>,
    /// Values that vary are not compared, nor are heartbeats.
    has_defaults: bool,
}

#[derive(Debug)]
struct Path {
    steps: Vec<Step>,
    /// Nobody sent what stands there: it is told of the capture.
    is_of_capture: bool,
    /// Something stood there.
    is_met: AtomicBool,
}

/// What events tell of answers is of the capture: the number of a packet, and a time.
const OF_CAPTURE: [&[&str]; 4] = [
    &["app", "reply_to"],
    &["app", "latency"],
    &["app", "parts", "[*]", "reply_to"],
    &["app", "parts", "[*]", "latency"],
];

impl Rules {
    /// Ignores what stands at the paths, and unless they are to be compared, too, the
    /// values that vary from run to run.
    pub fn new(ignored: Vec<IgnorePath>, has_defaults: bool) -> Self {
        let step = |word: &&str| match *word {
            "[*]" => Step::AnyIndex,
            key => Step::Key(key.to_owned()),
        };
        let path =
            |steps, is_of_capture| Path { steps, is_of_capture, is_met: AtomicBool::default() };
        let of_capture =
            OF_CAPTURE.iter().map(|words| path(words.iter().map(step).collect(), true));
        let ignored = ignored.into_iter().map(|ignored| path(ignored.steps, false));
        Self { paths: of_capture.chain(ignored).collect(), has_defaults }
    }

    /// Whether values that vary are ignored.
    pub fn has_defaults(&self) -> bool {
        self.has_defaults
    }

    /// The paths that are ignored.
    pub fn ignored(&self) -> impl Iterator<Item = IgnorePath> {
        let own = self.paths.iter().filter(|path| !path.is_of_capture);
        own.map(|path| IgnorePath { steps: path.steps.clone() })
    }

    /// Those of them at which nothing stood in what was compared until now, so that they
    /// may be a slip of the pen.
    pub fn unmet(&self) -> impl Iterator<Item = IgnorePath> {
        let is_unmet = |path: &&Path| !path.is_of_capture && !path.is_met.load(Ordering::Relaxed);
        let own = self.paths.iter().filter(is_unmet);
        own.map(|path| IgnorePath { steps: path.steps.clone() })
    }

    /// What a text is under this key, if it varies.
    pub(super) fn text(&self, key: &[u8], text: &[u8]) -> Option<Varying> {
        if self.has_defaults { Varying::of_text_under(key, text) } else { None }
    }

    /// Where the random end of an id begins, if a text under this key is one.
    pub(super) fn suffix(&self, key: &[u8], text: &[u8]) -> Option<usize> {
        if self.has_defaults { Varying::suffix_under(key, text) } else { None }
    }

    /// What the value of a parameter of a query is, if it varies.
    pub(super) fn parameter(&self, name: &[u8], value: &[u8]) -> Option<Varying> {
        if self.has_defaults { Varying::of_parameter(name, value) } else { None }
    }

    /// What a text is that stands under no key, if it varies.
    pub(super) fn word(&self, text: &[u8]) -> Option<Varying> {
        if self.has_defaults { Varying::of_text(text) } else { None }
    }

    /// What a number is under this key, if it varies.
    pub(super) fn number(&self, key: &[u8], number: &[u8]) -> Option<Varying> {
        if self.has_defaults { Varying::of_number_under(key, number) } else { None }
    }

    /// A field of a message, whose name is several words with points between.
    pub(super) fn field(&self, name: &str) -> Place {
        let start = (0..self.paths.len()).map(|path| (path, 0)).collect();
        let mut place = Place { open: start, ignored: None, is_query: false };
        for word in name.split('.') {
            place = self.key(&place, word.as_bytes());
            if place.ignored.is_some() {
                break;
            }
        }
        place.is_query = name == QUERY;
        place
    }

    /// A member of what stands at this place.
    pub(super) fn key(&self, place: &Place, key: &[u8]) -> Place {
        self.enter(place, |step| step.is_key(key))
    }

    /// An element of what stands at this place.
    pub(super) fn index(&self, place: &Place, index: usize) -> Place {
        self.enter(place, |step| step.is_index(index))
    }

    fn enter(&self, place: &Place, leads: impl Fn(&Step) -> bool) -> Place {
        let mut entered = Place::default();
        for &(path, at) in &place.open {
            let Some(Path { steps, is_of_capture, is_met }) = self.paths.get(path) else {
                continue;
            };
            let mut at = at;
            // Any number of levels: this one, and any of those below.
            while steps.get(at) == Some(&Step::AnyDepth) {
                entered.add(path, at);
                at += 1;
            }
            let is_end = match steps.get(at) {
                Some(step) if leads(step) => {
                    entered.add(path, at + 1);
                    steps
                        .get(at + 1..)
                        .is_some_and(|rest| rest.iter().all(|step| *step == Step::AnyDepth))
                }
                Some(_) => false,
                None => steps.last() == Some(&Step::AnyDepth),
            };
            if is_end {
                is_met.store(true, Ordering::Relaxed);
                let by = if *is_of_capture { Ignored::OfCapture } else { Ignored::Asked };
                entered.ignored = entered.ignored.max(Some(by));
            }
        }
        entered
    }
}

/// A place in a message: how far each path leads to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// Path, and the step that is next. No more than the paths have steps.
    open: Vec<(usize, usize)>,
    pub(super) ignored: Option<Ignored>,
    /// What stands there are the parameters of a query.
    pub(super) is_query: bool,
}

/// Why something is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ignored {
    OfCapture,
    Asked,
}

impl Place {
    fn add(&mut self, path: usize, at: usize) {
        if !self.open.contains(&(path, at)) {
            self.open.push((path, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ignored(paths: &[&str], place: &[&str]) -> bool {
        let paths = paths.iter().map(|path| path.parse().unwrap()).collect();
        let rules = Rules::new(paths, true);
        let (field, below) = place.split_first().unwrap();
        let mut at = rules.field(field);
        for step in below {
            if at.ignored.is_some() {
                break;
            }
            at = match step.parse() {
                Ok(index) => rules.index(&at, index),
                Err(_) => rules.key(&at, step.as_bytes()),
            };
        }
        at.ignored.is_some()
    }

    #[test]
    fn a_path_leads_to_a_place_and_all_that_is_in_it() {
        assert!(is_ignored(&["json.header.date"], &["json", "header", "date"]));
        assert!(is_ignored(&["json.header"], &["json", "header", "date"]));
        assert!(is_ignored(&["json"], &["json", "header", "date"]));
        assert!(!is_ignored(&["json.header.date"], &["json", "header"]));
        assert!(!is_ignored(&["json.header.date"], &["json", "date"]));
        assert!(!is_ignored(&["json.header.date"], &["app", "header", "date"]));
        assert!(is_ignored(&["http.response.code"], &["http", "response", "code"]));
        assert!(is_ignored(&["websocket.payload"], &["websocket.payload.text"]));
    }

    #[test]
    fn stars_lead_to_anything() {
        for place in [
            &["json", "date"][..],
            &["json", "a", "date"],
            &["json", "a", "3", "b", "date", "c"],
            &["app", "date"],
        ] {
            assert!(is_ignored(&["**.date"], place), "{place:?}");
        }
        assert!(!is_ignored(&["**.date"], &["json", "a", "dates"]));
        assert!(is_ignored(&["json.items[*].id"], &["json", "items", "7", "id"]));
        assert!(!is_ignored(&["json.items[*].id"], &["json", "items", "x", "id"]));
        assert!(is_ignored(&["json.items[7]"], &["json", "items", "7"]));
        assert!(!is_ignored(&["json.items[7]"], &["json", "items", "8"]));
        assert!(is_ignored(&["json.*.id"], &["json", "a", "id"]));
        assert!(!is_ignored(&["json.*.id"], &["json", "id"]));
        for place in [&["json", "id"][..], &["json", "a", "b", "id"]] {
            assert!(is_ignored(&["json.**.id"], place), "{place:?}");
        }
        assert!(is_ignored(&["json.a.**"], &["json", "a", "b"]));
    }

    #[test]
    fn what_is_of_the_capture_is_never_compared() {
        assert!(is_ignored(&[], &["app", "latency"]));
        assert!(is_ignored(&[], &["app", "parts", "3", "reply_to"]));
        assert!(!is_ignored(&[], &["json", "latency"]));
    }
}
