//! Compares two recordings.

use std::collections::{HashMap, HashSet, VecDeque};

use super::align::{align_from, gaps};
use super::content::Trees;
use super::digest::Digest;
use super::fields::Fields;
use super::gap;
use super::pairing;
use super::recording::{Recording, Said, Talk, What};
use super::renames::Renames;
use super::rules::Rules;
use crate::output::ConnectionName;
use crate::types::Side;

/// What differs between two captures.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Connections of both captures that differ.
    pub(super) pairs: Vec<Pair>,
    /// Connections that only the old capture has, and those that only the new one has.
    pub(super) missing: Vec<Alone>,
    pub(super) added: Vec<Alone>,
    pub(super) counts: Counts,
    /// The old capture has no connection, and the new one.
    pub(super) is_empty: [bool; 2],
}

/// How much was compared, and how much differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pairs of connections.
    pub connections: u64,
    /// Pairs of messages, moved ones included.
    pub messages: u64,
    /// Messages and handshakes that are not the same.
    pub changed: u64,
    /// Messages that stand at another place among those of their sender.
    pub moved: u64,
    /// Messages of connections of both captures that only the old one has.
    pub missing: u64,
    /// Those that only the new one has.
    pub added: u64,
    /// Connections that only the old capture has.
    pub connections_missing: u64,
    /// Connections that only the new capture has.
    pub connections_added: u64,
    /// Differences of messages that are counted, and not told.
    pub untold: u64,
    /// Messages of both captures that were compared by their digests alone.
    pub unkept: u64,
    /// Messages that do not differ as far as they are known: of the rest nothing is kept,
    /// or it is missing from the captures.
    pub partial: u64,
    /// Messages of both captures that were not compared, as there are too many.
    pub uncompared: u64,
}

impl Comparison {
    /// Whether anything differs.
    pub fn has_differences(&self) -> bool {
        let Counts { changed, moved, missing, added, .. } = self.counts;
        let messages = changed + moved + missing + added;
        messages + self.counts.connections_missing + self.counts.connections_added > 0
    }

    /// Whether neither capture has anything to compare.
    pub fn is_empty(&self) -> bool {
        self.is_empty == [true, true]
    }

    /// How much was compared, and how much differs.
    pub fn counts(&self) -> Counts {
        self.counts
    }
}

/// Two connections that differ.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) old: ConnectionName,
    pub(super) new: ConnectionName,
    pub(super) url: Option<Box<str>>,
    pub(super) hunks: Vec<Hunk>,
}

/// A connection that only one capture has.
#[derive(Debug)]
pub(super) struct Alone {
    pub(super) name: ConnectionName,
    pub(super) url: Option<Box<str>>,
    /// What the server answered; `None` when the capture does not have it.
    pub(super) answer: Option<Box<str>>,
    pub(super) messages: usize,
}

/// One difference.
#[derive(Debug)]
pub(super) struct Hunk {
    /// The message before, unless a hunk tells it.
    pub(super) context: Option<Line>,
    pub(super) difference: Difference,
    pub(super) line: Line,
    pub(super) fields: Fields,
    /// Of one of the messages nothing but a digest was kept.
    pub(super) is_unkept: bool,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Difference {
    Changed,
    Moved,
    Missing,
    Added,
}

/// A message in a few words.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) what: What,
    /// Its packet in the old capture, and in the new one.
    pub(super) packets: (Option<u64>, Option<u64>),
    pub(super) head: Box<str>,
}

