//! Numbers as arguments of `--invoke` and as its results.
//!
//! Apart from the call itself, because it knows no engine: text to bits and back, in the notation of the text format
//! where Rust's own differs.

/// Reads a 32-bit integer: signed or unsigned, decimal or `0x` hexadecimal, `_` between digits.
pub fn parse_i32(text: &str) -> Option<i32> {
    let value = parse_integer(text)?;
    let in_range = (i128::from(i32::MIN)..=i128::from(u32::MAX)).contains(&value);
    in_range.then_some(value as i32)
}

/// Reads a 64-bit integer: signed or unsigned, decimal or `0x` hexadecimal, `_` between digits.
pub fn parse_i64(text: &str) -> Option<i64> {
    let value = parse_integer(text)?;
    let in_range = (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value);
    in_range.then_some(value as i64)
}

/// Reads a vector: the 128 bits as one integer, lane 0 lowest.
pub fn parse_v128(text: &str) -> Option<u128> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))?;
    parse_digits(digits, 16)
}

/// Reads a 32-bit float, as bits: decimal, `inf`, `nan`, or `nan:0x` and a payload.
pub fn parse_f32(text: &str) -> Option<u32> {
    if let Some((sign, payload)) = parse_nan_payload(text, 23) {
        return Some(u32::from(sign) << 31 | 0xff << 23 | payload as u32);
    }
    let value: f32 = text.replace('_', "").parse().ok()?;
    Some(value.to_bits())
}

/// Reads a 64-bit float, as bits: decimal, `inf`, `nan`, or `nan:0x` and a payload.
pub fn parse_f64(text: &str) -> Option<u64> {
    if let Some((sign, payload)) = parse_nan_payload(text, 52) {
        return Some(u64::from(sign) << 63 | 0x7ff << 52 | payload);
    }
    let value: f64 = text.replace('_', "").parse().ok()?;
    Some(value.to_bits())
}

/// The shortest decimal that reads back as the same 32-bit float.
pub fn show_f32(bits: u32) -> String {
    let value = f32::from_bits(bits);
    if value.is_nan() {
        return show_nan(bits >> 31 == 1, u64::from(bits) & 0x7f_ffff, 1 << 22);
    }
    format!("{value:?}")
}

/// The shortest decimal that reads back as the same 64-bit float.
pub fn show_f64(bits: u64) -> String {
    let value = f64::from_bits(bits);
    if value.is_nan() {
        return show_nan(bits >> 63 == 1, bits & 0xf_ffff_ffff_ffff, 1 << 51);
    }
    format!("{value:?}")
}

/// A vector in the form that [`parse_v128`] reads.
pub fn show_v128(bits: u128) -> String {
    format!("0x{bits:032x}")
}

/// A NaN in the text format: the payload only where it is not the canonical one.
fn show_nan(negative: bool, payload: u64, canonical: u64) -> String {
    let sign = if negative { "-" } else { "" };
    if payload == canonical {
        format!("{sign}nan")
    } else {
        format!("{sign}nan:{payload:#x}")
    }
}

/// The sign and the payload of `nan:0x…`; none if the text is no such NaN or the payload does not fit `n_bits`.
fn parse_nan_payload(text: &str, n_bits: u32) -> Option<(bool, u64)> {
    let (negative, rest) = split_sign(text);
    let payload = parse_digits(rest.strip_prefix("nan:0x")?, 16)?;
    (1..1 << n_bits)
        .contains(&payload)
        .then_some((negative, payload as u64))
}

fn parse_integer(text: &str) -> Option<i128> {
    let (negative, rest) = split_sign(text);
    let magnitude = match rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")) {
        Some(digits) => parse_digits(digits, 16)?,
        None => parse_digits(rest, 10)?,
    };
    let magnitude = i128::try_from(magnitude).ok()?;
    Some(if negative { -magnitude } else { magnitude })
}

/// Digits alone: the standard parser would also take a sign.
fn parse_digits(digits: &str, radix: u32) -> Option<u128> {
    let starts_well = digits.chars().next()?.is_digit(radix);
    let digits = digits.replace('_', "");
    if starts_well {
        u128::from_str_radix(&digits, radix).ok()
    } else {
        None
    }
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        for (text, value) in [
            ("0", 0),
            ("-1", -1),
            ("+7", 7),
            ("0xff", 255),
            ("-0x80000000", i32::MIN),
            ("4294967295", -1),
            ("1_000", 1000),
        ] {
            assert_eq!(parse_i32(text), Some(value), "{text}");
        }
        for text in [
            "",
            "-",
            "0x",
            "4294967296",
            "-2147483649",
            "1.0",
            "--1",
            "0x-1",
            "+-1",
            "_1",
            "ten",
        ] {
            assert_eq!(parse_i32(text), None, "{text}");
        }
        assert_eq!(parse_i64("0xffffffffffffffff"), Some(-1));
        assert_eq!(parse_i64("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(parse_i64("18446744073709551616"), None);
        assert_eq!(
            parse_i64("999999999999999999999999999999999999999999"),
            None
        );
    }

    #[test]
    fn floats_read_back_as_they_are_shown() {
        for bits in [
            0,
            1 << 31,
            0x3f80_0000,
            0x7f80_0000,
            0xff80_0000,
            0x7fc0_0000,
            0xffc0_0000,
            0x7f80_0001,
            1,
        ] {
            assert_eq!(parse_f32(&show_f32(bits)), Some(bits), "{}", show_f32(bits));
        }
        for bits in [
            0,
            1 << 63,
            1,
            0x7ff0_0000_0000_0000,
            0xfff8_0000_0000_0000,
            0x7ff0_0000_0000_0001,
        ] {
            assert_eq!(parse_f64(&show_f64(bits)), Some(bits), "{}", show_f64(bits));
        }
        assert_eq!(show_f64(1e300_f64.to_bits()), "1e300");
        assert_eq!(show_f32(2.0_f32.to_bits()), "2.0");
        for text in ["", "nan:0x0", "nan:0x800000", "nan:1", "one", "1.2.3"] {
            assert_eq!(parse_f32(text), None, "{text}");
        }
    }

    #[test]
    fn vectors() {
        assert_eq!(parse_v128("0x1"), Some(1));
        assert_eq!(parse_v128(&show_v128(u128::MAX)), Some(u128::MAX));
        for text in ["1", "0x", "0x+1", "0x100000000000000000000000000000000"] {
            assert_eq!(parse_v128(text), None, "{text}");
        }
    }
}
