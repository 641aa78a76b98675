//! Control packets (MQTT 5.0 §3; 3.1.1 has the same numbers).

use super::properties::{Properties, TOPIC_ALIAS, Value};
use super::reader::Reader;

macro_rules! kinds {
    ($($variant:ident = $number:literal, $name:literal;)+) => {
        /// Types of packets (§2.1.2).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Kind { $($variant = $number,)+ }

        impl Kind {
            /// The type with this number; `None` of the one that is reserved.
            pub(super) fn new(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)+
                    _ => None,
                }
            }

            pub(super) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

kinds! {
    Connect = 1, "CONNECT";
    Connack = 2, "CONNACK";
    Publish = 3, "PUBLISH";
    Puback = 4, "PUBACK";
    Pubrec = 5, "PUBREC";
    Pubrel = 6, "PUBREL";
    Pubcomp = 7, "PUBCOMP";
    Subscribe = 8, "SUBSCRIBE";
    Suback = 9, "SUBACK";
    Unsubscribe = 10, "UNSUBSCRIBE";
    Unsuback = 11, "UNSUBACK";
    Pingreq = 12, "PINGREQ";
    Pingresp = 13, "PINGRESP";
    Disconnect = 14, "DISCONNECT";
    Auth = 15, "AUTH";
}

/// Versions of the protocol, by the number that CONNECT has (§3.1.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V31,
    V311,
    V5,
}

impl Version {
    /// Bridges of Mosquitto set the highest bit.
    fn new(level: u8) -> Option<Self> {
        match level & 0x7f {
            3 => Some(Self::V31),
            4 => Some(Self::V311),
            5 => Some(Self::V5),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::V31 => "3.1",
            Self::V311 => "3.1.1",
            Self::V5 => "5",
        }
    }
}

/// A packet, as far as it could be read.
#[derive(Debug)]
pub(super) struct Packet<'a> {
    pub(super) kind: Kind,
    /// The lower half of the first byte.
    pub(super) flags: u8,
    /// What it was read as.
    pub(super) version: Option<Version>,
    pub(super) connect: Option<Connect<'a>>,
    pub(super) session_present: Option<bool>,
    pub(super) packet_id: Option<u16>,
    pub(super) topic: Option<&'a [u8]>,
    pub(super) topics: Topics<'a>,
    pub(super) reason_code: Option<u8>,
    pub(super) reason_codes: Option<&'a [u8]>,
    pub(super) properties: Option<Properties<'a>>,
    pub(super) payload: Option<&'a [u8]>,
    /// The end of it was not kept.
    pub(super) is_cut: bool,
    /// What is wrong with it: a sentence.
    pub(super) problem: Option<String>,
}

/// What a CONNECT has of its own (§3.1).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Connect<'a> {
    pub(super) protocol: &'a [u8],
    pub(super) level: u8,
    pub(super) flags: u8,
    pub(super) keep_alive: Option<u16>,
    pub(super) client_id: Option<&'a [u8]>,
    pub(super) will: Option<Will<'a>>,
    pub(super) username: Option<&'a [u8]>,
}

/// What the server is to publish when the client is gone (§3.1.3.2 to §3.1.3.4).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Will<'a> {
    pub(super) properties: Option<Properties<'a>>,
    pub(super) topic: &'a [u8],
    pub(super) payload: &'a [u8],
}

/// What is subscribed to, or no longer (§3.8.3, §3.10.3), as it was sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Topics<'a> {
    bytes: &'a [u8],
    have_options: bool,
}

/// Bits of CONNECT's flags (§3.1.2.3).
const CLEAN_START: u8 = 0x02;
const WILL: u8 = 0x04;
const WILL_RETAIN: u8 = 0x20;
const PASSWORD: u8 = 0x40;
const USERNAME: u8 = 0x80;

impl<'a> Packet<'a> {
    /// Reads a packet that `bytes` are all of, or of which they are the beginning,
    /// with its fixed header. `version` is the connection's, if it is known.
    pub(super) fn new(bytes: &'a [u8], version: Option<Version>) -> Self {
        let mut body = Reader(bytes);
        let first = body.byte().unwrap_or_default();
        let _remaining_length = body.variable();
        let mut packet = Self::read(first, body, version.unwrap_or(Version::V311));
        if version.is_none() && packet.problem.is_some() {
            let other = Self::read(first, body, Version::V5);
            if other.problem.is_none() {
                packet = other;
            }
        }
        packet
    }

