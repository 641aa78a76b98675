//! Values of JSON as they are compared.

use std::cmp::Ordering;

use crate::types::json_skip as skip;
use crate::types::json_string::unescaped;

/// How a string, given with its quotes, compares with `text`.
pub(in crate::filter) fn compare_text(string: &[u8], text: &[u8]) -> Ordering {
    (*unescaped(string)).cmp(text)
}

/// How many members or elements an object or an array has; `None` of anything
/// else.
pub(in crate::filter) fn entries(value: &[u8]) -> Option<u64> {
    let is_object = match value.first()? {
        b'{' => true,
        b'[' => false,
        _ => return None,
    };
    let mut count = 0;
    let mut at = skip::white(value, 1);
    while at + 1 < value.len() {
        if is_object {
            at = skip::white(value, skip::value(value, at)) + 1;
            at = skip::white(value, at);
        }
        at = skip::white(value, skip::value(value, at)) + 1;
        at = skip::white(value, at);
        count += 1;
    }
    Some(count)
}
