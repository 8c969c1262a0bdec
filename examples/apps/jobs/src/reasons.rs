//! Why a user cancels: what the page offers, as reasons of the library.

use cancel_smol::Reason;

const WRONG_INPUT: Reason = Reason::Custom(1);
const TOO_SLOW: Reason = Reason::Custom(2);

/// What the user may choose.
const CHOICES: [(&str, Reason); 3] = [
    ("manual", Reason::Manual),
    ("wrong input", WRONG_INPUT),
    ("too slow", TOO_SLOW),
];

pub(crate) fn parse(name: &str) -> Option<Reason> {
    let found = CHOICES.iter().find(|(known, _)| *known == name);
    found.map(|(_, reason)| *reason)
}

pub(crate) fn name(reason: Reason) -> String {
    let found = CHOICES.iter().find(|(_, known)| *known == reason);
    match found {
        Some((name, _)) => (*name).to_owned(),
        None => reason.to_string(),
    }
}

/// For messages about a name that is none.
pub(crate) fn names() -> String {
    CHOICES.map(|(name, _)| format!("\"{name}\"")).join(", ")
}
