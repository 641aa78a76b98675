//! TCP sequence numbers.

/// A TCP sequence number: 32 bits that wrap (RFC 9293 §3.4).
///
/// It has no `Ord`: numbers half the space apart have no order, so comparing
/// goes through [`Seq::distance_from`].
///
/// ```
/// use wsdump::types::Seq;
/// let before_wrap = Seq(u32::MAX);
/// assert_eq!(before_wrap.plus(2), Seq(1));
/// assert_eq!(Seq(1).distance_from(before_wrap), 2);
/// assert_eq!(before_wrap.distance_from(Seq(1)), -2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seq(pub u32);

impl Seq {
    /// The number `count` bytes on.
    #[must_use]
    pub const fn plus(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count))
    }

    /// How many bytes `self` lies after `other`; negative when before.
    pub const fn distance_from(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0) as i32
    }
}