/// Compares two recordings that were made by the same rules; messages that differ are
/// kept to be told until `most` fields do.
pub fn compare(old: &Recording, new: &Recording, rules: &Rules, most: usize) -> Comparison {
    let pairs = pairing::pair(&old.talks, &new.talks, rules);
    let mut comparison = Comparison {
        is_empty: [old.is_empty(), new.is_empty()],
        counts: Counts {
            unkept: old.unkept + new.unkept,
            uncompared: old.uncompared + new.uncompared,
            ..Counts::default()
        },
        missing: alone(&old.talks, pairs.iter().map(|(old, _)| *old).collect()),
        added: alone(&new.talks, pairs.iter().map(|(_, new)| *new).collect()),
        ..Comparison::default()
    };
    comparison.counts.connections_missing = comparison.missing.len() as u64;
    comparison.counts.connections_added = comparison.added.len() as u64;
    let mut room = most;
    for (at_old, at_new) in pairs {
        let (Some(old), Some(new)) = (old.talks.get(at_old), new.talks.get(at_new)) else {
            continue;
        };
        comparison.counts.connections += 1;
        let mut comparer = Comparer {
            old,
            new,
            rules,
            renames: Renames::default(),
            hunks: Vec::new(),
            counts: &mut comparison.counts,
            room: &mut room,
        };
        comparer.compare();
        let hunks = comparer.hunks;
        if !hunks.is_empty() {
            let url = new.url.clone().or_else(|| old.url.clone());
            comparison.pairs.push(Pair { old: old.name, new: new.name, url, hunks });
        }
    }
    comparison
}

fn alone(talks: &[Talk], paired: HashSet<usize>) -> Vec<Alone> {
    let rest = talks.iter().enumerate().filter(|(at, _)| !paired.contains(at));
    rest.map(|(_, talk)| Alone {
        name: talk.name,
        url: talk.url.clone(),
        answer: talk.handshake.as_ref().map(|said| said.head.clone()),
        messages: talk.messages.len(),
    })
    .collect()
}

struct Comparer<'a> {
    old: &'a Talk,
    new: &'a Talk,
    rules: &'a Rules,
    renames: Renames,
    hunks: Vec<Hunk>,
    counts: &'a mut Counts,
    /// How many more fields that differ may be kept; a hunk without any counts for one.
    room: &'a mut usize,
}

/// Messages that belong together, or one that has no partner, by their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Same(usize, usize),
    Moved(usize, usize),
    Changed(usize, usize),
    Missing(usize),
    /// And the message that the old capture has instead of it, if there is one.
    Added(usize, Option<usize>),
}

impl Step {
    /// The message that only the new capture has is `None` in the old one, and the
    /// other way round.
    fn places(self) -> (Option<usize>, Option<usize>) {
        match self {
            Self::Same(old, new) | Self::Moved(old, new) | Self::Changed(old, new) => {
                (Some(old), Some(new))
            }
            Self::Missing(old) => (Some(old), None),
            Self::Added(new, _) => (None, Some(new)),
        }
    }
}

impl<'a> Comparer<'a> {
    fn compare(&mut self) {
        self.targets();
        self.handshakes();
        let steps = self.steps();
        self.learn(&steps);
        let mut before = None;
        for step in steps {
            let is_told = self.step(step, before);
            before = (!is_told).then_some(step);
        }
    }

    /// Ids that the client asked for stand for one another.
    fn targets(&mut self) {
        let (Some(old), Some(new)) = (&self.old.target, &self.new.target) else {
            return;
        };
        let (old, new) = (pairing::ids(old, self.rules), pairing::ids(new, self.rules));
        for (old, new) in old.into_iter().zip(new) {
            self.renames.agree(old.as_bytes(), new.as_bytes());
        }
    }

    /// What ids stand for is known best by messages that are the same: of those that are
    /// not it is a guess that they belong together, and a wrong one would make every
    /// later message differ that has the ids.
    fn learn(&mut self, steps: &[Step]) {
        if !steps.iter().any(|step| matches!(step, Step::Changed(..))) {
            return;
        }
        for step in steps {
            if let Step::Same(old, new) = *step
                && let Some(old) = self.old.messages.get(old).filter(|old| old.has_ids)
            {
                self.fields(Some(old), self.new.messages.get(new));
            }
        }
    }

    fn handshakes(&mut self) {
        let (old, new) = (self.old.handshake.as_ref(), self.new.handshake.as_ref());
        match (old, new) {
            (Some(old), Some(new)) if old.digest == new.digest => {}
            (Some(_), Some(_)) => self.tell(Difference::Changed, old, new, None),
            (Some(_), None) => self.tell(Difference::Missing, old, None, None),
            (None, Some(_)) => self.tell(Difference::Added, None, new, None),
            (None, None) => {}
        }
    }

