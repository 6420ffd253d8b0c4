//! Amounts as people write them on a command line: `64MiB`, `5s`.
//!
//! Apart from the options that use them, so that every command reads the same amounts.

use std::time::Duration;

/// Reads a number of bytes: plain, or with a unit. `k`, `M`, `G` and `KiB`, `MiB`, `GiB` count by 1024; `kB`, `MB`, `GB` by 1000.
///
/// # Errors
///
/// The text is no amount, or the amount does not fit 64 bits.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split_unit(text);
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => {
            return Err(format!(
                "expected a unit such as k, MiB or GB, found `{unit}`"
            ));
        }
    };
    if let Ok(number) = parse_count(number) {
        return number
            .checked_mul(factor)
            .ok_or_else(|| "more than 64 bits can count".to_owned());
    }
    let bytes = parse_decimal(number)? * factor as f64;
    if bytes < u64::MAX as f64 {
        Ok(bytes as u64)
    } else {
        Err("more than 64 bits can count".to_owned())
    }
}

/// Reads a time: `500ms`, `5s`, `1.5m`, `2h`.
///
/// # Errors
///
/// The text is no time, has no unit, or is longer than a thousand years.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split_unit(text);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "" => return Err(format!("expected a unit: `{text}s` or `{text}ms`")),
        _ => return Err(format!("expected a unit ms, s, m or h, found `{unit}`")),
    };
    let time = parse_decimal(number)? * seconds;
    if time > 3.2e10 {
        return Err("longer than a thousand years".to_owned());
    }
    Duration::try_from_secs_f64(time).map_err(|error| error.to_string())
}

/// Reads a whole number; `_` may divide its digits.
///
/// # Errors
///
/// The text is no whole number, or does not fit 64 bits.
pub fn parse_count(text: &str) -> Result<u64, String> {
    let digits = text.replace('_', "");
    digits
        .parse()
        .map_err(|_| format!("expected a whole number, found `{text}`"))
}

fn parse_decimal(text: &str) -> Result<f64, String> {
    let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number = if is_plain { text.parse().ok() } else { None };
    number.ok_or_else(|| format!("expected a number, found `{text}`"))
}

fn split_unit(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
    (text[..end].trim_end(), &text[end..])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{parse_bytes, parse_count, parse_duration};

    #[test]
    fn bytes() {
        for (text, bytes) in [
            ("0", 0),
            ("65536", 65536),
            ("1_000", 1000),
            ("64k", 65536),
            ("64KiB", 65536),
            ("64kB", 64_000),
            ("64MiB", 64 << 20),
            ("1GiB", 1 << 30),
            ("1.5G", 3 << 29),
            ("4 GiB", 4 << 30),
            ("16777215T", 16_777_215 << 40),
        ] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "MiB",
            "-1",
            "1 foo",
            "1e3",
            "16777216T",
            "99999999999999.5T",
            "1..5k",
            "\u{e9}",
        ] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, ms) in [
            ("500ms", 500),
            ("5s", 5000),
            ("1.5m", 90_000),
            ("2h", 7_200_000),
            ("0s", 0),
            ("250us", 0),
        ] {
            assert_eq!(parse_duration(text).unwrap().as_millis(), ms, "{text}");
        }
        assert_eq!(parse_duration("250us"), Ok(Duration::from_micros(250)));
        for text in [
            "",
            "5",
            "s",
            "-5s",
            "5 parsecs",
            "nans",
            "1e9h",
            "99999999999h",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn counts() {
        assert_eq!(parse_count("18_446_744_073_709_551_615"), Ok(u64::MAX));
        assert!(parse_count("18446744073709551616").is_err());
        assert!(parse_count("-1").is_err());
    }
}
