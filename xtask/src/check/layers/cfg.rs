//! Conditions: which code they leave out of the check, and which of them belong into `sync` alone.

use super::tree::Place;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::path::{Path, PathBuf};
use syn::{Attribute, Meta};

/// Code for tests or for documentation alone.
pub(super) fn is_exempt(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| match &attr.meta {
        Meta::List(list) if list.path.is_ident("cfg") => is_for_tests(list.tokens.clone()),
        _ => false,
    })
}

/// Whether a condition holds in tests or under rustdoc alone: its word `test` or `doc` stands outside of
/// `not`, and of an `any`, each part asks for one.
fn is_for_tests(condition: TokenStream) -> bool {
    let mut around = String::new();
    condition.into_iter().any(|token| match token {
        TokenTree::Ident(word) => {
            around = word.to_string();
            word == "test" || word == "doc"
        }
        TokenTree::Group(group) => match around.as_str() {
            "not" => false,
            "any" => {
                let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
                let mut parts = tokens.split(is_comma).filter(|part| !part.is_empty());
                parts.all(|part| is_for_tests(part.iter().cloned().collect()))
            }
            _ => is_for_tests(group.stream()),
        },
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// The file named by `cfg_attr(condition, path = "…")`; `Some(None)`: one for tests.
pub(super) fn path_of_cfg_attr(tokens: TokenStream) -> Option<Option<PathBuf>> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let comma = tokens.iter().position(is_comma)?;
    let (condition, rest) = tokens.split_at(comma);
    let path = rest.windows(3).find_map(|three| match three {
        [
            TokenTree::Ident(name),
            TokenTree::Punct(_),
            TokenTree::Literal(text),
        ] if name == "path" => Some(text.to_string().trim_matches('"').to_owned()),
        _ => None,
    })?;
    let for_tests = is_for_tests(condition.iter().cloned().collect());
    Some((!for_tests).then(|| path.into()))
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}

/// Conditions on loom, `std` or `critical-section`. Allowed are those of `no_std` and of
/// `extern crate`, which can stand nowhere else, and those that ask for tests.
pub(super) fn misplaced(file: &Path, text: &str) -> Result<Vec<(Place, String)>, String> {
    let tokens: TokenStream = text
        .parse()
        .map_err(|error| format!("{}: {error}", file.display()))?;
    let mut found = Vec::new();
    search(tokens, &mut |line, condition| {
        let place = Place {
            file: file.to_path_buf(),
            line,
        };
        found.push((place, condition));
    });
    Ok(found)
}

fn search(tokens: TokenStream, report: &mut dyn FnMut(usize, String)) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is = |at: usize, punct: char| matches!(tokens.get(at), Some(TokenTree::Punct(found)) if found.as_char() == punct);
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                let bang = is(at, '!');
                let Some(TokenTree::Group(group)) = tokens.get(at + usize::from(bang)) else {
                    continue;
                };
                let rest = &tokens[at + usize::from(bang) + 1..];
                let names_no_std = bang && has_word(group.stream(), "no_std");
                if names_no_std || is_extern_crate(rest) {
                    at += usize::from(bang) + 1;
                }
            }
            TokenTree::Ident(word) if word == "doc" => {
                // `doc(cfg(…))` says in the documentation what another condition has decided.
                at += usize::from(matches!(tokens.get(at), Some(TokenTree::Group(_))));
            }
            TokenTree::Ident(word) if word == "cfg" || word == "cfg_attr" => {
                let Some(TokenTree::Group(group)) = tokens.get(at + usize::from(is(at, '!')))
                else {
                    continue;
                };
                let condition = group.stream().into_iter();
                let condition: TokenStream = match word == "cfg" {
                    true => condition.collect(),
                    false => condition.take_while(|token| !is_comma(token)).collect(),
                };
                if belongs_into_sync(condition.clone()) && !is_for_tests(condition.clone()) {
                    report(word.span().start().line, condition.to_string());
                }
            }
            TokenTree::Group(group) => search(group.stream(), report),
            _ => {}
        }
    }
}

/// After an attribute: more of them, then `extern crate`.
fn is_extern_crate(mut rest: &[TokenTree]) -> bool {
    while let [TokenTree::Punct(punct), TokenTree::Group(group), after @ ..] = rest {
        if punct.as_char() != '#' || group.delimiter() != Delimiter::Bracket {
            break;
        }
        rest = after;
    }
    matches!(rest, [TokenTree::Ident(first), TokenTree::Ident(second), ..]
        if first == "extern" && second == "crate")
}

fn has_word(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => has_word(group.stream(), word),
        _ => false,
    })
}

fn belongs_into_sync(condition: TokenStream) -> bool {
    condition.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "loom",
        TokenTree::Literal(text) => {
            matches!(
                text.to_string().as_str(),
                "\"std\"" | "\"critical-section\"" | "\"loom\""
            )
        }
        TokenTree::Group(group) => belongs_into_sync(group.stream()),
        TokenTree::Punct(_) => false,
    })
}
