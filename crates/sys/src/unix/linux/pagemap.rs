//! Which pages of a mapping hold memory of their own: asked of the kernel in one call, where it has the call (6.7 on).
//!
//! Apart because it is an interface that rustix does not know: `PAGEMAP_SCAN`, in the kernel's
//! `Documentation/admin-guide/mm/pagemap.rst`.

use std::fs::File;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::sync::OnceLock;

/// Ranges that one question can be answered with.
const RANGES_MAX: usize = 64;

const PAGEMAP_SCAN: libc::Ioctl = 0xc060_6610_u32 as libc::Ioctl;
const PAGE_IS_FILE: u64 = 1 << 2;
const PAGE_IS_PRESENT: u64 = 1 << 3;
const PAGE_IS_SWAPPED: u64 = 1 << 4;
const PAGE_IS_PFNZERO: u64 = 1 << 5;

/// `struct pm_scan_arg`.
#[repr(C)]
struct ScanArg {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    vec: u64,
    vec_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

const _: () = assert!(size_of::<ScanArg>() == 0x60);

/// `struct page_region`.
#[derive(Clone, Copy)]
#[repr(C)]
struct PageRegion {
    start: u64,
    end: u64,
    categories: u64,
}

/// `/proc/self/pagemap`, and the process that it speaks of: a child after `fork` is another one.
static PAGEMAP: OnceLock<Option<(File, u32)>> = OnceLock::new();

/// Calls `each` with the ranges, as offsets from `at`, of pages that were written to in a private mapping and not given back
/// since. Pages that show a file, or zeros that the system shares, are not among them.
///
/// False if that cannot be found out, or if there are more than `pages_max` or too many ranges: then some may be missing.
pub fn written_pages(
    at: *mut u8,
    bytes: usize,
    pages_max: usize,
    mut each: impl FnMut(Range<usize>),
) -> bool {
    let pagemap = PAGEMAP.get_or_init(|| {
        let file = File::open("/proc/self/pagemap").ok()?;
        Some((file, std::process::id()))
    });
    let Some((file, _)) = pagemap
        .as_ref()
        .filter(|(_, process)| *process == std::process::id())
    else {
        return false;
    };
    let start = at.addr() as u64;
    let end = start + bytes as u64;
    let mut regions = [PageRegion {
        start: 0,
        end: 0,
        categories: 0,
    }; RANGES_MAX];
    let mut scan = ScanArg {
        size: size_of::<ScanArg>() as u64,
        flags: 0,
        start,
        end,
        walk_end: 0,
        vec: regions.as_mut_ptr().addr() as u64,
        vec_len: RANGES_MAX as u64,
        // One more, so that a full answer tells itself from a cut one.
        max_pages: pages_max as u64 + 1,
        category_inverted: PAGE_IS_FILE | PAGE_IS_PFNZERO,
        category_mask: PAGE_IS_FILE | PAGE_IS_PFNZERO,
        category_anyof_mask: PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
        return_mask: PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
    };
    // SAFETY: the structures are those of the call, and the regions are as many as it is told.
    let found = unsafe { libc::ioctl(file.as_raw_fd(), PAGEMAP_SCAN, &raw mut scan) };
    let Some(regions) = usize::try_from(found).ok().and_then(|n| regions.get(..n)) else {
        return false;
    };
    let page_bytes = super::super::page_bytes() as u64;
    let pages: u64 = regions
        .iter()
        .map(|region| (region.end - region.start) / page_bytes)
        .sum();
    if scan.walk_end != end || pages > pages_max as u64 {
        return false;
    }
    for region in regions {
        each((region.start - start) as usize..(region.end - start) as usize);
    }
    true
}
