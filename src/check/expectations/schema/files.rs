//! Reads a JSON Schema, and the ones that it refers to.
//!
//! The crate asks for what a schema refers to by URI. Of a schema in a file that is
//! one with a scheme of its own, or one beside the schema's own `$id`; each of both
//! stands for a folder, and whatever else is asked for is refused. Since the crate
//! asks in the midst of its work, where nothing can be read, it is begun anew with
//! each file that it lacks.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::{Retrieve, Uri, Validator};
use serde_json::Value;

use super::told::cut;

/// Files that a schema may refer to, those included that they refer to.
const MOST_FILES: usize = 100;

/// Bytes that are told of what is wrong with a schema.
const LONGEST_FAULT: usize = 300;

/// Why a JSON Schema cannot be used, in a sentence without a full stop.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(in crate::check::expectations) struct SchemaError(pub(in crate::check::expectations) String);

/// The JSON Schema in a file. Schemas that it refers to are read from files beside
/// it; nothing is fetched from anywhere.
///
/// # Errors
/// When a file cannot be read, is no JSON or no JSON Schema, or when it refers to
/// what is not in a file.
pub(in crate::check::expectations) fn load(
    path: &Path,
    read: &dyn Fn(&Path) -> io::Result<String>,
) -> Result<Validator, SchemaError> {
    let schema = json(path, read)?;
    let folders = Folders::new(path, &schema);
    let mut files = Files::default();
    loop {
        let options = jsonschema::options().with_base_uri(folders.uri.as_str());
        let error = match options.with_retriever(files.clone()).build(&schema) {
            Ok(validator) => return Ok(validator),
            Err(error) => error,
        };
        let shown = path.display();
        let Some(lacking) = files.lacking() else {
            let at = error.instance_path();
            let at = if at.is_empty() { String::new() } else { format!(" at {at}") };
            let fault = cut(&format_args!("{shown} is no JSON Schema{at}: {error}"), LONGEST_FAULT);
            return Err(SchemaError(fault));
        };
        let Some(beside) = folders.path(&lacking) else {
            return Err(SchemaError(format!(
                "{shown} refers to {lacking}, which is no file beside it, and nothing is fetched"
            )));
        };
        if files.known.len() >= MOST_FILES {
            let fault = format!("{shown} refers to more than {MOST_FILES} files");
            return Err(SchemaError(fault));
        }
        let value = json(&beside, read)?;
        files.known.insert(lacking, value);
    }
}

/// The JSON in a file.
fn json(path: &Path, read: &dyn Fn(&Path) -> io::Result<String>) -> Result<Value, SchemaError> {
    let shown = path.display();
    let text =
        read(path).map_err(|error| SchemaError(format!("{shown} cannot be read: {error}")))?;
    // Editors on Windows write a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    serde_json::from_str(text).map_err(|error| SchemaError(format!("{shown} is no JSON: {error}")))
}

/// What the crate may ask for.
#[derive(Clone, Default)]
struct Files {
    known: HashMap<String, Value>,
    /// What it asked for that is not known.
    lacking: Arc<Mutex<Option<String>>>,
}

impl Files {
    fn lacking(&self) -> Option<String> {
        self.lacking.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Retrieve for Files {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        if let Some(value) = self.known.get(uri.as_str()) {
            return Ok(value.clone());
        }
        let mut lacking = self.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        lacking.get_or_insert_with(|| uri.as_str().to_owned());
        Err("it is not known yet".into())
    }
}

/// What the URIs of files begin with.
const BESIDE: &str = "beside:///";

/// Which URIs stand for files.
struct Folders {
    /// The schema's own.
    uri: String,
    /// Beginnings of URIs, and the folders that they stand for.
    known: Vec<(String, PathBuf)>,
}

impl Folders {
    fn new(path: &Path, schema: &Value) -> Self {
        let (root, names) = split(path);
        let uri = format!("{BESIDE}{}", names.join("/"));
        let mut known = vec![(BESIDE.to_owned(), root)];
        let id = schema.get("$id").and_then(Value::as_str).unwrap_or_default();
        let folder = path.parent().unwrap_or(Path::new(""));
        if let Some((_, rest)) = id.split_once("://")
            && rest.contains('/')
            && let Some((beginning, _)) = id.rsplit_once('/')
        {
            known.push((format!("{beginning}/"), folder.to_owned()));
        }
        Self { uri, known }
    }

    /// The file that a URI stands for.
    fn path(&self, uri: &str) -> Option<PathBuf> {
        self.known.iter().find_map(|(beginning, folder)| {
            let rest = uri.strip_prefix(beginning)?;
            let mut path = folder.clone();
            path.extend(rest.split('/').map(decoded));
            Some(path)
        })
    }
}

/// A path as the folder that nothing can lead out of, and the names from there on as
/// URIs have them.
fn split(path: &Path) -> (PathBuf, Vec<String>) {
    let (mut root, mut names) = (PathBuf::new(), Vec::new());
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name),
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::ParentDir => {
                root.extend(names.drain(..));
                root.push(component);
            }
        }
    }
    (root, names.into_iter().map(|name| encoded(&name.to_string_lossy())).collect())
}