    /// Compares the messages of a step. Whether that made a hunk.
    fn step(&mut self, step: Step, before: Option<Step>) -> bool {
        let (at_old, at_new) = step.places();
        let old = at_old.and_then(|at| self.old.messages.get(at));
        let new = at_new.and_then(|at| self.new.messages.get(at));
        let difference = match step {
            Step::Changed(..) => Difference::Changed,
            Step::Moved(..) => Difference::Moved,
            Step::Missing(_) => Difference::Missing,
            Step::Added(..) => Difference::Added,
            Step::Same(..) => {
                self.counts.messages += 1;
                let has_ids = old.is_some_and(|old| old.has_ids);
                let fields = if has_ids { self.fields(old, new) } else { None };
                let Some(fields) = fields.filter(|fields| !fields.is_empty()) else {
                    self.counts.partial += u64::from(old.is_some_and(|old| old.is_partial));
                    return false;
                };
                let line = line(old, new);
                self.push(Difference::Changed, line, fields, false, before);
                return true;
            }
        };
        self.tell(difference, old, new, before);
        true
    }

    fn tell(
        &mut self,
        difference: Difference,
        old: Option<&Said>,
        new: Option<&Said>,
        before: Option<Step>,
    ) {
        let is_pair = matches!(difference, Difference::Changed | Difference::Moved);
        if is_pair && old.is_some_and(|old| old.what != What::Handshake) {
            self.counts.messages += 1;
        }
        let fields = if is_pair { self.fields(old, new) } else { Some(Fields::default()) };
        let is_unkept = fields.is_none();
        let line = line(old, new);
        self.push(difference, line, fields.unwrap_or_default(), is_unkept, before);
    }

    fn push(
        &mut self,
        difference: Difference,
        line: Option<Line>,
        fields: Fields,
        is_unkept: bool,
        before: Option<Step>,
    ) {
        *match difference {
            Difference::Changed => &mut self.counts.changed,
            Difference::Moved => &mut self.counts.moved,
            Difference::Missing => &mut self.counts.missing,
            Difference::Added => &mut self.counts.added,
        } += 1;
        let (1.., Some(line)) = (*self.room, line) else {
            self.counts.untold += 1;
            return;
        };
        *self.room = self.room.saturating_sub(fields.fields.len().max(1));
        let context = before.and_then(|before| {
            let (old, new) = before.places();
            let old = old.and_then(|at| self.old.messages.get(at));
            self::line(old, new.and_then(|at| self.new.messages.get(at)))
        });
        self.hunks.push(Hunk { context, difference, line, fields, is_unkept });
    }

    /// What differs between two messages; `None` where one of them was not kept.
    fn fields(&mut self, old: Option<&Said>, new: Option<&Said>) -> Option<Fields> {
        let (old, new) = (old?.parts.as_ref()?, new?.parts.as_ref()?);
        let (old, new) = (Trees::new(old, self.rules), Trees::new(new, self.rules));
        Some(Fields::new(&old, &new, self.rules, &mut self.renames))
    }

