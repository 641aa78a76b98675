//! What is said of the rules of expectations files.

use super::Explanation;
use crate::check::rule::ExpectationRule;

pub(super) const fn explanation(rule: ExpectationRule) -> Explanation {
    match rule {
        ExpectationRule::Expect => Explanation::new(
            "Something that the file counts on did not happen as often, or as early, as it says.",
            "See what was selected, with `wsdump -Y 'FILTER' FILE`. Where the program is right and the file is not, change `count`, `within` or `where`; `per` decides whether each connection is counted by itself.",
        )
        .example("[[expect]]\nname = \"every client logs in\"\nwhere = 'json.type == \"login\"'\ncount = 1\nper = \"connection\""),
        ExpectationRule::Forbid => Explanation::new(
            "Something happened that the file says must not, such as an error or a secret in a message.",
            "Look at the message that is named, and at what came before it, with `wsdump follow`. Where it is harmless, make `where` narrower.",
        )
        .example("[[forbid]]\nname = \"no errors\"\nwhere = 'json.type == \"error\"'"),
        ExpectationRule::Sequence => Explanation::new(
            "The steps of a conversation did not come in their order, or not in time, which one side may rely on.",
            "The finding names the step that was waited for: look at what came instead. With `strict` nothing else may stand between the steps; leave it out where other messages are harmless.",
        )
        .example("[[sequence]]\nname = \"log in before orders\"\nsteps = ['json.type == \"login\"', 'json.type == \"order\"']"),
        ExpectationRule::Reply => Explanation::new(
            "A client that waits for this answer waits in vain or too long, and mostly says that it timed out.",
            "Find the request by its key in the server's log. Where the answer is in the capture and was not taken for one, compare `response` and `key` with it: keys must be equal, numbers with numbers and strings with strings.",
        )
        .example("[[reply]]\nrequest = 'json.method'\nresponse = 'json.result || json.error'\nkey = \"json.id\"\nwithin = \"2s\""),
        ExpectationRule::Schema => Explanation::new(
            "The two sides do not agree on what messages look like; it may work today and break with the next version of either.",
            "The finding has the place in the message, as a JSON Pointer, and what the schema wants there: mend the sender, or the schema where it is too narrow.",
        )
        .example("[[schema]]\nwhere = 'json.type == \"order\"'\nschema = \"order.schema.json\""),
        ExpectationRule::Limits => Explanation::new(
            "A message, a rate, a time or a code is beyond what was agreed on, and what it costs grows without being noticed.",
            "See with `wsdump stats` how the values are spread. Where the new value is wanted, raise the limit in the file, where the change is seen in review.",
        )
        .example("[limits]\nmessage_size = \"64KiB\"\nlatency = { p95 = \"200ms\" }"),
        ExpectationRule::UnusedExpectation => Explanation::new(
            "An expectation that nothing in the capture concerns is met by any capture: a field that was renamed, or a test that did not run, would never be noticed.",
            "Try its filters with `wsdump -Y 'FILTER' FILE`. Where it rightly concerns only some captures, put it into a file of its own, and give that with --expect for those.",
        ),
    }
}
