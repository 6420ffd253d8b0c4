//! `poll_oneoff`: what is ready, what is waited for, and who ends the wait.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use wasi::{Access, Errno, Interrupted, Stdin, Stop};

use crate::support::{Answer, CREAT, DATA, Guest, READ, RESULT, ROOT, TempDir, nothing};

const MILLISECOND: i64 = 1_000_000;

#[derive(Clone, Copy)]
enum Wanted {
    Clock {
        id: u32,
        timeout: i64,
        absolute: bool,
    },
    Read(i64),
    Write(i64),
}
use Wanted::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Event {
    userdata: u64,
    error: u16,
    kind: u8,
    nbytes: u64,
    hangup: bool,
}

/// Puts the subscriptions at `DATA`, their index as userdata, and calls; returns the events.
fn poll(guest: &mut Guest, wanted: &[Wanted]) -> Answer<Vec<Event>> {
    subscribe(guest, wanted);
    let count = wanted.len() as i64;
    let events = DATA + 0x4000;
    guest.call("poll_oneoff", &[DATA, events, count, RESULT])?;
    Ok((0..i64::from(guest.u32_at(RESULT)))
        .map(|index| {
            let at = events + 32 * index;
            Event {
                userdata: guest.u64_at(at),
                error: guest.u32_at(at + 8) as u16,
                kind: guest.memory[at as usize + 10],
                nbytes: guest.u64_at(at + 16),
                hangup: guest.u32_at(at + 24) as u16 == 1,
            }
        })
        .collect())
}

fn subscribe(guest: &mut Guest, wanted: &[Wanted]) {
    for (index, wanted) in wanted.iter().enumerate() {
        let at = DATA + 48 * index as i64;
        guest.put(at, &[0; 48]);
        guest.put(at, &(index as u64).to_le_bytes());
        match *wanted {
            Clock {
                id,
                timeout,
                absolute,
            } => {
                guest.put(at + 16, &id.to_le_bytes());
                guest.put(at + 24, &timeout.to_le_bytes());
                guest.put(at + 40, &[absolute.into()]);
            }
            Read(fd) | Write(fd) => {
                guest.put(at + 8, &[if matches!(wanted, Read(_)) { 1 } else { 2 }]);
                guest.put(at + 16, &(fd as u32).to_le_bytes());
            }
        }
    }
}

fn clock(id: u32, timeout: i64) -> Wanted {
    Clock {
        id,
        timeout,
        absolute: false,
    }
}

#[test]
fn no_subscription_or_too_many_are_refused() {
    let mut guest = Guest::new(nothing());
    assert_eq!(poll(&mut guest, &[]), Err(Errno::Inval));
    let too_many = guest.call("poll_oneoff", &[DATA, DATA, 20_000, RESULT]);
    assert_eq!(too_many, Err(Errno::Inval));
    let outside = guest.raw("poll_oneoff", &[DATA, DATA, 10_000, RESULT]);
    assert!(matches!(
        outside,
        Err(Stop::Fault {
            function: "poll_oneoff",
            ..
        })
    ));
}

#[test]
fn clocks_are_waited_for() {
    let mut guest = Guest::new(nothing());
    for id in [0, 1] {
        let start = Instant::now();
        let events = poll(
            &mut guest,
            &[clock(id, 10_000 * MILLISECOND), clock(id, 30 * MILLISECOND)],
        );
        assert!(start.elapsed() >= Duration::from_millis(30));
        let expected = Event {
            userdata: 1,
            error: 0,
            kind: 0,
            nbytes: 0,
            hangup: false,
        };
        assert_eq!(events, Ok(vec![expected]));

        guest
            .call("clock_time_get", &[id.into(), 0, RESULT])
            .unwrap();
        let at = guest.u64_at(RESULT) as i64 + 20 * MILLISECOND;
        let start = Instant::now();
        poll(
            &mut guest,
            &[Clock {
                id,
                timeout: at,
                absolute: true,
            }],
        )
        .unwrap();
        assert!(start.elapsed() >= Duration::from_millis(19));
        // A time that is over is there at once.
        poll(
            &mut guest,
            &[Clock {
                id,
                timeout: 1,
                absolute: true,
            }],
        )
        .unwrap();
    }
    assert_eq!(poll(&mut guest, &[clock(9, 0)]), Err(Errno::Inval));
    let events = poll(&mut guest, &[clock(2, 0)]).unwrap();
    assert_eq!(events[0].error, Errno::Notsup.raw());
    // No overflow at the end of time.
    let events = poll(&mut guest, &[clock(1, -1), clock(1, 0)]).unwrap();
    assert_eq!(events.len(), 1);
}

