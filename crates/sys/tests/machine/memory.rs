//! Reservations, images and stacks.

use crate::programs::scratch_file;
use std::io::Write;
use std::ops::Range;
use wharf_sys::{Image, Reservation, STACK_GUARD_BYTES, Stack, page_bytes};

/// The bytes of a part of a reservation that is accessible and that only this test uses.
#[expect(
    clippy::mut_from_ref,
    reason = "a reservation is not a reference to its memory"
)]
fn bytes(reservation: &Reservation, range: Range<usize>) -> &mut [u8] {
    assert!(range.end <= reservation.len());
    // SAFETY: each test makes the range accessible before, and holds one slice at a time.
    unsafe { std::slice::from_raw_parts_mut(reservation.as_ptr().add(range.start), range.len()) }
}

/// What the system says about an address: `rw-p` or the like.
fn access(address: usize) -> Option<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().find_map(|line| {
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let parse = |text| usize::from_str_radix(text, 16).unwrap();
        (parse(start)..parse(end))
            .contains(&address)
            .then(|| rest[..4].to_string())
    })
}

fn resident_pages(reservation: &Reservation, range: Range<usize>) -> usize {
    let mut pages = vec![0u8; range.len() / page_bytes()];
    // SAFETY: the vector has a byte for each page.
    let outcome = unsafe {
        let at = reservation.as_ptr().add(range.start);
        libc::mincore(at.cast(), range.len(), pages.as_mut_ptr())
    };
    assert_eq!(outcome, 0);
    pages.iter().filter(|&&page| page & 1 == 1).count()
}

#[test]
fn reservation_is_large_and_has_no_access() {
    let reservation = Reservation::new(1 << 40).unwrap();
    assert_eq!(reservation.len(), 1 << 40);
    let start = reservation.as_ptr().addr();
    assert_eq!(access(start).as_deref(), Some("---p"));
    assert_eq!(access(start + (1 << 39)).as_deref(), Some("---p"));
}

#[test]
fn reservation_rounds_up_to_pages() {
    assert_eq!(Reservation::new(0).unwrap().len(), page_bytes());
    assert_eq!(Reservation::new(1).unwrap().len(), page_bytes());
    assert_eq!(
        Reservation::new(page_bytes() + 1).unwrap().len(),
        2 * page_bytes()
    );
    assert!(Reservation::new(usize::MAX).is_err());
    assert!(Reservation::new(isize::MAX as usize).is_err());
}

#[test]
fn access_is_given_and_taken() {
    let page = page_bytes();
    let reservation = Reservation::new(4 * page).unwrap();
    let at = |offset| access(reservation.as_ptr().addr() + offset).unwrap();
    // SAFETY: nobody else uses the reservation.
    unsafe {
        reservation.make_accessible(page..3 * page).unwrap();
        assert_eq!([at(0), at(page), at(3 * page)], ["---p", "rw-p", "---p"]);
        assert!(
            bytes(&reservation, page..3 * page)
                .iter()
                .all(|&byte| byte == 0)
        );
        bytes(&reservation, page..3 * page).fill(7);
        reservation.make_inaccessible(2 * page..3 * page).unwrap();
        assert_eq!([at(page), at(2 * page)], ["rw-p", "---p"]);
        reservation.make_accessible(2 * page..3 * page).unwrap();
        assert_eq!(
            bytes(&reservation, 2 * page..3 * page)[0],
            7,
            "contents stay"
        );
        reservation.make_accessible(0..0).unwrap();
    }
}

#[test]
fn decommit_gives_pages_back_and_zeros() {
    let page = page_bytes();
    let reservation = Reservation::new(8 * page).unwrap();
    // SAFETY: nobody else uses the reservation.
    unsafe {
        reservation.make_accessible(0..8 * page).unwrap();
        bytes(&reservation, 0..8 * page).fill(1);
        assert_eq!(resident_pages(&reservation, 0..8 * page), 8);
        reservation.decommit(page..7 * page).unwrap();
        assert_eq!(resident_pages(&reservation, 0..8 * page), 2);
    }
    let contents = bytes(&reservation, 0..8 * page);
    assert_eq!(
        (contents[page - 1], contents[page], contents[7 * page]),
        (1, 0, 1)
    );
}

