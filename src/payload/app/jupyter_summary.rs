//! What messages of Jupyter kernels say, in a line (jupyter_client, "Messaging in
//! Jupyter").

use std::borrow::Cow;

use super::story::Telling;
use super::value::Value;

/// Of messages that are not known, so many members are told.
const MOST_MEMBERS: usize = 4;

/// Of completions, so many are told.
const MOST_MATCHES: usize = 8;

/// Tells what a message of this type says.
pub(super) fn say(telling: &mut Telling<'_>, msg_type: &str, content: Value<'_>) {
    if msg_type.ends_with("_reply") {
        return reply(telling, msg_type, content);
    }
    match msg_type {
        "execute_request"
        | "execute_input"
        | "complete_request"
        | "inspect_request"
        | "is_complete_request" => member(telling, content, "code"),
        "stream" => {
            let [name, text] = plain_members(content, ["name", "text"]);
            telling.say(&name).say(": ").say_lines(&text);
        }
        "status" => member(telling, content, "execution_state"),
        "execute_result" | "display_data" | "update_display_data" => data(telling, content),
        "error" => error(telling, content),
        "input_request" => member(telling, content, "prompt"),
        "comm_open" | "comm_msg" | "comm_close" => comm(telling, content),
        "history_request" => member(telling, content, "hist_access_type"),
        _ => scalars(telling, content, ""),
    }
}

fn reply(telling: &mut Telling<'_>, msg_type: &str, content: Value<'_>) {
    let [status] = plain_members(content, ["status"]);
    if status == "error" {
        telling.say("error");
        execution_count(telling, content);
        telling.say(" ");
        return error(telling, content);
    }
    match msg_type {
        "input_reply" => member(telling, content, "value"),
        "execute_reply" => {
            telling.say(&status);
            execution_count(telling, content);
        }
        "kernel_info_reply" => kernel(telling, content),
        "complete_reply" => matches(telling, content),
        "inspect_reply" => match content.members(["found"]) {
            Some([Some(found)]) if found.boolean() == Some(false) => {
                telling.say("not found");
            }
            _ => data(telling, content),
        },
        "history_reply" => {
            let entries = count(content, "history");
            telling.say(&format!("{entries} {}", if entries == 1 { "entry" } else { "entries" }));
        }
        _ => {
            telling.say(&status);
            scalars(telling, content, &status);
        }
    }
}

/// A member that is a text.
fn member(telling: &mut Telling<'_>, content: Value<'_>, name: &str) {
    let [text] = plain_members(content, [name]);
    telling.say_lines(&text);
}

/// Where in the session it is, as people see it: `[3]`.
fn execution_count(telling: &mut Telling<'_>, content: Value<'_>) {
    let [count] = plain_members(content, ["execution_count"]);
    if !count.is_empty() && count != "null" {
        telling.say(" [").say(&count).say("]");
    }
}

fn error(telling: &mut Telling<'_>, content: Value<'_>) {
    let [ename, evalue] = plain_members(content, ["ename", "evalue"]);
    telling.say(&ename).say(": ").say_lines(&evalue);
}

/// What is shown, as text or else in which media types.
fn data(telling: &mut Telling<'_>, content: Value<'_>) {
    let Some([Some(data)]) = content.members(["data"]) else {
        return;
    };
    if let Some([Some(plain)]) = data.members(["text/plain"]) {
        telling.say_lines(&plain.plain());
        return;
    }
    let mut separator = "";
    let _ = data.each_member(|media_type, _| {
        telling.say(separator).say(media_type);
        separator = ", ";
    });
}

/// The widget or the like that is spoken to, and what it is to do.
fn comm(telling: &mut Telling<'_>, content: Value<'_>) {
    let [target_name, comm_id] = plain_members(content, ["target_name", "comm_id"]);
    let data = content.members(["data"]).and_then(|[data]| data);
    let [method] = data.map(|data| plain_members(data, ["method"])).unwrap_or_default();
    let words = [target_name, comm_id, method];
    let mut separator = "";
    for word in words.iter().filter(|word| !word.is_empty()) {
        telling.say(separator).say(word);
        separator = " ";
    }
}

fn kernel(telling: &mut Telling<'_>, content: Value<'_>) {
    let [implementation, version] =
        plain_members(content, ["implementation", "implementation_version"]);
    telling.say(&implementation).say(" ").say(&version);
}

fn matches(telling: &mut Telling<'_>, content: Value<'_>) {
    let Some([Some(matches)]) = content.members(["matches"]) else {
        return;
    };
    let mut told = 0;
    let _ = matches.each_element(|one| {
        if told < MOST_MATCHES {
            telling.say(if told > 0 { ", " } else { "" }).say(&one.plain());
        } else if told == MOST_MATCHES {
            telling.say(", …");
        }
        told += 1;
    });
}

/// The first members that are neither objects nor arrays. `before` is what was
/// said of its status already.
fn scalars(telling: &mut Telling<'_>, content: Value<'_>, before: &str) {
    let mut separator = if before.is_empty() { "" } else { ", " };
    let mut told = 0;
    let _ = content.each_member(|name, value| {
        let is_told = name == "status" && !before.is_empty();
        if value.is_object() || value.is_array() || is_told || told == MOST_MEMBERS {
            return;
        }
        telling.say(separator).say(name).say(": ").say_lines(&value.plain());
        separator = ", ";
        told += 1;
    });
}

