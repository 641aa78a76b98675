//! Which messages without an equal are the same one, changed.

use super::content::{TreeBody, Trees};
use super::digest::Digest;
use super::recording::Said;
use super::rules::Rules;
use super::tree::{Node, Value};

/// Pairs of messages that are compared with one another; beyond it they are paired in
/// order, as far as they have the same fields.
const MOST_CELLS: usize = 1024;

/// Values of a message by which likeness is judged; beyond it the first count.
const MOST_LEAVES: usize = 256;

/// Messages with no more values may be the same one though they have none in common.
const FEW_LEAVES: usize = 2;

/// Pairs of messages of one sender, rising in both: those that have most in common.
/// Swapped messages give swapped pairs.
pub(super) fn pair(old: &[&Said], new: &[&Said], rules: &Rules) -> Vec<(usize, usize)> {
    if old.is_empty() || new.is_empty() {
        return Vec::new();
    }
    if old.len().saturating_mul(new.len()) > MOST_CELLS {
        return in_order(old, new);
    }
    let digests = |said: &[&Said]| -> Vec<Digest> { said.iter().map(|said| said.digest).collect() };
    if digests(new) < digests(old) {
        return best(new, old, rules).into_iter().map(|(new, old)| (old, new)).collect();
    }
    best(old, new, rules)
}

fn in_order(old: &[&Said], new: &[&Said]) -> Vec<(usize, usize)> {
    let pairs = (0..old.len()).zip(0..new.len());
    let is_like = |(at_old, at_new): &(usize, usize)| {
        old.get(*at_old).map(|said| said.class) == new.get(*at_new).map(|said| said.class)
    };
    pairs.filter(is_like).collect()
}

/// The pairs that together are most alike.
fn best(old: &[&Said], new: &[&Said], rules: &Rules) -> Vec<(usize, usize)> {
    let leaves = |said: &[&Said]| -> Vec<Vec<u64>> {
        said.iter().map(|said| leaves_of(said, rules)).collect()
    };
    let (old_leaves, new_leaves) = (leaves(old), leaves(new));
    let alike: Vec<Vec<u64>> = old
        .iter()
        .zip(&old_leaves)
        .map(|(old, of_old)| {
            let others = new.iter().zip(&new_leaves);
            others.map(|(new, of_new)| likeness(old, of_old, new, of_new)).collect()
        })
        .collect();
    trace(&alike, old.len(), new.len())
}

/// The rising pairs of which the sum is greatest.
fn trace(alike: &[Vec<u64>], old: usize, new: usize) -> Vec<(usize, usize)> {
    let at = |table: &[Vec<u64>], row: usize, column: usize| -> u64 {
        table.get(row).and_then(|row| row.get(column)).copied().unwrap_or(0)
    };
    // What the rest is worth from there.
    let mut worth = vec![vec![0; new + 1]; old + 1];
    for row in (0..old).rev() {
        for column in (0..new).rev() {
            let skipped = at(&worth, row + 1, column).max(at(&worth, row, column + 1));
            let own = at(alike, row, column);
            let paired = if own > 0 { own + at(&worth, row + 1, column + 1) } else { 0 };
            if let Some(place) = worth.get_mut(row).and_then(|row| row.get_mut(column)) {
                *place = skipped.max(paired);
            }
        }
    }
    let mut pairs = Vec::new();
    let (mut row, mut column) = (0, 0);
    while row < old && column < new {
        let here = at(&worth, row, column);
        let own = at(alike, row, column);
        if own > 0 && here == own + at(&worth, row + 1, column + 1) {
            pairs.push((row, column));
            row += 1;
            column += 1;
        } else if here == at(&worth, row + 1, column) {
            row += 1;
        } else {
            column += 1;
        }
    }
    pairs
}

/// How much two messages have in common: 0 when they cannot be the same one.
fn likeness(old: &Said, of_old: &[u64], new: &Said, of_new: &[u64]) -> u64 {
    if old.class != new.class {
        return 0;
    }
    let (mut common, mut rest) = (0, of_new);
    for leaf in of_old {
        let less = rest.iter().take_while(|other| *other < leaf).count();
        rest = rest.get(less..).unwrap_or_default();
        if rest.first() == Some(leaf) {
            common += 1;
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    let most = of_old.len().max(of_new.len());
    if common == 0 && most > FEW_LEAVES {
        return 0;
    }
    1 + 1_000 * common / most.max(1) as u64
}

/// The values of a message, each with the key that it stands under, sorted.
fn leaves_of(said: &Said, rules: &Rules) -> Vec<u64> {
    let Some(parts) = &said.parts else {
        return Vec::new();
    };
    let mut leaves = Vec::new();
    let trees = Trees::new(parts, rules).trees;
    for tree in trees.iter().filter(|tree| !tree.is_beside) {
        match &tree.body {
            TreeBody::Json(node) => add(node, 0, &mut leaves),
            TreeBody::Lines(lines) => {
                leaves.extend(lines.iter().take(MOST_LEAVES).map(|line| line.digest as u64));
            }
            TreeBody::Bytes(_) => {}
        }
    }
    leaves.truncate(MOST_LEAVES);
    leaves.sort_unstable();
    leaves
}

fn add(node: &Node<'_>, key: u64, leaves: &mut Vec<u64>) {
    if leaves.len() >= MOST_LEAVES {
        return;
    }
    match &node.value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                add(member, super::digest::digest("key", name) as u64, leaves);
            }
        }
        Value::Array(elements) if !elements.is_empty() => {
            elements.iter().for_each(|(_, element)| add(element, key, leaves));
        }
        _ => leaves.push(node.digest as u64 ^ key),
    }
}
