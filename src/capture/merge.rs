//! Several inputs as one capture.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io::Read;

use crate::types::{Origin, Packet, Source, Timestamp};

use super::part::Part;
use super::pulse::Pulse;
use super::reader::Polled;
use super::secrets::Secrets;
use super::stop::Stop;
use super::{Error, Input, Step};

/// The packets of one input or of several, merged by capture time as
/// [`Capture`](super::Capture) tells.
pub(super) struct Merge {
    inputs: Vec<Part>,
    /// How many inputs have been looked into for their first packet.
    ranked: usize,
    /// Inputs that have not started, the next one first.
    upcoming: VecDeque<usize>,
    /// The next packets of the inputs that have started.
    heads: BinaryHeap<Reverse<Head>>,
    /// The started input whose next packet is not known.
    unknown: Option<usize>,
    /// The input that the next call has to read.
    starved: Option<usize>,
    /// What time it is while nothing comes, of an input that is the only one.
    pulse: Pulse,
    problems: VecDeque<Error>,
    /// Secrets that come before the next packet, and those given last.
    secrets: VecDeque<Secrets>,
    given_secrets: Option<Secrets>,
    /// Blocks of secrets that could not be kept.
    secrets_left_out: u64,
    /// Packets that were lost when the inputs were captured, as they say.
    lost: u64,
    sources: Vec<Source>,
    /// Packets given so far.
    packets: u64,
    stop: Option<Stop>,
    has_ended: bool,
}

impl Merge {
    pub(super) fn open(inputs: Vec<Input>) -> Self {
        let several = inputs.len() > 1;
        Self::new(inputs.into_iter().map(|input| Part::new(input, several)).collect())
    }

    pub(super) fn from_reader(name: impl Into<String>, reader: impl Read + Send + 'static) -> Self {
        Self::new(vec![Part::opened(name.into(), Box::new(reader))])
    }

    fn new(inputs: Vec<Part>) -> Self {
        let mut merge = Self {
            inputs,
            ranked: 0,
            upcoming: VecDeque::new(),
            heads: BinaryHeap::new(),
            unknown: None,
            starved: None,
            pulse: Pulse::default(),
            problems: VecDeque::new(),
            secrets: VecDeque::new(),
            given_secrets: None,
            secrets_left_out: 0,
            lost: 0,
            sources: Vec::new(),
            packets: 0,
            stop: None,
            has_ended: false,
        };
        if merge.inputs.len() == 1 {
            // Nothing to compare with: it can be read as it comes.
            merge.ranked = 1;
            merge.upcoming.push_back(0);
        }
        merge
    }

    /// Ends when told to.
    pub(super) fn stopped_by(&mut self, stop: Stop) {
        self.stop = Some(stop);
    }

    pub(super) fn end(&mut self) {
        self.has_ended = true;
    }

