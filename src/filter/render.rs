//! Values as text: `string(…)`.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::field::FieldKind;

/// A value of that kind as people write it.
pub(super) fn render(number: u128, kind: FieldKind) -> String {
    match kind {
        FieldKind::Boolean => if number == 0 { "False" } else { "True" }.to_owned(),
        FieldKind::Ipv4 => Ipv4Addr::from(number as u32).to_string(),
        FieldKind::Ipv6 => Ipv6Addr::from(number).to_string(),
        FieldKind::Time | FieldKind::Seconds => {
            let nanoseconds = number.cast_signed() + i128::from(i64::MIN);
            let sign = if nanoseconds < 0 { "-" } else { "" };
            let size = nanoseconds.unsigned_abs();
            format!("{sign}{}.{:09}", size / 1_000_000_000, size % 1_000_000_000)
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::subject::time_number;
    use crate::types::Timestamp;

    #[test]
    fn values_are_written_as_people_do() {
        assert_eq!(render(80, FieldKind::Unsigned(16)), "80");
        assert_eq!(render(1, FieldKind::Boolean), "True");
        assert_eq!(render(0x7f00_0001, FieldKind::Ipv4), "127.0.0.1");
        assert_eq!(render(1, FieldKind::Ipv6), "::1");
        let seconds = |nanoseconds| {
            let time = Timestamp::from_nanoseconds(nanoseconds);
            render(time_number(time), FieldKind::Seconds)
        };
        assert_eq!(seconds(1_500_000_000), "1.500000000");
        assert_eq!(seconds(-1), "-0.000000001");
    }
}