#[test]
fn images_are_copied_on_write() {
    let page = page_bytes();
    let image = Image::new(&vec![5; page + 100]).unwrap();
    assert_eq!(image.len(), page + 100);
    let [one, two] = [(); 2].map(|()| Reservation::new(4 * page).unwrap());
    // SAFETY: nobody else uses the reservations.
    unsafe {
        one.map_image(0, &image).unwrap();
        two.map_image(page, &image).unwrap();
        bytes(&one, 0..2 * page)[3] = 9;
        assert_eq!(
            bytes(&two, page..3 * page)[3],
            5,
            "mappings are independent"
        );
        assert_eq!(
            bytes(&two, page..3 * page)[page + 99..][..2],
            [5, 0],
            "the rest is zero"
        );
        bytes(&one, 0..2 * page)[page + 200] = 8;
        one.decommit(0..2 * page).unwrap();
        assert_eq!(
            bytes(&one, 0..2 * page)[3],
            5,
            "decommitted is the image again"
        );
        assert_eq!(bytes(&one, 0..2 * page)[page + 200], 0);
        drop(image);
        assert_eq!(
            bytes(&one, 0..2 * page)[page],
            5,
            "mappings outlive the image"
        );
    }
}

#[test]
fn remap_zero_forgets_an_image() {
    let page = page_bytes();
    let image = Image::new(&vec![5; page]).unwrap();
    let reservation = Reservation::new(2 * page).unwrap();
    // SAFETY: nobody else uses the reservation.
    unsafe {
        reservation.map_image(page, &image).unwrap();
        reservation.remap_zero(0..2 * page).unwrap();
        assert_eq!(
            access(reservation.as_ptr().addr() + page).as_deref(),
            Some("---p")
        );
        reservation.make_accessible(0..2 * page).unwrap();
    }
    assert_eq!(bytes(&reservation, 0..2 * page)[page], 0);
}

#[test]
fn image_from_parts_is_the_parts_in_order() {
    let page = page_bytes();
    let long = vec![1; 2 * page];
    let zeros = vec![0; 2 * page + 5];
    let parts: [(usize, &[u8]); 4] = [
        (10, &long),
        (page, &zeros),
        (page + 1, &[3]),
        (64 * page - 1, &[4]),
    ];
    let mut expected = vec![0; 64 * page];
    for (offset, part) in parts {
        expected[offset..offset + part.len()].copy_from_slice(part);
    }
    let image = Image::from_parts(64 * page, parts).unwrap();
    let reservation = Reservation::new(64 * page).unwrap();
    // SAFETY: nobody else uses the reservation.
    unsafe { reservation.map_image(0, &image).unwrap() };
    assert!(bytes(&reservation, 0..64 * page) == expected);

    assert!(Image::from_parts(10, [(8, &[1, 2, 3][..])]).is_err());
    assert!(Image::from_parts(10, [(usize::MAX, &[1][..])]).is_err());
    assert!(Image::new(&[]).unwrap().is_empty());
}

/// Parts that touch, overlap, go back, leave gaps smaller and larger than pages, and are larger than what is joined.
#[test]
fn image_from_many_parts_is_the_parts_in_order() {
    const BYTES: usize = 4 << 20;
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    let mut expected = vec![0; BYTES];
    let mut parts: Vec<(usize, Vec<u8>)> = Vec::new();
    let mut at = 0;
    for number in 0..500 {
        at = match random(10) {
            0 => random(BYTES),
            1 => at.saturating_sub(random(9000)),
            2 => at + random(9000),
            _ => at + random(20),
        };
        let len = if random(50) == 0 {
            random(600 << 10)
        } else {
            random(300)
        };
        let value = if random(8) == 0 {
            0
        } else {
            (number % 255) as u8 + 1
        };
        let len = len.min(BYTES.saturating_sub(at));
        at = at.min(BYTES);
        expected[at..at + len].fill(value);
        parts.push((at, vec![value; len]));
        at += len;
    }
    let parts = parts.iter().map(|(offset, part)| (*offset, &part[..]));
    let image = Image::from_parts(BYTES, parts).unwrap();
    let reservation = Reservation::new(BYTES).unwrap();
    // SAFETY: nobody else uses the reservation.
    unsafe { reservation.map_image(0, &image).unwrap() };
    assert!(bytes(&reservation, 0..BYTES) == expected);
}