    fn read(first: u8, mut body: Reader<'a>, version: Version) -> Self {
        let mut packet = Self {
            kind: Kind::new(first >> 4).unwrap_or(Kind::Auth),
            flags: first & 0x0f,
            version: Some(version),
            connect: None,
            session_present: None,
            packet_id: None,
            topic: None,
            topics: Topics::default(),
            reason_code: None,
            reason_codes: None,
            properties: None,
            payload: None,
            is_cut: false,
            problem: None,
        };
        let read = packet
            .body(&mut body)
            .map_err(|field| format!("{} ends before or within its {field}.", packet.kind.name()));
        let name = packet.kind.name();
        let left = body.0.len();
        let too_long = || (left > 0).then(|| format!("{name} has {left} bytes too many."));
        packet.problem = read.err().or_else(|| packet.fault()).or_else(too_long);
        packet
    }

    pub(super) fn dup(&self) -> bool {
        self.flags & 8 != 0
    }

    pub(super) fn qos(&self) -> u8 {
        self.flags >> 1 & 3
    }

    pub(super) fn retain(&self) -> bool {
        self.flags & 1 != 0
    }

    /// The alias of a PUBLISH's topic.
    pub(super) fn alias(&self) -> Option<u16> {
        let properties = self.properties.filter(|_| self.kind == Kind::Publish)?;
        let alias = properties.iter().flatten().find(|property| property.id == TOPIC_ALIAS)?;
        match alias.value {
            Value::Number(number) => u16::try_from(number).ok(),
            _ => None,
        }
    }

