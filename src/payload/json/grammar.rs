//! The order of tokens (RFC 8259 §2).

use crate::types::json_block::places;

/// How deep arrays and objects may lie in one another. Readers of the output
/// commonly give up at a depth like this.
const MAX_DEPTH: u32 = 128;

/// What may come next. Each has four bits of a [`NEXT`].
type State = u32;

/// Nothing: what came is no JSON.
const WRONG: State = 0;
/// The value that is all.
const VALUE: State = 1;
/// The value of a member.
const MEMBER_VALUE: State = 2;
/// An element after a comma.
const ELEMENT: State = 3;
/// The first element, or the end of the array.
const FIRST_ELEMENT: State = 4;
/// The first name, or the end of the object.
const FIRST_NAME: State = 5;
/// A name after a comma.
const NAME: State = 6;
/// The colon after a name.
const COLON: State = 7;
/// A comma, or the end of the object.
const AFTER_MEMBER: State = 8;
/// A comma, or the end of the array.
const AFTER_ELEMENT: State = 9;
/// Nothing more.
const END: State = 10;

/// Set in [`NEXT`] of what opens or closes an object or array.
const BRACKET: u64 = 1 << 63;

/// By the first byte of a token, for each state the next. A value of its own
/// for each state spares a branch for each token, which would often be guessed
/// wrong.
static NEXT: [u64; 256] = next_states();

const fn next_states() -> [u64; 256] {
    let scalar = row(&[
        (VALUE, END),
        (MEMBER_VALUE, AFTER_MEMBER),
        (ELEMENT, AFTER_ELEMENT),
        (FIRST_ELEMENT, AFTER_ELEMENT),
    ]);
    let mut next = [scalar; 256];
    next[b'"' as usize] = scalar | row(&[(FIRST_NAME, COLON), (NAME, COLON)]);
    next[b':' as usize] = row(&[(COLON, MEMBER_VALUE)]);
    next[b',' as usize] = row(&[(AFTER_MEMBER, NAME), (AFTER_ELEMENT, ELEMENT)]);
    next[b'{' as usize] = BRACKET
        | row(&[
            (VALUE, FIRST_NAME),
            (MEMBER_VALUE, FIRST_NAME),
            (ELEMENT, FIRST_NAME),
            (FIRST_ELEMENT, FIRST_NAME),
        ]);
    next[b'[' as usize] = BRACKET
        | row(&[
            (VALUE, FIRST_ELEMENT),
            (MEMBER_VALUE, FIRST_ELEMENT),
            (ELEMENT, FIRST_ELEMENT),
            (FIRST_ELEMENT, FIRST_ELEMENT),
        ]);
    // What really follows lies in `Grammar::levels`.
    next[b'}' as usize] = BRACKET | row(&[(FIRST_NAME, END), (AFTER_MEMBER, END)]);
    next[b']' as usize] = BRACKET | row(&[(FIRST_ELEMENT, END), (AFTER_ELEMENT, END)]);
    next
}

const fn row(transitions: &[(State, State)]) -> u64 {
    let mut row = 0;
    let mut index = 0;
    while index < transitions.len() {
        let (from, to) = transitions[index];
        row |= (to as u64) << (4 * from);
        index += 1;
    }
    row
}

/// Takes the first byte of each token.
pub(super) struct Grammar {
    state: State,
    depth: u32,
    /// A bit for each array and object that is open, the innermost lowest:
    /// whether it is an object.
    objects: u128,
}

impl Grammar {
    pub(super) fn new() -> Self {
        Self { state: VALUE, depth: 0, objects: 0 }
    }

    /// Takes the first bytes of tokens in `block`, which are at the places set
    /// in `tokens`. `None` where one is not in order, or lies too deep.
    #[inline(always)]
    pub(super) fn tokens(&mut self, block: &[u8], tokens: u64) -> Option<()> {
        // In a register, as every token has to wait for it.
        let mut state = self.state;
        for place in places(tokens) {
            let first = *block.get(place)?;
            let next = NEXT[usize::from(first)];
            state = (next >> (4 * state)) as State & 0xf;
            if next & BRACKET != 0 {
                state = self.bracket(first, state)?;
            }
        }
        self.state = state;
        (state != WRONG).then_some(())
    }

    /// What comes next after a bracket.
    #[inline]
    fn bracket(&mut self, bracket: u8, state: State) -> Option<State> {
        match state {
            FIRST_NAME | FIRST_ELEMENT => {
                self.objects = self.objects << 1 | u128::from(bracket == b'{');
                self.depth += 1;
                return (self.depth <= MAX_DEPTH).then_some(state);
            }
            END => {}
            _ => return None,
        }
        self.objects >>= 1;
        self.depth = self.depth.saturating_sub(1);
        Some(match (self.depth, self.objects & 1) {
            (0, _) => END,
            (_, 0) => AFTER_ELEMENT,
            _ => AFTER_MEMBER,
        })
    }

    pub(super) fn is_complete(&self) -> bool {
        self.state == END
    }
}
