//! Standard streams and other descriptors that are no files.

use wasi::{Errno, OutputBuffer, Stdin, Stdout};

use crate::support::{DATA, Guest, NONBLOCK, RESULT, nothing};

#[test]
fn bytes_come_in_and_go_out() {
    let output = OutputBuffer::with_limit(8);
    let builder = nothing()
        .stdin(Stdin::Bytes(b"hello".to_vec()))
        .stdout(Stdout::Buffer(output.clone()));
    let mut guest = Guest::new(builder);
    assert_eq!(guest.read(0, 3), Ok(b"hel".to_vec()));
    assert_eq!(guest.read(0, 10), Ok(b"lo".to_vec()));
    assert_eq!(guest.read(0, 10), Ok(vec![]));
    assert_eq!(guest.write(1, b"12345"), Ok(5));
    assert_eq!(guest.write(1, b"12345"), Ok(3));
    assert_eq!(guest.write(1, b"12345"), Err(Errno::Nospc));
    assert_eq!(output.text(), "12345123");
    assert_eq!(guest.write(2, b"lost"), Ok(4));
}

#[test]
fn several_buffers_are_one_transfer() {
    let output = OutputBuffer::new();
    let mut guest = Guest::new(nothing().stdout(Stdout::Buffer(output.clone())));
    guest.put(DATA, b"worldhello ");
    let [list, count] = guest.vectors(&[(DATA + 5, 6), (0, 0), (DATA, 5)]);
    guest.call("fd_write", &[1, list, count, RESULT]).unwrap();
    assert_eq!(guest.u32_at(RESULT), 11);
    assert_eq!(output.text(), "hello world");
}

#[test]
fn each_stream_has_its_direction() {
    let mut guest = Guest::new(nothing());
    assert_eq!(guest.write(0, b"x"), Err(Errno::Badf));
    assert_eq!(guest.read(1, 1), Err(Errno::Badf));
    assert_eq!(guest.read(7, 1), Err(Errno::Badf));
    assert_eq!(guest.seek(1, 0, 1), Err(Errno::Spipe));
    assert_eq!(guest.call("fd_advise", &[1, 0, 0, 0]), Err(Errno::Spipe));
    assert_eq!(guest.call("sock_shutdown", &[1, 1]), Err(Errno::Notsock));
    assert_eq!(guest.call("fd_prestat_get", &[1, RESULT]), Err(Errno::Badf));
    assert_eq!(
        guest.on_path("path_create_directory", &[1], "x", &[]),
        Err(Errno::Notdir)
    );
}

#[test]
fn streams_can_be_renumbered_and_flagged() {
    let output = OutputBuffer::new();
    let mut guest = Guest::new(nothing().stdout(Stdout::Buffer(output.clone())));
    guest.call("fd_renumber", &[1, 2]).unwrap();
    assert_eq!(guest.write(1, b"gone"), Err(Errno::Badf));
    assert_eq!(guest.write(2, b"here"), Ok(4));
    assert_eq!(output.text(), "here");
    guest.call("fd_fdstat_set_flags", &[2, NONBLOCK]).unwrap();
    assert_eq!(guest.fdstat(2).unwrap().flags, NONBLOCK);
    assert_eq!(
        guest.call("fd_fdstat_set_flags", &[2, 32]),
        Err(Errno::Inval)
    );
}

#[test]
fn the_embedders_streams_are_there_by_default() {
    let mut guest = Guest::new(wasi::Ctx::builder());
    for fd in 0..3 {
        guest.fdstat(fd).unwrap();
        guest.filestat(fd).unwrap();
    }
    assert_eq!(guest.write(2, b""), Ok(0));
    guest.close(2).unwrap();
    // The host's own stream is still open.
    eprintln!();
}