    /// Goes one step on.
    pub(super) fn next(&mut self) -> Step<'_> {
        let idle = self.fill();
        if self.has_ended || self.stop.as_ref().is_some_and(Stop::is_stopped) {
            return Step::End;
        }
        if let Some(time) = idle {
            return Step::Idle(time);
        }
        loop {
            if let Some(problem) = self.problems.pop_front() {
                return Step::Problem(problem);
            }
            if let Some(secrets) = self.secrets.pop_front() {
                return Step::Secrets(self.given_secrets.insert(secrets));
            }
            if self.ranked < self.inputs.len() {
                if self.rank().is_none() {
                    return Step::Starved;
                }
            } else if let Some(index) = self.unknown {
                match self.find_head(index) {
                    None => return Step::Starved,
                    Some(true) => return self.give(index),
                    Some(false) => {}
                }
            } else if let Some(index) = self.starting() {
                self.unknown = Some(index);
            } else if let Some(Reverse(head)) = self.heads.pop() {
                return self.give(head.index);
            } else {
                return Step::End;
            }
        }
    }

    /// Reads the input that has to be read. The time there, when it is a live
    /// stream from which nothing comes at present. Of several inputs the others
    /// may have packets from before.
    fn fill(&mut self) -> Option<Timestamp> {
        let index = self.starved.take()?;
        let is_alone = self.inputs.len() == 1;
        let part = self.inputs.get_mut(index)?;
        let is_further = part.fill(self.stop.as_ref());
        if !is_alone || part.is_regular {
            return None;
        }
        if is_further {
            self.pulse.beat();
            return None;
        }
        self.pulse.time(part.time)
    }

    /// Whether an input is no regular file.
    pub(super) fn may_wait(&self) -> bool {
        self.inputs.iter().any(|part| !part.is_regular)
    }

    /// Whether an input has no end.
    pub(super) fn is_endless(&self) -> bool {
        self.inputs.iter().any(Part::is_followed)
    }

    /// Bytes read of the inputs so far.
    pub(super) fn bytes(&self) -> u64 {
        self.inputs.iter().map(Part::bytes).sum()
    }

    /// Bytes of the inputs, if all are regular files.
    pub(super) fn size(&self) -> Option<u64> {
        self.inputs.iter().map(Part::size_of_file).sum()
    }

    /// Blocks of secrets that were not given, as there were too many bytes of
    /// them or they were broken.
    pub(super) fn secrets_left_out(&self) -> u64 {
        self.secrets_left_out
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    pub(super) fn sources(&self) -> &[Source] {
        &self.sources
    }

    #[cfg(test)]
    pub(super) fn open_inputs(&self) -> usize {
        self.inputs.iter().filter(|part| part.is_open()).count()
    }

    /// Looks for the first packet of the next input not yet looked into, and
    /// after the last of them puts them in order. `None`: starved.
    fn rank(&mut self) -> Option<()> {
        let index = self.ranked;
        let part = self.inputs.get_mut(index)?;
        let polled = part.poll();
        // They come again with the packet of a file that is opened again.
        if !part.is_regular || matches!(polled, Polled::End) {
            keep_secrets(part, &mut self.secrets, &mut self.secrets_left_out);
            self.lost = self.lost.saturating_add(part.take_lost());
        }
        match polled {
            Polled::Starved => {
                self.starved = Some(index);
                return None;
            }
            Polled::Problem(kind) if part.is_regular => {
                // It comes again if the file has packets and is opened again.
                part.held.push(kind);
                return Some(());
            }
            Polled::Problem(kind) => {
                self.problems.push_back(part.error(kind));
                return Some(());
            }
            Polled::End => {
                let held = std::mem::take(&mut part.held);
                self.problems.extend(held.into_iter().map(|kind| part.error(kind)));
                part.close();
            }
            Polled::Record(()) => {
                self.upcoming.push_back(index);
                part.start = part.time;
                if part.is_regular {
                    part.rewind();
                }
            }
        }
        self.ranked += 1;
        if self.ranked == self.inputs.len() {
            let start = |index: &usize| self.inputs.get(*index).map(|part| part.start);
            self.upcoming.make_contiguous().sort_by_key(start);
            for (rank, &index) in self.upcoming.iter().enumerate() {
                if let Some(part) = self.inputs.get_mut(index) {
                    part.rank = rank;
                }
            }
        }
        Some(())
    }

    /// Looks for the next packet of a started input; whether there is one, and
    /// no other that it has to wait for. `None`: starved.
    fn find_head(&mut self, index: usize) -> Option<bool> {
        let is_alone = self.heads.is_empty() && self.upcoming.is_empty();
        let part = self.inputs.get_mut(index)?;
        let polled = part.poll();
        keep_secrets(part, &mut self.secrets, &mut self.secrets_left_out);
        self.lost = self.lost.saturating_add(part.take_lost());
        match polled {
            Polled::Starved => {
                self.starved = Some(index);
                return None;
            }
            Polled::Problem(kind) => {
                self.problems.push_back(part.error(kind));
                return Some(false);
            }
            // They come before it, and the packet is polled again.
            Polled::Record(()) if !self.secrets.is_empty() => return Some(false),
            Polled::Record(()) if is_alone => return Some(true),
            Polled::Record(()) => {
                self.heads.push(Reverse(Head { time: part.time, rank: part.rank, index }));
            }
            Polled::End => part.close(),
        }
        self.unknown = None;
        Some(false)
    }

    /// The next input, if its time has come. At the very time of a waiting
    /// packet it has not: that packet's input started first.
    fn starting(&mut self) -> Option<usize> {
        let start = self.inputs.get(*self.upcoming.front()?)?.start;
        match self.heads.peek() {
            Some(Reverse(head)) if start >= head.time => None,
            _ => self.upcoming.pop_front(),
        }
    }

    /// Gives the packet that the input has next.
    fn give(&mut self, index: usize) -> Step<'_> {
        self.unknown = Some(index);
        let Some(part) = self.inputs.get_mut(index) else {
            return Step::End;
        };
        let Some(record) = part.next.take() else {
            return Step::End;
        };
        let source = part.source(record.interface, &mut self.sources);
        let data = part.data(&record);
        self.packets += 1;
        let origin = Origin { packet: self.packets, time: record.time, source, tcp_length: 0 };
        let packet = Packet {
            origin,
            link_type: record.link_type,
            data,
            original_length: record.original_length,
        };
        Step::Packet(packet, &self.sources)
    }
}