    /// What became of each message, in the order of the old capture; what only the new
    /// one has stands behind what stands before it there.
    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        // Of a request and its answer that came in another order both are moved.
        let is_swapped = said(self.new) < said(self.old);
        for from in [Side::Client, Side::Server] {
            self.steps_of(from, is_swapped, &mut steps);
        }
        let mut partners = vec![None; self.new.messages.len()];
        for step in &steps {
            if let (Some(old), Some(new)) = step.places()
                && let Some(partner) = partners.get_mut(new)
            {
                *partner = Some(old);
            }
        }
        let mut last = None;
        let anchors: Vec<Option<usize>> = partners
            .iter()
            .map(|partner| {
                last = partner.or(last);
                last
            })
            .collect();
        steps.sort_by_key(|step| match *step {
            Step::Added(new, instead_of) => {
                (anchors.get(new).copied().flatten().max(instead_of), 1, new)
            }
            _ => (step.places().0, 0, 0),
        });
        steps
    }

    /// What became of the messages of one sender.
    fn steps_of(&self, from: Side, is_swapped: bool, steps: &mut Vec<Step>) {
        let (old, new) = (by(self.old, from), by(self.new, from));
        let digests = |all: &[(usize, &Said)]| -> Vec<Digest> {
            all.iter().map(|(_, said)| said.digest).collect()
        };
        let place = |all: &[(usize, &Said)], at: usize| all.get(at).map(|(place, _)| *place);
        let pairs = align_from(&digests(&old), &digests(&new), is_swapped);
        let same = pairs.iter().filter_map(|(at_old, at_new)| {
            Some(Step::Same(place(&old, *at_old)?, place(&new, *at_new)?))
        });
        steps.extend(same);
        let gaps = gaps(&pairs, old.len(), new.len());
        let moved = moved(&old, &new, &gaps);
        let is_moved_from: HashSet<usize> = moved.iter().map(|(old, _)| *old).collect();
        let is_moved_to: HashSet<usize> = moved.iter().map(|(_, new)| *new).collect();
        steps.extend(moved.iter().map(|(old, new)| Step::Moved(*old, *new)));
        for region in gaps {
            let rest = |all: &[(usize, &'a Said)], range, moved: &HashSet<usize>| {
                let mut rest =
                    all.get::<std::ops::Range<usize>>(range).unwrap_or_default().to_vec();
                rest.retain(|(place, _)| !moved.contains(place));
                rest
            };
            let old = rest(&old, region.old, &is_moved_from);
            let new = rest(&new, region.new, &is_moved_to);
            self.changed(&old, &new, steps);
        }
    }

    /// What became of messages that have no equal.
    fn changed(&self, old: &[(usize, &Said)], new: &[(usize, &Said)], steps: &mut Vec<Step>) {
        let of = |all: &[(usize, &Said)], at: usize| all.get(at).map(|(place, _)| *place);
        let olds: Vec<&Said> = old.iter().map(|(_, said)| *said).collect();
        let news: Vec<&Said> = new.iter().map(|(_, said)| *said).collect();
        let pairs = gap::pair(&olds, &news, self.rules);
        steps.extend(pairs.iter().filter_map(|(at_old, at_new)| {
            Some(Step::Changed(of(old, *at_old)?, of(new, *at_new)?))
        }));
        for region in gaps(&pairs, old.len(), new.len()) {
            let last = region.old.clone().next_back().and_then(|at| of(old, at));
            steps.extend(region.old.filter_map(|at| of(old, at)).map(Step::Missing));
            let added = region.new.filter_map(|at| of(new, at));
            steps.extend(added.map(|at| Step::Added(at, last)));
        }
    }
}

/// The messages of one sender, each with its place among all.
fn by(talk: &Talk, from: Side) -> Vec<(usize, &Said)> {
    talk.messages.iter().enumerate().filter(|(_, said)| said.from() == Some(from)).collect()
}

/// What was said on a connection, each side by itself.
fn said(talk: &Talk) -> [Vec<Digest>; 2] {
    [Side::Client, Side::Server]
        .map(|from| by(talk, from).into_iter().map(|(_, said)| said.digest).collect())
}

/// Pairs of equal messages among those that were not aligned, by their places.
fn moved(
    old: &[(usize, &Said)],
    new: &[(usize, &Said)],
    gaps: &[super::align::Region],
) -> Vec<(usize, usize)> {
    let mut waiting: HashMap<Digest, VecDeque<usize>> = HashMap::new();
    for (place, said) in gaps.iter().flat_map(|gap| new.get(gap.new.clone())).flatten() {
        waiting.entry(said.digest).or_default().push_back(*place);
    }
    let rest = gaps.iter().flat_map(|gap| old.get(gap.old.clone())).flatten();
    rest.filter_map(|(place, said)| {
        let partner = waiting.get_mut(&said.digest)?.pop_front()?;
        Some((*place, partner))
    })
    .collect()
}

/// A message that at least one capture has; what it says as in the new one.
fn line(old: Option<&Said>, new: Option<&Said>) -> Option<Line> {
    let said = new.or(old)?;
    let packets = (old.map(|said| said.packet), new.map(|said| said.packet));
    Some(Line { what: said.what, packets, head: said.head.clone() })
}
