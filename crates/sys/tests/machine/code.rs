//! Code memory.

use crate::programs::{ADD, UD2, scratch_file};
use std::io::{Seek, SeekFrom, Write};
use std::mem::transmute;
use wharf_sys::{CodeBlock, CodeMemory, page_bytes};

/// mov eax, NUMBER; ret
fn constant(number: u32) -> Vec<u8> {
    let mut code = vec![0xb8];
    code.extend(number.to_le_bytes());
    code.push(0xc3);
    code
}

fn call(block: &CodeBlock) -> u32 {
    // SAFETY: all blocks given are from `constant`.
    unsafe { transmute::<*const u8, extern "C" fn() -> u32>(block.as_ptr())() }
}

#[test]
fn published_code_runs() {
    let memory = CodeMemory::new(1 << 30).unwrap();
    let one = memory.publish(&constant(1)).unwrap();
    let two = memory.publish(&constant(2)).unwrap();
    assert_eq!((call(&one), call(&two)), (1, 2));
    assert_eq!(one.as_bytes(), constant(1));
    assert_eq!(one.len(), 6);
    for block in [&one, &two] {
        assert!(block.as_ptr().addr().is_multiple_of(64));
        assert!(memory.range().contains(&block.range().start));
    }
    drop(memory);
    assert_eq!(call(&two), 2, "blocks keep the memory");
}

#[test]
fn an_arena_fills_up() {
    let memory = CodeMemory::new(1 << 30).unwrap();
    let mut arena = memory.arena(100).unwrap();
    let codes = [(1, 16), (2, 16), (3, 1), (4, 64)].map(|(number, align)| {
        let code = constant(number);
        let next = arena.next(code.len(), align).unwrap();
        let put = arena.push(&code, align).unwrap();
        assert_eq!(put, next);
        assert!(put.addr().is_multiple_of(align) && arena.range().contains(&put.addr()));
        // SAFETY: just put there.
        unsafe { transmute::<*const u8, extern "C" fn() -> u32>(put)() }
    });
    assert_eq!(codes, [1, 2, 3, 4]);
    assert!(arena.next(30, 1).is_some());
    assert!(arena.next(31, 1).is_none() && arena.next(15, 64).is_none());
    let start = arena.range().start;
    drop(arena);
    assert_eq!(memory.arena(100).unwrap().range().start, start);
}

#[test]
fn freed_space_is_used_again() {
    let memory = CodeMemory::new(page_bytes()).unwrap();
    let mut blocks: Vec<CodeBlock> = (0..page_bytes() as u32 / 64)
        .map(|n| memory.publish(&constant(n)).unwrap())
        .collect();
    let full = memory.publish(UD2).unwrap_err();
    assert_eq!(full.to_string(), "the memory for machine code is full");
    for round in 0..50 {
        let freed = blocks.swap_remove(round % blocks.len()).as_ptr();
        let number = 1000 + round as u32;
        let block = memory.publish(&constant(number)).unwrap();
        assert_eq!((block.as_ptr(), call(&block)), (freed, number));
        blocks.push(block);
    }
    blocks.clear();
    assert_eq!(
        memory.publish(&vec![0xc3; page_bytes()]).unwrap().len(),
        page_bytes()
    );
    assert!(memory.publish(&vec![0xc3; page_bytes() + 1]).is_err());
}

#[test]
fn freed_pages_go_back_to_the_system() {
    let page = page_bytes();
    let memory = CodeMemory::new(4 * page).unwrap();
    let small = memory.publish(UD2).unwrap();
    let large = memory.publish(&vec![0xcc; 3 * page]).unwrap();
    drop(large);
    assert_eq!(small.as_bytes(), UD2, "neighbours on a shared page stay");
    let again = memory.reserve(3 * page).unwrap();
    // SAFETY: code memory is always readable.
    let bytes = unsafe { std::slice::from_raw_parts(again.as_ptr(), 3 * page) };
    assert!(bytes[page..2 * page].iter().all(|&byte| byte == 0));
}

#[test]
fn space_is_known_before_its_code() {
    let memory = CodeMemory::new(1 << 16).unwrap();
    let space = memory.reserve(6).unwrap();
    assert!(!space.is_empty());
    let at = space.as_ptr();
    let block = space.publish(&constant(9)).unwrap();
    assert_eq!((block.as_ptr(), call(&block)), (at, 9));
    drop(memory.reserve(6).unwrap());
    assert!(memory.publish(&[]).unwrap().is_empty());
}

#[test]
fn a_file_can_be_the_code() {
    let page = page_bytes();
    let mut file = scratch_file("code");
    file.seek(SeekFrom::Start(page as u64)).unwrap();
    file.write_all(&constant(77)).unwrap();

    let memory = CodeMemory::new(4 * page).unwrap();
    let small = memory.publish(&constant(1)).unwrap();
    let block = memory.publish_file(&file, page as u64, 6).unwrap();
    assert_eq!((call(&small), call(&block), block.len()), (1, 77, 6));
    let at = block.as_ptr();
    assert!(memory.range().contains(&at.addr()) && at.addr().is_multiple_of(page));
    assert!(memory.publish_file(&file, 1, 6).is_err(), "not at a page");
    assert!(
        memory.publish_file(&file, page as u64, 7).is_err(),
        "beyond the file"
    );
    assert!(memory.publish_file(&file, 0, page).is_ok());
    drop(block);
    let ours: Vec<CodeBlock> = (0..4 * page as u32 / 64 - 1)
        .map(|n| memory.publish(&constant(n)).unwrap())
        .collect();
    assert!(ours.iter().any(|block| block.as_ptr() == at), "mapped back");
    assert!(
        ours.iter()
            .enumerate()
            .all(|(n, block)| call(block) == n as u32)
    );
}

#[test]
fn nothing_is_writable_and_executable() {
    let memory = CodeMemory::new(1 << 20).unwrap();
    let _block = memory.publish(ADD).unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    for line in maps.lines() {
        let access = line.split_whitespace().nth(1).unwrap();
        assert!(!(access.contains('w') && access.contains('x')), "{line}");
        assert!(!line.contains("wharf-code") || access == "r-xs", "{line}");
    }
}

#[test]
fn threads_publish_at_once() {
    let memory = CodeMemory::new(1 << 20).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let memory = memory.clone();
            scope.spawn(move || {
                for round in 0..300 {
                    let number = thread * 1000 + round;
                    let mut code = constant(number);
                    code.resize(1 + (number as usize * 7919) % 9000 + 6, 0xcc);
                    let block = memory.publish(&code).unwrap();
                    assert_eq!(call(&block), number);
                }
            });
        }
    });
}