/// Takes the secrets that an input was found to have.
fn keep_secrets(part: &mut Part, secrets: &mut VecDeque<Secrets>, left_out: &mut u64) {
    let (read, more) = part.take_secrets();
    secrets.extend(read);
    *left_out += more;
}

/// The next packet of an input, in the order of the merge: a packet without a
/// time and with none before it in its input comes before all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Head {
    time: Option<Timestamp>,
    /// The input's place in the order of starting.
    rank: usize,
    index: usize,
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::super::testing::{Builder, Folder, Little, Seen};
    use super::super::{Capture, ErrorKind};
    use super::*;

    /// A file of packets at these seconds; each packet is the file's letter.
    fn pcap(letter: u8, seconds: &[u32]) -> Vec<u8> {
        let file = Builder::usual_pcap();
        let packet = |file: Builder, &time: &u32| file.record(time, 0, &[letter]);
        seconds.iter().fold(file, packet).bytes
    }

    fn read(paths: &[&Path]) -> Seen {
        let input = |path: &&Path| Input::File(path.to_path_buf());
        Seen::of(Capture::open(paths.iter().map(input).collect()))
    }

    /// The packets' letters.
    fn letters(seen: &Seen) -> String {
        seen.packets.iter().map(|packet| char::from(packet.data[0])).collect()
    }

    #[test]
    fn inputs_are_merged_by_time_each_in_its_own_order() {
        let folder = Folder::new();
        let a = folder.write("a", &pcap(b'a', &[1, 5, 3, 9]));
        let b = folder.write("b", &pcap(b'b', &[2, 4, 6]));
        for order in [[&*a, &*b], [&*b, &*a]] {
            let seen = read(&order);
            assert_eq!(letters(&seen), "abbaaba");
            assert_eq!(seen.most_open, 2);
            seen.all_well();
        }
    }

    #[test]
    fn rotated_files_continue_one_another_in_any_order() {
        let folder = Folder::new();
        let a = folder.write("a", &pcap(b'a', &[1, 2, 5]));
        let b = folder.write("b", &pcap(b'b', &[5, 5, 7]));
        let c = folder.write("c", &pcap(b'c', &[7, 8]));
        let (a, b, c) = (&*a, &*b, &*c);
        for order in [[a, b, c], [a, c, b], [b, a, c], [b, c, a], [c, a, b], [c, b, a]] {
            let seen = read(&order);
            assert_eq!(letters(&seen), "aaabbbcc", "{order:?}");
            assert_eq!(seen.most_open, 1, "{order:?}");
            seen.all_well();
        }
    }

    #[test]
    fn files_that_begin_at_the_same_time_keep_the_order_they_were_named_in() {
        let folder = Folder::new();
        let a = folder.write("a", &pcap(b'a', &[1, 2]));
        let b = folder.write("b", &pcap(b'b', &[1, 2]));
        assert_eq!(letters(&read(&[&a, &b])), "abab");
        assert_eq!(letters(&read(&[&b, &a])), "baba");
    }

    #[test]
    fn no_more_files_are_open_than_overlap() {
        let folder = Folder::new();
        let paths: Vec<PathBuf> = (0..50)
            .map(|n| folder.write(&n.to_string(), &pcap(b'x', &[n * 10, n * 10 + 5, n * 10 + 12])))
            .collect();
        let paths: Vec<&Path> = paths.iter().rev().map(PathBuf::as_path).collect();
        let seen = read(&paths);
        assert_eq!(seen.packets.len(), 150);
        assert!(seen.packets.is_sorted_by_key(|packet| packet.nanoseconds));
        assert_eq!(seen.most_open, 2);
    }

    #[test]
    fn packets_without_a_time_follow_the_one_before() {
        let folder = Folder::new();
        let timeless = Builder::usual_pcapng()
            .simple(b"s", 1)
            .enhanced(0, 3_000_000, b"t")
            .simple(b"u", 1)
            .enhanced(0, 6_000_000, b"v");
        let s = folder.write("s", &timeless.bytes);
        let a = folder.write("a", &pcap(b'a', &[1, 4, 5]));
        assert_eq!(letters(&read(&[&a, &s])), "satuaav");
    }

    #[test]
    fn sources_name_the_file_only_among_several() {
        let folder = Folder::new();
        let a = folder.write("a", &pcap(b'a', &[1, 3]));
        let both = Builder::usual_pcapng().interface(1, 0, &[(2, b"lo")]);
        let b = folder.write("b", &both.enhanced(1, 2_000_000, b"b").bytes);
        let packets = read(&[&a, &b]).all_well();
        let name = |path: &Path| Some(path.display().to_string());
        let files: Vec<_> = packets.iter().map(|packet| packet.file.clone()).collect();
        assert_eq!(files, [name(&a), name(&b), name(&a)]);
        assert_eq!(packets[1].interface.as_deref(), Some("lo"));

        let packets = read(&[&b]).all_well();
        assert_eq!((&packets[0].file, packets[0].interface.as_deref()), (&None, Some("lo")));
    }

    #[test]
    fn secrets_come_once_and_before_what_follows_them() {
        let secrets = |text: &str| {
            let length = (text.len() as u32).to_le_bytes();
            [b"KSLT", &length[..], text.as_bytes()].concat()
        };
        let folder = Folder::new();
        let timed = |second: u64, name: &str| {
            Builder::usual_pcapng()
                .block(10, &secrets(&format!("{name} early")))
                .enhanced(0, second * 1_000_000, name.as_bytes())
                .block(10, &secrets(&format!("{name} late")))
        };
        let b = folder.write("b", &timed(3, "b").bytes);
        let a = folder.write("a", &timed(2, "a").enhanced(0, 4_000_000, b"A").bytes);
        let only = folder.write("only", &Builder::pcapng(Little).block(10, &secrets("none")).bytes);
        let told = |seen: &Seen| -> Vec<(String, usize)> {
            let text = |secrets: &Secrets| String::from_utf8(secrets.data.clone()).unwrap();
            seen.secrets.iter().map(|(secrets, before)| (text(secrets), *before)).collect()
        };
        let seen = read(&[&b, &a, &only]);
        assert_eq!(letters(&seen), "abA");
        let expected = [("none", 0), ("a early", 0), ("a late", 1), ("b early", 1), ("b late", 2)];
        let found = told(&seen);
        assert_eq!(found.len(), 5);
        for (text, latest) in expected {
            let (_, before) = found.iter().find(|(found, _)| found == text).unwrap();
            assert!(*before <= latest, "{text}");
        }
        seen.all_well();
    }

    #[test]
    fn secrets_that_cannot_be_given_are_counted() {
        let mut file = Builder::usual_pcapng();
        let large = vec![0; 17 << 20];
        for body in [&b"short"[..], b"KSLT\xff\0\0\0less", &large, b"KSLT\x04\0\0\0good"] {
            file = file.block(10, body).enhanced(0, 0, b"a");
        }
        let mut capture = Capture::from_reader("test", std::io::Cursor::new(file.bytes));
        let mut told = String::new();
        loop {
            match capture.next() {
                Step::Packet(packet, _) => told.push(char::from(packet.data[0])),
                Step::Secrets(secrets) => {
                    assert_eq!((secrets.kind, &*secrets.data), (0x544c_534b, &b"good"[..]));
                    told.push('s');
                }
                Step::Starved => {}
                step => {
                    assert!(matches!(step, Step::End), "{step:?}");
                    break;
                }
            }
        }
        assert_eq!((told.as_str(), capture.secrets_left_out()), ("aaasa", 3));
    }

    #[test]
    fn the_same_file_twice_is_read_twice() {
        let folder = Folder::new();
        let a = folder.write("a", &pcap(b'a', &[1, 2, 3]));
        assert_eq!(read(&[&a, &a]).all_well().len(), 6);
    }

    #[test]
    fn an_unreadable_input_does_not_keep_the_others() {
        let folder = Folder::new();
        let a = folder.write("a", &pcap(b'a', &[1, 3]));
        let cut = pcap(b'b', &[2, 4]);
        let b = folder.write("b", &cut[..cut.len() - 1]);
        let empty = folder.write("empty", b"");
        let text = folder.write("text", b"no capture, but text");
        let headless = folder.write("headless", &cut[..30]);
        let missing = folder.path().join("missing");
        let seen = read(&[&missing, &a, folder.path(), &empty, &b, &text, &headless]);
        assert_eq!(letters(&seen), "aba");
        assert_eq!(seen.problems_after, [0, 0, 0, 0, 0, 2]);
        let told: Vec<_> = seen.problems.iter().map(ToString::to_string).collect();
        for (told, (path, part)) in told.iter().zip([
            (&*missing, "there is no such file"),
            (folder.path(), "is a folder"),
            (&empty, "is empty"),
            (&text, "not a pcap or pcapng capture"),
            (&headless, "cut off in the middle of a record, which begins at byte 24"),
            (&b, "begins at byte 41 and needs 17 bytes, of which 16 are there"),
        ]) {
            assert!(told.starts_with(&format!("{}: ", path.display())), "{told}");
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn problems_before_the_first_packet_are_told_once() {
        let folder = Folder::new();
        let skipping = Builder::usual_pcapng().enhanced(8, 0, b"x").enhanced(0, 0, b"b");
        let a = folder.write("a", &pcap(b'a', &[1]));
        let b = folder.write("b", &skipping.bytes);
        let c = folder.write("c", &Builder::usual_pcapng().enhanced(8, 0, b"x").bytes);
        let seen = read(&[&a, &b, &c]);
        assert_eq!(letters(&seen), "ba");
        assert_eq!(seen.problems.len(), 2);
    }

    #[test]
    fn captures_without_packets_are_no_problem() {
        let folder = Folder::new();
        let a = folder.write("a", &pcap(b'a', &[]));
        let b = folder.write("b", &Builder::pcapng(Little).bytes);
        assert_eq!(read(&[&a, &b]).all_well(), []);
        assert_eq!(read(&[&a]).all_well(), []);
        assert_eq!(Seen::of(Capture::open(Vec::new())).all_well(), []);
    }

    #[test]
    fn bytes_are_counted_once_as_they_lie_in_the_files() {
        let folder = Folder::new();
        let plain = pcap(b'a', &[1, 5]);
        let packed = zstd::encode_all(&*pcap(b'b', &[2, 4]), 1).unwrap();
        // Nothing is read of what follows the damage, 300,000 bytes of it.
        let damaged = [pcap(b'c', &[9]), vec![0xff; 300_000]].concat();
        let files = [&plain, &packed, &damaged];
        let size: u64 = files.iter().map(|file| file.len() as u64).sum();
        let mut inputs = vec![Input::File(folder.path().join("missing"))];
        for (name, file) in ["a", "b", "c"].iter().zip(files) {
            inputs.push(Input::File(folder.write(name, file)));
        }
        let mut capture = Capture::open(inputs);
        assert_eq!((capture.bytes(), capture.size()), (0, Some(size)));
        let mut seen = Vec::new();
        loop {
            match capture.next() {
                Step::Packet(..) => seen.push(capture.bytes()),
                Step::End => break,
                _ => {}
            }
        }
        let (first, both) = (plain.len() as u64, (plain.len() + packed.len()) as u64);
        assert_eq!(seen, [first, both, both, both, both + (256 << 10)]);
        assert_eq!(capture.bytes(), size);
    }

    #[test]
    fn what_is_no_regular_file_has_no_size() {
        assert_eq!(Capture::open(vec![Input::Stdin]).size(), None);
        assert_eq!(Capture::from_reader("bytes", &b"bytes"[..]).size(), None);
    }

    #[test]
    fn a_file_that_is_gone_when_its_time_comes_is_told() {
        let folder = Folder::new();
        let a = folder.write("a", &pcap(b'a', &[1]));
        let b = folder.write("b", &pcap(b'b', &[2]));
        let inputs = vec![Input::File(a), Input::File(b.clone())];
        let mut capture = Capture::open(inputs);
        loop {
            match capture.next() {
                Step::Packet(..) => break,
                Step::Starved => {}
                other => panic!("{other:?}"),
            }
        }
        std::fs::remove_file(b).unwrap();
        loop {
            match capture.next() {
                Step::Problem(error) => break assert!(matches!(error.kind, ErrorKind::Missing)),
                Step::Starved => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(matches!(capture.next(), Step::End));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_among_files_is_opened_once_and_stays_open() {
        use std::io::Write;
        use std::os::fd::AsRawFd;
        let folder = Folder::new();
        let a = folder.write("a", &pcap(b'a', &[1, 3]));
        let c = folder.write("c", &pcap(b'c', &[4, 6]));
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(&pcap(b'p', &[2, 5])).unwrap();
        drop(writer);
        let path = PathBuf::from(format!("/proc/self/fd/{}", reader.as_raw_fd()));
        let seen = read(&[&a, &c, &path]);
        assert_eq!(letters(&seen), "apacpc");
        seen.all_well();
    }

    #[test]
    fn a_capture_can_move_to_another_thread() {
        fn moves<T: Send>() {}
        moves::<Capture>();
    }
}