#[test]
fn image_of_a_file_is_whole_pages_of_it() {
    let page = page_bytes();
    let mut file = scratch_file("image");
    file.write_all(&vec![1; page]).unwrap();
    file.write_all(&vec![2; page]).unwrap();
    let clone = || file.try_clone().unwrap();
    assert!(Image::from_file(clone(), 1, page).is_err());
    assert!(Image::from_file(clone(), 0, 1).is_err());
    assert!(Image::from_file(clone(), page as u64, 2 * page).is_err());
    let image = Image::from_file(clone(), page as u64, page).unwrap();
    let reservation = Reservation::new(page).unwrap();
    // SAFETY: nobody else uses the reservation.
    unsafe { reservation.map_image(0, &image).unwrap() };
    bytes(&reservation, 0..page)[0] = 7;
    assert_eq!(bytes(&reservation, 0..page)[..2], [7, 2]);
}

#[test]
#[should_panic = "expected whole pages"]
fn ranges_outside_are_a_bug() {
    let reservation = Reservation::new(page_bytes()).unwrap();
    // SAFETY: nobody else uses the reservation.
    let _ = unsafe { reservation.make_accessible(0..2 * page_bytes()) };
}

#[test]
fn stacks_have_a_guard_below() {
    let mut stack = Stack::new(100_000).unwrap();
    let (bottom, top) = (stack.bottom().addr(), stack.top().addr());
    assert!(top - bottom >= 100_000 && top.is_multiple_of(16));
    assert_eq!(stack.guard(), bottom - STACK_GUARD_BYTES..bottom);
    assert!(stack.contains(bottom) && stack.contains(top - 1));
    assert!(!stack.contains(bottom - 1) && !stack.contains(top));
    assert_eq!(access(bottom).as_deref(), Some("rw-p"));
    assert_eq!(access(bottom - 1).as_deref(), Some("---p"));

    // SAFETY: nothing runs on the stack.
    unsafe {
        stack.bottom().write(1);
        stack.top().sub(1).write(2);
    }
    stack.trim(1).unwrap();
    // SAFETY: as above.
    unsafe {
        assert_eq!(stack.bottom().read(), 0, "trimmed");
        assert_eq!(stack.top().sub(1).read(), 2, "kept");
    }
    stack.trim(usize::MAX / 4).unwrap();
}

/// Where the kernel says which pages were written, it says just those, whether the page showed an image or zeros; and it says
/// nothing if they are more than asked for.
#[test]
fn written_pages_are_told() {
    let page = page_bytes();
    let reservation = Reservation::new(64 * page).expect("there is address space");
    let image = Image::new(&vec![7; 8 * page]).expect("there is memory");
    // SAFETY: the reservation is new, and only this test has it.
    unsafe {
        reservation
            .make_accessible(0..64 * page)
            .expect("there is memory");
        reservation
            .map_image(8 * page, &image)
            .expect("there is room");
    }
    let written = |pages_max: usize| {
        let mut found = Vec::new();
        let known = reservation.written_pages(0..64 * page, pages_max, |range| found.push(range));
        known.then_some(found)
    };
    let touch = |at: usize, writes: bool| {
        // SAFETY: the byte is accessible, and only this test has it.
        unsafe {
            let byte = reservation.as_ptr().add(at * page);
            if writes {
                byte.write_volatile(1);
            } else {
                byte.read_volatile();
            }
        }
    };
    let Some(found) = written(64) else {
        return eprintln!("skipped: this kernel does not say which pages were written");
    };
    assert!(found.is_empty());
    for at in [0, 9, 40] {
        touch(at, false);
    }
    assert_eq!(written(64), Some(vec![]), "reading is not writing");
    for at in [1, 2, 10, 15, 16, 63] {
        touch(at, true);
    }
    let range = |from: usize, to: usize| from * page..to * page;
    let all = vec![range(1, 3), range(10, 11), range(15, 17), range(63, 64)];
    let merged = |ranges: Vec<Range<usize>>| {
        let mut merged: Vec<Range<usize>> = Vec::new();
        for range in ranges {
            match merged.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => merged.push(range),
            }
        }
        merged
    };
    assert_eq!(written(6).map(merged), Some(all));
    assert_eq!(written(5), None, "one more than asked for");
    // SAFETY: only this test has the pages.
    unsafe { reservation.decommit(0..64 * page) }.expect("nothing is locked");
    assert_eq!(written(64), Some(vec![]), "what was given back is as new");
}