#[test]
fn what_is_ready_ends_the_wait() {
    let directory = TempDir::new();
    let builder = nothing().stdin(Stdin::Bytes(b"abc".to_vec())).preopen(
        directory.path(),
        "/",
        Access::ReadWrite,
    );
    let mut guest = Guest::new(builder);
    std::fs::write(directory.path().join("file"), "12345").unwrap();
    let file = guest.open("file", CREAT, READ).unwrap();
    guest.seek(file, 2, 0).unwrap();
    let never = clock(1, i64::MAX);
    let wanted = [
        never,
        Read(0),
        Write(1),
        Read(file),
        Write(file),
        Read(ROOT),
        Read(99),
    ];
    let mut events = poll(&mut guest, &wanted).unwrap();
    events.sort_by_key(|event| event.userdata);
    let seen: Vec<_> = events
        .iter()
        .map(|event| (event.userdata, event.error, event.kind, event.nbytes))
        .collect();
    let badf = Errno::Badf.raw();
    assert_eq!(
        seen,
        [
            (1, 0, 1, 3),
            (2, 0, 2, 0),
            (3, 0, 1, 3),
            (4, badf, 2, 0),
            (5, badf, 1, 0),
            (6, badf, 1, 0)
        ]
    );
    guest.read(0, 10).unwrap();
    assert!(poll(&mut guest, &[Read(0)]).unwrap()[0].hangup);
}

#[test]
fn sockets_wake_the_guest() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut guest = Guest::new(nothing().listener(listener));
    let (listening, late) = (Read(3), clock(1, 20 * MILLISECOND));
    assert_eq!(poll(&mut guest, &[listening, late]).unwrap()[0].userdata, 1);
    let client = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        let mut stream = TcpStream::connect(address).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        stream.write_all(b"hello").unwrap();
    });
    let timeout = clock(1, 10_000 * MILLISECOND);
    assert_eq!(
        poll(&mut guest, &[timeout, listening]).unwrap()[0].userdata,
        1
    );
    guest.call("sock_accept", &[3, 0, RESULT]).unwrap();
    let stream = i64::from(guest.u32_at(RESULT));
    assert_eq!(
        poll(&mut guest, &[timeout, Write(stream)]).unwrap()[0].userdata,
        1
    );
    let event = poll(&mut guest, &[timeout, Read(stream)]).unwrap()[0];
    assert_eq!((event.userdata, event.nbytes), (1, 5));
    client.join().unwrap();
    assert_eq!(guest.read(stream, 10), Ok(b"hello".to_vec()));
    // The other side is gone: readable, with nothing to read.
    let event = poll(&mut guest, &[timeout, Read(stream)]).unwrap()[0];
    assert_eq!((event.userdata, event.nbytes), (1, 0));
    assert_eq!(guest.read(stream, 10), Ok(vec![]));
}

#[test]
fn the_embedder_ends_every_wait() {
    let stop = Arc::new(AtomicBool::new(false));
    let hook = Arc::clone(&stop);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let builder = nothing()
        .listener(listener)
        .interrupt(move || hook.load(Ordering::Relaxed));
    let mut guest = Guest::new(builder);
    let _client = TcpStream::connect(address).unwrap();
    guest.call("sock_accept", &[3, 0, RESULT]).unwrap();
    let stream = i64::from(guest.u32_at(RESULT));
    subscribe(&mut guest, &[clock(1, i64::MAX), clock(0, i64::MAX)]);
    let [list, count] = guest.vectors(&[(DATA + 0x8000, 100)]);
    let waits: [(&str, &[i64]); 4] = [
        ("poll_oneoff", &[DATA, DATA + 0x4000, 2, RESULT]),
        ("sock_accept", &[3, 0, RESULT]),
        ("fd_read", &[stream, list, count, RESULT]),
        ("sock_recv", &[stream, list, count, 0, RESULT, RESULT + 4]),
    ];
    for (name, args) in waits {
        let later = Arc::clone(&stop);
        stop.store(false, Ordering::Relaxed);
        let stopper = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            later.store(true, Ordering::Relaxed);
        });
        let start = Instant::now();
        assert_eq!(
            guest.raw(name, args),
            Err(Stop::Interrupted(Interrupted)),
            "{name}"
        );
        assert!(start.elapsed() < Duration::from_secs(5));
        stopper.join().unwrap();
    }
}