fn count(content: Value<'_>, name: &str) -> usize {
    let list = content.members([name]).and_then(|[list]| list);
    list.and_then(|list| list.elements::<0>()).map_or(0, |([], count)| count)
}

/// Members of these names, as people read them; empty where they are not there.
fn plain_members<'a, const N: usize>(content: Value<'a>, names: [&str; N]) -> [Cow<'a, str>; N] {
    let members = content.members(names).unwrap_or([None; N]);
    members.map(|member| member.map(Value::plain).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::jupyter::tests::summary;

    #[test]
    fn of_each_type() {
        for (msg_type, content, said) in [
            (
                "execute_request",
                r#"{"code":"a = 1\nprint(a)\n","silent":false}"#,
                "a = 1 ⏎ print(a)",
            ),
            ("execute_input", r#"{"code":"1\r\n2","execution_count":1}"#, "1 ⏎ 2"),
            ("stream", r#"{"name":"stdout","text":"one\ntwo\n"}"#, "stdout: one ⏎ two"),
            ("status", r#"{"execution_state":"busy"}"#, "busy"),
            ("execute_reply", r#"{"status":"ok","execution_count":3}"#, "ok [3]"),
            (
                "execute_reply",
                r#"{"status":"error","execution_count":4,"ename":"NameError","evalue":"name 'x' is not defined"}"#,
                "error [4] NameError: name 'x' is not defined",
            ),
            ("execute_reply", r#"{"status":"aborted"}"#, "aborted"),
            (
                "execute_result",
                r#"{"data":{"text/html":"<b>","text/plain":"   a\n0  1"},"execution_count":2}"#,
                "   a ⏎ 0  1",
            ),
            (
                "display_data",
                r#"{"data":{"image/png":"iVBO","text/html":"<b>"}}"#,
                "image/png, text/html",
            ),
            ("update_display_data", r#"{"data":{"text/plain":"x"}}"#, "x"),
            (
                "error",
                r#"{"ename":"KeyError","evalue":"'a'","traceback":["\u001b[0m"]}"#,
                "KeyError: 'a'",
            ),
            ("input_request", r#"{"prompt":"name? ","password":false}"#, "name? "),
            ("input_reply", r#"{"value":"Käthe","status":"ok"}"#, "Käthe"),
            (
                "comm_open",
                r#"{"comm_id":"2e0b","target_name":"jupyter.widget","data":{"state":{}}}"#,
                "jupyter.widget 2e0b",
            ),
            ("comm_msg", r#"{"comm_id":"2e0b","data":{"method":"update"}}"#, "2e0b update"),
            ("comm_close", r#"{"comm_id":"2e0b","data":{}}"#, "2e0b"),
            (
                "kernel_info_reply",
                r#"{"status":"ok","implementation":"ipython","implementation_version":"9.18.1"}"#,
                "ipython 9.18.1",
            ),
            ("complete_request", r#"{"code":"pri","cursor_pos":3}"#, "pri"),
            (
                "complete_reply",
                r#"{"matches":["print","private"],"status":"ok"}"#,
                "print, private",
            ),
            (
                "complete_reply",
                r#"{"matches":["a","b","c","d","e","f","g","h","i","j"],"status":"ok"}"#,
                "a, b, c, d, e, f, g, h, …",
            ),
            (
                "inspect_reply",
                r#"{"found":true,"data":{"text/plain":"a function"},"status":"ok"}"#,
                "a function",
            ),
            ("inspect_reply", r#"{"found":false,"data":{},"status":"ok"}"#, "not found"),
            (
                "is_complete_reply",
                r#"{"status":"incomplete","indent":"  "}"#,
                "incomplete, indent:   ",
            ),
            ("interrupt_request", "{}", ""),
            ("interrupt_reply", r#"{"status":"ok"}"#, "ok"),
            ("shutdown_request", r#"{"restart":true}"#, "restart: true"),
            ("shutdown_reply", r#"{"status":"ok","restart":true}"#, "ok, restart: true"),
            ("history_request", r#"{"output":false,"raw":true,"hist_access_type":"tail"}"#, "tail"),
            ("history_reply", r#"{"history":[[1,1,"x"]],"status":"ok"}"#, "1 entry"),
            ("history_reply", r#"{"history":[],"status":"ok"}"#, "0 entries"),
            (
                "of_my_own",
                r#"{"a":1,"list":[1],"b":"x\ny","c":null,"d":true,"e":5}"#,
                "a: 1, b: x ⏎ y, c: null, d: true",
            ),
        ] {
            assert_eq!(summary(msg_type, content), said, "{msg_type}");
        }
    }

    #[test]
    fn what_is_not_there_or_something_else_is_left_out() {
        for msg_type in [
            "execute_request",
            "status",
            "execute_reply",
            "display_data",
            "comm_msg",
            "complete_reply",
            "x",
        ] {
            for content in ["{}", "[]", "null", "7"] {
                assert_eq!(summary(msg_type, content), "", "{msg_type} {content}");
            }
        }
        assert_eq!(summary("execute_result", r#"{"data":7}"#), "");
        assert_eq!(summary("complete_reply", r#"{"matches":{}}"#), "");
        assert_eq!(summary("comm_msg", r#"{"data":[1],"comm_id":"a"}"#), "a");
    }

    #[test]
    fn long_code_is_cut() {
        let code = "x\\n".repeat(1 << 20);
        let said = summary("execute_request", &format!("{{\"code\":\"{code}\"}}"));
        assert!(said.starts_with("x ⏎ x") && said.len() < 1100, "{}", said.len());
    }
}
