//! Durations as one writes them: "1.5s", "200ms", "1m30s".

use std::time::Duration;

/// Units and their nanoseconds.
const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("h", 3_600 * SECOND),
    ("d", 86_400 * SECOND),
];

const SECOND: u128 = 1_000_000_000;

/// Sums up one or more numbers with units. Exact: nothing is rounded.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("an empty duration: write a number and a unit, such as \"1.5s\"".into());
    }
    if rest.starts_with('-') {
        return Err("a duration cannot be negative".into());
    }
    let mut sum: u128 = 0;
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, after) = split(after.trim_start(), |c| {
            !c.is_whitespace() && !c.is_ascii_digit() && c != '.'
        });
        rest = after.trim_start();
        let size = size(number, unit)?;
        let part = nanoseconds(number, size)?;
        sum = sum.checked_add(part).ok_or_else(too_long)?;
    }
    // (Less than a second: it fits.)
    let nanoseconds = (sum % SECOND) as u32;
    let seconds = u64::try_from(sum / SECOND).map_err(|_| too_long())?;
    Ok(Duration::new(seconds, nanoseconds))
}

fn split(text: &str, inside: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !inside(c)).unwrap_or(text.len());
    text.split_at(end)
}

fn size(number: &str, unit: &str) -> Result<u128, String> {
    let known = UNITS.iter().find(|(name, _)| *name == unit);
    match known {
        _ if number.is_empty() => Err(format!("a number is missing before `{unit}`")),
        Some((_, size)) => Ok(*size),
        None if unit.is_empty() => Err(format!(
            "`{number}` has no unit: write \"{number}s\" for seconds; there are {}",
            units()
        )),
        None => Err(format!("unknown unit `{unit}`; there are {}", units())),
    }
}

fn units() -> String {
    UNITS.map(|(name, _)| name).join(", ")
}

fn nanoseconds(number: &str, size: u128) -> Result<u128, String> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return Err(format!("`{number}` is not a number: write it like `1.5`"));
    }
    let whole: u128 = whole.parse().map_err(|_| too_long())?;
    let whole = whole.checked_mul(size).ok_or_else(too_long)?;
    let fraction = fraction.trim_end_matches('0');
    // A day has 2^16 * 3^3 * 5^11 nanoseconds: no longer fraction of it is a whole number of them.
    if fraction.len() > 16 {
        return Err(too_fine(number));
    }
    let scale = 10_u128.pow(fraction.len() as u32);
    let digits: u128 = format!("0{fraction}").parse().unwrap_or(0);
    match digits * size % scale {
        0 => whole
            .checked_add(digits * size / scale)
            .ok_or_else(too_long),
        _ => Err(too_fine(number)),
    }
}

fn too_long() -> String {
    "longer than a `Duration` can be; for no limit, leave it out or write `Duration::MAX`".into()
}

fn too_fine(number: &str) -> String {
    format!("`{number}` is finer than a nanosecond")
}

#[cfg(test)]
mod tests {
    use super::parse;
    use std::time::Duration;

    #[test]
    fn what_can_be_written() {
        for (text, seconds, nanoseconds) in [
            ("2s", 2, 0),
            ("0s", 0, 0),
            ("0.0d", 0, 0),
            ("1.5s", 1, 500_000_000),
            ("200ms", 0, 200_000_000),
            ("1.000001ms", 0, 1_000_001),
            ("3us", 0, 3_000),
            ("3µs", 0, 3_000),
            ("7ns", 0, 7),
            ("2m", 120, 0),
            ("1.5h", 5_400, 0),
            ("1d", 86_400, 0),
            ("1m30s", 90, 0),
            (" 1 m 30.25 s ", 90, 250_000_000),
            ("00001.50000000000000000000000000000s", 1, 500_000_000),
            ("18446744073709551615s", u64::MAX, 0),
            ("18446744073709551615s 999999999ns", u64::MAX, 999_999_999),
        ] {
            let expected = Duration::new(seconds, nanoseconds);
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot() {
        for (text, error) in [
            ("", "empty"),
            ("  ", "empty"),
            ("-1s", "negative"),
            ("2", "`2` has no unit: write \"2s\""),
            ("1m 30", "`30` has no unit"),
            (
                "2x",
                "unknown unit `x`; there are ns, us, µs, ms, s, m, h, d",
            ),
            ("1e3s", "unknown unit `e`"),
            ("2 seconds", "unknown unit `seconds`"),
            ("s", "number is missing before `s`"),
            (".5s", "`.5` is not a number"),
            ("5.s", "`5.` is not a number"),
            ("1.2.3s", "`1.2.3` is not a number"),
            ("1.5ns", "`1.5` is finer than a nanosecond"),
            ("0.0000000001s", "finer"),
            ("0.000000000000000000000000000001d", "finer"),
            ("18446744073709551616s", "longer"),
            ("18446744073709551615s 1000000000ns", "longer"),
            ("400000000000000000000000000000000000000ns", "longer"),
            ("340282366920938463463374607431768211455d", "longer"),
        ] {
            let found = parse(text).unwrap_err();
            assert!(found.contains(error), "{text}: {found}");
        }
    }
}
