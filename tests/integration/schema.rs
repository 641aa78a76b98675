//! Every line of every recording keeps to docs/events.schema.json.

use jsonschema::Validator;

use crate::command::{captures, run};

fn validator() -> Validator {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/events.schema.json");
    let schema = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn every_line_of_every_recording() {
    let validator = validator();
    for path in captures() {
        for payload in ["auto", "base64", "none"] {
            let path = path.to_str().unwrap();
            let ran = run(["-T", "json", "--frames", "--payload", payload, path]);
            let events = ran.events();
            assert!(!events.is_empty(), "{path}");
            for event in events {
                if let Err(error) = validator.validate(&event) {
                    panic!("{path}: {error} in {event}");
                }
            }
        }
    }
}

#[test]
fn the_schema_is_not_lenient() {
    let validator = validator();
    let ran = run(["-T", "json", "captures/handwritten.pcap"]);
    for mut event in ran.events() {
        assert!(validator.is_valid(&event));
        event["surprise"] = true.into();
        assert!(!validator.is_valid(&event), "{event}");
    }
}
