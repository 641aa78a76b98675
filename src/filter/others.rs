//! The values of a field with which those of another are compared, as in
//! `json.a == json.b`.
//!
//! There may be very many on both sides. They are put in order once, so that none
//! has to be held against each.

use memchr::memmem;

use super::key::{Class, Key};
use super::program::{AllPaths, Operand, Order, Relation};
use super::subject::{Subject, Value};

/// Values of JSON that `contains` looks for at the most: the first ones. Only a key
/// that an object has very often leads to more.
const MOST_SOUGHT: usize = 16;

/// Values of JSON that others are compared with at the most: the first ones.
const MOST_COMPARED: usize = 1 << 16;

/// The values on the right, of each class in their order.
#[derive(Debug, Default)]
pub(super) struct Others {
    values: [Vec<Vec<u8>>; Class::COUNT],
    count: usize,
}

impl Others {
    pub(super) fn new(
        relation: Relation,
        right: &Operand,
        subject: &Subject<'_>,
        paths: &AllPaths,
    ) -> Self {
        let mut others = Self::default();
        let most = match relation {
            Relation::Order(_) => MOST_COMPARED,
            Relation::Contains => MOST_SOUGHT,
        };
        right.each(subject, paths, &mut |value| {
            // What other fields have is bounded itself, as heads are.
            if others.count >= most && subject.is_event() {
                subject.note_beyond();
                return false;
            }
            let Key { class, bytes } = Key::from(value);
            if let Some(values) = others.values.get_mut(class as usize) {
                values.push(bytes.into_owned());
            }
            others.count += 1;
            true
        });
        for class in [Class::Number, Class::Text, Class::Other] {
            if let Some(values) = others.values.get_mut(class as usize) {
                values.sort_unstable_by(|one, two| class.compare(one, two));
            }
        }
        others
    }

    /// Whether a value on the left lies so to all of them, or to any; `None` where
    /// there are none.
    pub(super) fn hold(
        &self,
        relation: Relation,
        value: Value<'_>,
        is_for_all: bool,
    ) -> Option<bool> {
        if self.count == 0 {
            return None;
        }
        let key = Key::from(value);
        let values = self.values.get(key.class as usize).map_or(&[][..], Vec::as_slice);
        // Those of another class are neither equal nor less nor more.
        if is_for_all && values.len() < self.count {
            return Some(false);
        }
        Some(match relation {
            Relation::Order(order) if is_for_all => lies_so_to_all(&key, order, values),
            Relation::Order(order) => lies_so_to_any(&key, order, values),
            Relation::Contains if key.class != Class::Text => false,
            Relation::Contains => {
                let contains = |other: &Vec<u8>| {
                    // Looking at all of what is longer would take its time.
                    other.len() <= key.bytes.len() && memmem::find(&key.bytes, other).is_some()
                };
                if is_for_all { values.iter().all(contains) } else { values.iter().any(contains) }
            }
        })
    }
}

fn lies_so_to_any(key: &Key<'_>, order: Order, values: &[Vec<u8>]) -> bool {
    let found = || values.binary_search_by(|other| key.class.compare(other, &key.bytes)).is_ok();
    let holds = |other: &Vec<u8>| order.holds(key.class.compare(&key.bytes, other));
    match (key.class, order) {
        (Class::Other, Order::Less | Order::Greater) => false,
        (Class::Other, _) | (_, Order::Equal) => found(),
        (_, Order::Less | Order::LessOrEqual) => values.last().is_some_and(holds),
        (_, Order::Greater | Order::GreaterOrEqual) => values.first().is_some_and(holds),
    }
}

/// `values` are at least one.
fn lies_so_to_all(key: &Key<'_>, order: Order, values: &[Vec<u8>]) -> bool {
    let order = match (key.class, order) {
        (Class::Other, Order::Less | Order::Greater) => return false,
        (Class::Other, _) => Order::Equal,
        (_, order) => order,
    };
    let holds = |other: &Vec<u8>| order.holds(key.class.compare(&key.bytes, other));
    values.first().is_some_and(holds) && values.last().is_some_and(holds)
}
