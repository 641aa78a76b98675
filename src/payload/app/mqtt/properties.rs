//! Properties (MQTT 5.0 §2.2.2).

use super::reader::Reader;

/// The properties of a packet, or of its will, as they were sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Properties<'a>(pub(super) &'a [u8]);

/// One property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Property<'a> {
    /// Its identifier.
    pub(super) id: u8,
    /// Its name in the specification, in `snake_case`.
    pub(super) name: &'static str,
    /// What it says.
    pub(super) value: Value<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(u32),
    Text(&'a [u8]),
    Bytes(&'a [u8]),
    Pair(&'a [u8], &'a [u8]),
}

#[derive(Clone, Copy)]
enum Form {
    Byte,
    TwoBytes,
    FourBytes,
    Variable,
    Text,
    Bytes,
    Pair,
}

pub(super) const SUBSCRIPTION_IDENTIFIER: u8 = 0x0b;
pub(super) const TOPIC_ALIAS: u8 = 0x23;
pub(super) const USER_PROPERTY: u8 = 0x26;

/// What may come several times (§3.3.2.3.8, §2.2.2.2).
const REPEATABLE: [u8; 2] = [SUBSCRIPTION_IDENTIFIER, USER_PROPERTY];

/// Table 2-4.
const PROPERTIES: &[(u8, &str, Form)] = &[
    (0x01, "payload_format_indicator", Form::Byte),
    (0x02, "message_expiry_interval", Form::FourBytes),
    (0x03, "content_type", Form::Text),
    (0x08, "response_topic", Form::Text),
    (0x09, "correlation_data", Form::Bytes),
    (SUBSCRIPTION_IDENTIFIER, "subscription_identifier", Form::Variable),
    (0x11, "session_expiry_interval", Form::FourBytes),
    (0x12, "assigned_client_identifier", Form::Text),
    (0x13, "server_keep_alive", Form::TwoBytes),
    (0x15, "authentication_method", Form::Text),
    (0x16, "authentication_data", Form::Bytes),
    (0x17, "request_problem_information", Form::Byte),
    (0x18, "will_delay_interval", Form::FourBytes),
    (0x19, "request_response_information", Form::Byte),
    (0x1a, "response_information", Form::Text),
    (0x1c, "server_reference", Form::Text),
    (0x1f, "reason_string", Form::Text),
    (0x21, "receive_maximum", Form::TwoBytes),
    (0x22, "topic_alias_maximum", Form::TwoBytes),
    (TOPIC_ALIAS, "topic_alias", Form::TwoBytes),
    (0x24, "maximum_qos", Form::Byte),
    (0x25, "retain_available", Form::Byte),
    (USER_PROPERTY, "user_property", Form::Pair),
    (0x27, "maximum_packet_size", Form::FourBytes),
    (0x28, "wildcard_subscription_available", Form::Byte),
    (0x29, "subscription_identifier_available", Form::Byte),
    (0x2a, "shared_subscription_available", Form::Byte),
];

impl<'a> Properties<'a> {
    /// Those that can be read; the last is the sentence why no more can be.
    pub(super) fn iter(self) -> impl Iterator<Item = Result<Property<'a>, String>> {
        let mut rest = Reader(self.0);
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let property = property(&mut rest);
            if property.is_err() {
                rest = Reader::default();
            }
            Some(property)
        })
    }

    /// Those that may come only once; of one that comes again the first.
    pub(super) fn once(self) -> impl Iterator<Item = Property<'a>> {
        let mut seen = 0u64;
        self.iter().flatten().filter(move |property| {
            let bit = 1 << (property.id & 63);
            let is_new = seen & bit == 0;
            seen |= bit;
            is_new && !REPEATABLE.contains(&property.id)
        })
    }

    /// What the properties of this identifier say.
    pub(super) fn of(self, id: u8) -> impl Iterator<Item = Value<'a>> {
        let properties = self.iter().flatten();
        properties.filter(move |property| property.id == id).map(|property| property.value)
    }

    /// What is wrong with them: a sentence.
    pub(super) fn fault(self) -> Option<String> {
        let mut seen = 0u64;
        self.iter().find_map(|property| match property {
            Ok(Property { id, name, .. }) => {
                let bit = 1 << (id & 63);
                let is_again = seen & bit != 0 && !REPEATABLE.contains(&id);
                seen |= bit;
                is_again.then(|| format!("The property {name} comes twice."))
            }
            Err(sentence) => Some(sentence),
        })
    }
}

fn property<'a>(reader: &mut Reader<'a>) -> Result<Property<'a>, String> {
    // Identifiers are variable byte integers of which all take one byte.
    let id = reader.byte().unwrap_or_default();
    let &(id, name, form) = PROPERTIES
        .iter()
        .find(|(known, ..)| *known == id)
        .ok_or_else(|| format!("There is no property {id:#04x}."))?;
    let value = match form {
        Form::Byte => reader.byte().map(|byte| Value::Number(byte.into())),
        Form::TwoBytes => reader.two_bytes().map(|number| Value::Number(number.into())),
        Form::FourBytes => reader.four_bytes().map(Value::Number),
        Form::Variable => reader.variable().map(Value::Number),
        Form::Text => reader.string().map(Value::Text),
        Form::Bytes => reader.string().map(Value::Bytes),
        Form::Pair => {
            let name = reader.string();
            name.and_then(|name| Some(Value::Pair(name, reader.string()?)))
        }
    };
    let value = value.ok_or_else(|| format!("The property {name} is cut."))?;
    Ok(Property { id, name, value })
}
