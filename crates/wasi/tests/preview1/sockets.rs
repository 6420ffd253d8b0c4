//! Sockets that the embedder hands over.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use wasi::Errno;

use crate::support::{DATA, Guest, NONBLOCK, RESULT, TempDir, nothing};

/// A guest with a connection as descriptor 3, and the other end of it.
fn connected() -> (Guest, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (theirs, _) = listener.accept().unwrap();
    (Guest::new(nothing().stream(theirs)), ours)
}

#[test]
fn a_listener_accepts_and_directories_come_after() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // What the embedder did with it before does not show.
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let directory = TempDir::new();
    let builder = nothing()
        .preopen(directory.path(), "/", wasi::Access::ReadOnly)
        .listener(listener);
    let mut guest = Guest::new(builder);
    guest.call("fd_prestat_get", &[3, RESULT]).unwrap();
    assert_ne!(guest.memory[RESULT as usize], 0);
    guest.call("fd_prestat_get", &[4, RESULT]).unwrap();
    assert_eq!(guest.memory[RESULT as usize], 0);
    assert_eq!(guest.fdstat(3).unwrap().filetype, 6);

    guest.call("fd_fdstat_set_flags", &[3, NONBLOCK]).unwrap();
    assert_eq!(
        guest.call("sock_accept", &[3, 0, RESULT]),
        Err(Errno::Again)
    );
    guest.call("fd_fdstat_set_flags", &[3, 0]).unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    guest.call("sock_accept", &[3, NONBLOCK, RESULT]).unwrap();
    let stream = i64::from(guest.u32_at(RESULT));
    assert_eq!(guest.read(stream, 10), Err(Errno::Again));
    client.write_all(b"ping").unwrap();
    guest.call("fd_fdstat_set_flags", &[stream, 0]).unwrap();
    assert_eq!(guest.read(stream, 10), Ok(b"ping".to_vec()));
    assert_eq!(guest.write(stream, b"pong"), Ok(4));
    let mut answer = [0; 4];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"pong");
    assert_eq!(
        guest.call("sock_accept", &[stream, 0, RESULT]),
        Err(Errno::Inval)
    );
    assert_eq!(
        guest.call("sock_accept", &[4, 0, RESULT]),
        Err(Errno::Notsock)
    );
    assert_eq!(guest.call("sock_accept", &[9, 0, RESULT]), Err(Errno::Badf));
    assert_eq!(
        guest.ctx.hints()[1],
        "accept a connection on descriptor 9: no listening socket was handed over as it; \
         hand one over with --listen ADDRESS"
    );
    assert_eq!(
        guest.call("sock_accept", &[3, 1, RESULT]),
        Err(Errno::Inval)
    );
}

#[test]
fn data_is_sent_peeked_and_received() {
    let (mut guest, mut other) = connected();
    other.write_all(b"hello world").unwrap();
    let (peek, waitall) = (1, 2);
    let [list, count] = guest.vectors(&[(DATA, 5), (DATA + 16, 6)]);
    for flags in [peek | waitall, waitall] {
        guest.put(DATA, &[0; 32]);
        guest
            .call("sock_recv", &[3, list, count, flags, RESULT, RESULT + 4])
            .unwrap();
        assert_eq!(guest.u32_at(RESULT), 11);
        assert_eq!(guest.u32_at(RESULT + 4) as u16, 0);
        assert_eq!(guest.bytes_at(DATA, 5), b"hello");
        assert_eq!(guest.bytes_at(DATA + 16, 6), b" world");
    }
    let [list, count] = guest.vectors(&[(DATA + 16, 6)]);
    guest
        .call("sock_send", &[3, list, count, 0, RESULT])
        .unwrap();
    assert_eq!(guest.u32_at(RESULT), 6);
    let mut answer = [0; 6];
    other.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b" world");
    assert_eq!(
        guest.call("sock_send", &[3, list, count, 1, RESULT]),
        Err(Errno::Inval)
    );
    let odd = guest.call("sock_recv", &[3, list, count, 4, RESULT, RESULT + 4]);
    assert_eq!(odd, Err(Errno::Inval));
    assert_eq!(guest.seek(3, 0, 1), Err(Errno::Spipe));
}

#[test]
fn a_connection_is_shut_down() {
    let (mut guest, mut other) = connected();
    assert_eq!(guest.call("sock_shutdown", &[3, 0]), Err(Errno::Inval));
    guest.call("sock_shutdown", &[3, 2]).unwrap();
    let mut rest = vec![];
    other.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty());
    // Writing is an error number, no signal.
    assert!(guest.raw("fd_write", &[3, 0, 0, RESULT]).is_ok());
    let [list, count] = guest.vectors(&[(DATA, 5)]);
    assert_eq!(
        guest.raw("fd_write", &[3, list, count, RESULT]),
        Ok(Errno::Pipe.raw().into())
    );
    guest.call("sock_shutdown", &[3, 1]).unwrap();
    assert_eq!(guest.read(3, 1), Ok(vec![]));
    assert_eq!(guest.call("sock_shutdown", &[7, 1]), Err(Errno::Badf));
}
