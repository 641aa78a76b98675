//! zlib's inflaters, and room to work, for all directions.

use std::sync::atomic::{AtomicU64, Ordering};

use zlib_rs::Inflate;

/// Bytes inflated at a time.
pub(super) const CHUNK: usize = 32 << 10;

/// Inflaters that wait for their next use.
const MOST_SPARES: usize = 8;

/// Inflaters that wait for the next message of their direction. More of them
/// would not stay in the processor's cache.
const MOST_PARKED: usize = 8;

/// Workbenches that were ever made.
static WORKBENCHES: AtomicU64 = AtomicU64::new(0);

/// As long as a message takes, its direction has an inflater. Afterwards the
/// inflater is parked, with what the next message may refer to inside, unless
/// others need the place before that comes.
pub(super) struct Workbench {
    /// No other has it: directions may go on at another one.
    number: u64,
    spares: Vec<Inflate>,
    places: Vec<Place>,
    /// Those in which no inflater is.
    free: Vec<usize>,
    /// The next place that has to be given up.
    next: usize,
    parkings: u64,
    pub(super) output: [Vec<u8>; 2],
}

struct Place {
    parking: u64,
    inflater: Option<Inflate>,
}

/// Where an inflater was parked.
pub(super) struct Parked {
    workbench: u64,
    place: usize,
    parking: u64,
}

impl Default for Workbench {
    fn default() -> Self {
        Self {
            number: WORKBENCHES.fetch_add(1, Ordering::Relaxed),
            spares: Vec::new(),
            places: Vec::new(),
            free: Vec::new(),
            next: 0,
            parkings: 0,
            output: <[Vec<u8>; 2]>::default(),
        }
    }
}

impl Workbench {
    /// An inflater, in whatever state.
    pub(super) fn take(&mut self) -> Inflate {
        self.spares.pop().unwrap_or_else(|| Inflate::new(false, 15))
    }

    /// Gives one back.
    pub(super) fn give(&mut self, inflater: Inflate) {
        if self.spares.len() < MOST_SPARES {
            self.spares.push(inflater);
        }
    }

    /// Parks an inflater until the next message of its direction.
    pub(super) fn park(&mut self, inflater: Inflate) -> Parked {
        self.parkings += 1;
        let parking = self.parkings;
        let new = Place { parking, inflater: Some(inflater) };
        let place = match self.free.pop() {
            Some(place) => place,
            None if self.places.len() < MOST_PARKED => self.places.len(),
            None => {
                self.next = (self.next + 1) % MOST_PARKED;
                self.next
            }
        };
        match self.places.get_mut(place) {
            None => self.places.push(new),
            Some(old) => {
                if let Some(inflater) = std::mem::replace(old, new).inflater {
                    self.give(inflater);
                }
            }
        }
        Parked { workbench: self.number, place, parking }
    }

    /// The inflater that was parked, if it was here and is still there.
    pub(super) fn resume(&mut self, parked: &Parked) -> Option<Inflate> {
        if parked.workbench != self.number {
            return None;
        }
        let place = self.places.get_mut(parked.place)?;
        let inflater = place.inflater.take_if(|_| place.parking == parked.parking)?;
        self.free.push(parked.place);
        Some(inflater)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inflater_is_not_taken_for_one_at_another_workbench() {
        let [mut one, mut other] = [Workbench::default(), Workbench::default()];
        let [parked, other_parked] = [&mut one, &mut other].map(|workbench| {
            let inflater = workbench.take();
            workbench.park(inflater)
        });
        assert!(other.resume(&parked).is_none() && one.resume(&other_parked).is_none());
        assert!(one.resume(&parked).is_some() && other.resume(&other_parked).is_some());
    }

    #[test]
    fn an_inflater_waits_until_its_place_is_needed() {
        let mut workbench = Workbench::default();
        let park = |workbench: &mut Workbench| {
            let inflater = workbench.take();
            workbench.park(inflater)
        };
        let first = park(&mut workbench);
        assert!(workbench.resume(&first).is_some());
        assert!(workbench.resume(&first).is_none());
        let all: Vec<Parked> = (0..=MOST_PARKED).map(|_| park(&mut workbench)).collect();
        let left = all.iter().filter(|parked| workbench.resume(parked).is_some()).count();
        assert_eq!((left, workbench.spares.len()), (MOST_PARKED, 1));
        assert_eq!((workbench.places.len(), workbench.free.len()), (MOST_PARKED, MOST_PARKED));
    }
}