    /// Reads what follows the fixed header. Gives the name of the field that is not
    /// there.
    fn body(&mut self, body: &mut Reader<'a>) -> Result<(), &'static str> {
        match self.kind {
            Kind::Connect => self.connect(body)?,
            Kind::Connack => {
                self.session_present = Some(body.byte().ok_or("flags")? & 1 == 1);
                self.reason_code = Some(body.byte().ok_or("reason code")?);
                // Only MQTT 5 has more, and a server may know only versions before.
                if !body.is_empty() {
                    self.version = Some(Version::V5);
                } else if self.is_5() {
                    self.version = Some(Version::V311);
                }
                self.properties(body)?;
            }
            Kind::Publish => {
                self.topic = Some(body.string().ok_or("topic name")?);
                if self.qos() > 0 {
                    self.packet_id(body)?;
                }
                self.properties(body)?;
                self.payload = Some(body.rest());
            }
            Kind::Puback | Kind::Pubrec | Kind::Pubrel | Kind::Pubcomp => {
                self.packet_id(body)?;
                self.reason(body)?;
            }
            Kind::Subscribe | Kind::Unsubscribe => {
                self.packet_id(body)?;
                self.properties(body)?;
                let have_options = self.kind == Kind::Subscribe;
                self.topics = Topics { bytes: body.rest(), have_options };
            }
            Kind::Suback => {
                self.packet_id(body)?;
                self.properties(body)?;
                self.reason_codes = Some(body.rest());
            }
            Kind::Unsuback => {
                self.packet_id(body)?;
                self.properties(body)?;
                self.reason_codes = self.is_5().then(|| body.rest());
            }
            Kind::Pingreq | Kind::Pingresp => {}
            Kind::Disconnect | Kind::Auth => self.reason(body)?,
        }
        Ok(())
    }

    fn connect(&mut self, body: &mut Reader<'a>) -> Result<(), &'static str> {
        let connect = self.connect.insert(Connect::default());
        connect.protocol = body.string().ok_or("protocol name")?;
        connect.level = body.byte().ok_or("protocol version")?;
        self.version = Version::new(connect.level);
        connect.flags = body.byte().ok_or("flags")?;
        connect.keep_alive = Some(body.two_bytes().ok_or("keep alive")?);
        self.properties(body)?;
        let is_5 = self.is_5();
        let connect = self.connect.get_or_insert_default();
        connect.client_id = Some(body.string().ok_or("client identifier")?);
        if connect.flags & WILL != 0 {
            let properties = if is_5 { Some(properties(body)?) } else { None };
            let topic = body.string().ok_or("will topic")?;
            let payload = body.string().ok_or("will payload")?;
            connect.will = Some(Will { properties, topic, payload });
        }
        if connect.flags & USERNAME != 0 {
            connect.username = Some(body.string().ok_or("user name")?);
        }
        if connect.flags & PASSWORD != 0 {
            body.string().ok_or("password")?;
        }
        Ok(())
    }

    fn packet_id(&mut self, body: &mut Reader<'a>) -> Result<(), &'static str> {
        self.packet_id = Some(body.two_bytes().ok_or("packet identifier")?);
        Ok(())
    }

    /// A reason code and properties, of which the one means success if it is left out
    /// (§3.4.2.1, §3.14.2.1) and the others may be (§3.4.2.2.1).
    fn reason(&mut self, body: &mut Reader<'a>) -> Result<(), &'static str> {
        if self.is_5() {
            self.reason_code = Some(body.byte().unwrap_or(0));
            if !body.is_empty() {
                self.properties(body)?;
            }
        }
        Ok(())
    }

    fn properties(&mut self, body: &mut Reader<'a>) -> Result<(), &'static str> {
        if self.is_5() {
            self.properties = Some(properties(body)?);
        }
        Ok(())
    }

    pub(super) fn is_5(&self) -> bool {
        self.version == Some(Version::V5)
    }

    /// What is wrong though every field could be read.
    fn fault(&self) -> Option<String> {
        let name = self.kind.name();
        if let Some(connect) = &self.connect {
            let known: &[&[u8]] = &[b"MQTT", b"MQIsdp"];
            if !known.contains(&connect.protocol) || self.version.is_none() {
                let protocol = String::from_utf8_lossy(connect.protocol);
                return Some(format!("{protocol} {} is no known version.", connect.level));
            }
        }
        // §2.1.3
        let flags = match self.kind {
            Kind::Publish => None,
            Kind::Pubrel | Kind::Subscribe | Kind::Unsubscribe => Some(2),
            _ => Some(0),
        };
        // MQTT 3.1 has them repeated and with a quality of service, and clients of it
        // do so.
        let is_free = self.version == Some(Version::V31) && self.kind != Kind::Connect;
        if flags.is_some_and(|flags| flags != self.flags) && !is_free {
            return Some(format!("{name} must not have the flags {:#x}.", self.flags));
        }
        if self.kind == Kind::Publish && self.qos() == 3 {
            return Some("There is no quality of service 3.".into());
        }
        let will = self.connect.and_then(|connect| connect.will?.properties);
        let properties = [self.properties, will].into_iter().flatten();
        properties.into_iter().find_map(Properties::fault).or_else(|| {
            let is_cut = self.topics.iter().any(|topic| topic.is_none());
            is_cut.then(|| format!("{name} ends within a topic filter or its options."))
        })
    }
}

impl Connect<'_> {
    pub(super) fn clean_start(&self) -> bool {
        self.flags & CLEAN_START != 0
    }

    pub(super) fn will_qos(&self) -> u8 {
        self.flags >> 3 & 3
    }

    pub(super) fn will_retain(&self) -> bool {
        self.flags & WILL_RETAIN != 0
    }
}

impl<'a> Topics<'a> {
    /// Filters and, of subscriptions, their options; `None` at the end where the last
    /// is cut.
    pub(super) fn iter(self) -> impl Iterator<Item = Option<(&'a [u8], Option<u8>)>> {
        let mut rest = Reader(self.bytes);
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let topic = rest.string().and_then(|filter| {
                if self.have_options {
                    Some((filter, Some(rest.byte()?)))
                } else {
                    Some((filter, None))
                }
            });
            if topic.is_none() {
                rest = Reader::default();
            }
            Some(topic)
        })
    }
}

/// Properties behind their length (§2.2.2).
fn properties<'a>(body: &mut Reader<'a>) -> Result<Properties<'a>, &'static str> {
    let length = body.variable().ok_or("property length")?;
    let length = usize::try_from(length).map_err(|_| "properties")?;
    body.take(length).map(Properties).ok_or("properties")
}
