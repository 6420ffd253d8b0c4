//! Rows of numbers as bytes, small where a row is like the one before: tables of code, which are read in few runs.
//!
//! Apart from what the rows mean. A row's numbers are differences to those of the row before, each in as few groups of seven bits as
//! it takes.

/// Adds rows with their count.
pub(super) fn write_rows<const N: usize>(
    out: &mut Vec<u8>,
    rows: impl ExactSizeIterator<Item = [u32; N]>,
) {
    write_number(out, rows.len() as u32);
    let mut last = [0; N];
    for row in rows {
        for (number, before) in row.iter().zip(&last) {
            let difference = number.wrapping_sub(*before) as i32;
            // The sign goes last, so that small ones of both signs are short.
            write_number(out, (difference << 1 ^ difference >> 31) as u32);
        }
        last = row;
    }
}

fn write_number(out: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes rows from the front; `None` if they are not whole.
pub(super) fn read_rows<const N: usize>(bytes: &mut &[u8]) -> Option<Vec<[u32; N]>> {
    let count = read_number(bytes)? as usize;
    // A row takes a byte a number at least.
    let mut rows = Vec::with_capacity(count.min(bytes.len() / N));
    let mut row = [0u32; N];
    for _ in 0..count {
        for number in &mut row {
            let coded = read_number(bytes)?;
            let difference = coded >> 1 ^ (coded & 1).wrapping_neg();
            *number = number.wrapping_add(difference);
        }
        rows.push(row);
    }
    Some(rows)
}

fn read_number(bytes: &mut &[u8]) -> Option<u32> {
    let mut number = 0;
    for shift in (0..32).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read_and_nothing_else() {
        let rows = [[0, 7], [u32::MAX, 8], [5, 0], [0x8000_0000, 0x7fff_ffff]];
        let mut out = Vec::new();
        write_rows(&mut out, rows.into_iter());
        write_rows(&mut out, [[1]].into_iter());
        let mut rest = &out[..];
        assert_eq!(read_rows(&mut rest), Some(rows.to_vec()));
        assert_eq!(read_rows(&mut rest), Some(vec![[1]]));
        assert!(rest.is_empty());
        for end in 0..out.len() - 2 {
            assert_eq!(read_rows::<2>(&mut &out[..end]), None, "{end}");
        }
        // A count that only promises does not allocate.
        assert_eq!(
            read_rows::<4>(&mut &[0xff, 0xff, 0xff, 0xff, 0x0f][..]),
            None
        );
    }
}