/// A name as it stands in a URI (RFC 3986 §2.1).
fn encoded(name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(byte.into());
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The name that stands in a URI so.
fn decoded(encoded: &str) -> String {
    let mut name = Vec::new();
    let mut rest = encoded.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| *first == b'%').and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 16).ok()
        });
        name.push(escaped.unwrap_or(*first));
        rest = after.get(if escaped.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    String::from_utf8_lossy(&name).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The schema in the first of these files, or what is wrong with it.
    fn loaded(files: &[(&str, Value)]) -> Result<Validator, String> {
        let texts: Vec<(&str, String)> =
            files.iter().map(|(name, value)| (*name, value.to_string())).collect();
        loaded_of(&texts)
    }

    fn loaded_of(files: &[(&str, String)]) -> Result<Validator, String> {
        let read = |path: &Path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            found.map(|(_, text)| text.clone()).ok_or_else(|| io::ErrorKind::NotFound.into())
        };
        load(Path::new(files[0].0), &read).map_err(|SchemaError(fault)| fault)
    }

    #[test]
    fn files_beside_are_read() {
        for (main, reference, beside) in [
            ("order.json", "types.json", "types.json"),
            ("s/order.json", "types.json", "s/types.json"),
            ("s/order.json", "../types.json", "types.json"),
            ("s/order.json", "more/a%20b.json", "s/more/a b.json"),
            ("../s/order.json", "types.json#/$defs/id", "../s/types.json"),
            ("/a/b/order.json", "../types.json", "/a/types.json"),
            ("a b/ö.json", "ä.json", "a b/ä.json"),
        ] {
            let reference = reference.replace('ä', "%C3%A4");
            let types = json!({"type": "integer", "$defs": {"id": {"type": "integer"}}});
            let order = json!({"properties": {"id": {"$ref": reference}}});
            let schema = loaded(&[(main, order), (beside, types)]).unwrap();
            assert!(schema.is_valid(&json!({"id": 1})), "{main} {reference}");
            assert!(!schema.is_valid(&json!({"id": "1"})), "{main} {reference}");
        }
    }

    #[test]
    fn files_refer_to_one_another() {
        let schema = loaded(&[
            ("a.json", json!({"items": {"$ref": "s/b.json"}})),
            ("s/b.json", json!({"anyOf": [{"type": "integer"}, {"$ref": "c.json"}]})),
            ("s/c.json", json!({"$ref": "../a.json", "type": "array"})),
        ]);
        let schema = schema.unwrap();
        assert!(schema.is_valid(&json!([1, [2, [3]]])));
        assert!(!schema.is_valid(&json!([1, [2, ["3"]]])));
    }

    #[test]
    fn what_is_beside_an_id_is_beside_the_file() {
        let id = "https://example.com/schemas/order.json";
        let order = json!({"$id": id, "$ref": "types.json"});
        let schema = loaded(&[("s/o.json", order), ("s/types.json", json!(false))]).unwrap();
        assert!(!schema.is_valid(&json!(1)));
    }

    #[test]
    fn nothing_is_fetched() {
        let far = "https://example.com/types.json";
        assert_eq!(
            loaded(&[("a.json", json!({"$ref": far}))]).unwrap_err(),
            "a.json refers to https://example.com/types.json, which is no file beside it, and \
             nothing is fetched"
        );
        let error = loaded(&[("a.json", json!({"$ref": "file:///etc/types.json"}))]).unwrap_err();
        assert!(error.contains("file:///etc/types.json, which is no file beside it"), "{error}");
        // The drafts themselves are in the crate.
        let draft = "https://json-schema.org/draft/2020-12/schema";
        let schema = loaded(&[("a.json", json!({"$schema": draft, "$ref": draft}))]).unwrap();
        assert!(!schema.is_valid(&json!({"type": 3})));
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        let error = |text: &str| loaded_of(&[("a.json", text.to_owned())]).unwrap_err();
        assert_eq!(
            error(r#"{"properties": {"id": {"type": "int"}}}"#).split_once(": ").unwrap().0,
            "a.json is no JSON Schema at /properties/id/type"
        );
        assert_eq!(error("{"), "a.json is no JSON: EOF while parsing an object at line 1 column 1");
        assert!(error(r#"{"pattern": "("}"#).starts_with("a.json is no JSON Schema"));
        let lacking = error(r##"{"$ref": "b.json"}"##);
        assert_eq!(lacking, "b.json cannot be read: entity not found");
        assert!(error(r##"{"$ref": "#/$defs/x"}"##).contains("/$defs/x"));
        assert!(loaded_of(&[("a.json", "\u{feff}{}".to_owned())]).is_ok());
    }

    #[test]
    fn files_are_bounded() {
        let names: Vec<String> = (0..=MOST_FILES + 1).map(|file| format!("{file}.json")).collect();
        let refers = |file: usize| json!({"$ref": format!("{}.json", file + 1)});
        let files: Vec<(&str, Value)> =
            names.iter().enumerate().map(|(file, name)| (name.as_str(), refers(file))).collect();
        assert_eq!(loaded(&files).unwrap_err(), "0.json refers to more than 100 files");
    }

    #[test]
    fn a_schema_that_is_only_itself_does_no_harm() {
        // Whether that is a schema at all is for the crate to say.
        let schema = loaded(&[("a.json", json!({"$ref": "#"}))]);
        assert!(schema.is_err() || schema.is_ok_and(|schema| schema.is_valid(&json!(1))));
    }

    #[test]
    fn names_survive_a_uri() {
        for name in ["a b.json", "100%.json", "ä#?.json", "%41"] {
            assert_eq!(decoded(&encoded(name)), name);
        }
        assert_eq!(decoded("%4"), "%4");
        assert_eq!(decoded("%zz%"), "%zz%");
    }
}
