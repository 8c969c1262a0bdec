//! File names in lines of text.

/// Without line breaks.
pub(crate) fn escape(name: &str) -> String {
    name.replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
}

/// `None` if it is not the output of [`escape`].
pub(crate) fn unescape(text: &str) -> Option<String> {
    let mut name = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        name.push(match letter {
            '\\' => match letters.next()? {
                '\\' => '\\',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            letter => letter,
        });
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive() {
        for name in ["plain", "two  spaces", "a\nb", "a\\nb", "\\", "\r\n", ""] {
            let text = escape(name);
            assert!(!text.contains(['\n', '\r']), "{text}");
            assert_eq!(unescape(&text).as_deref(), Some(name));
        }
        assert_eq!(unescape("a\\"), None);
        assert_eq!(unescape("\\x"), None);
    }
}
