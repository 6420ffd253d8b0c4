//! Arguments, environment, clocks, randomness, the end.

use wasi::{BuildError, Ctx, Errno, Exit, Stop};

use crate::support::{Guest, RESULT, nothing};

#[test]
fn arguments_and_variables_arrive_whole() {
    let builder = nothing()
        .args(["first", "the \"second\" arg", "3"])
        .env("a", "text")
        .env("b", "escap \" ing")
        .env("a", "new\nline");
    let mut guest = Guest::new(builder);
    guest.call("args_sizes_get", &[RESULT, RESULT + 4]).unwrap();
    assert_eq!(
        (guest.u32_at(RESULT), guest.u32_at(RESULT + 4)),
        (3, 6 + 17 + 2)
    );
    guest.call("args_get", &[0x100, 0x200]).unwrap();
    assert_eq!(
        [0x100, 0x104, 0x108].map(|at| guest.u32_at(at)),
        [0x200, 0x206, 0x217]
    );
    assert_eq!(
        guest.bytes_at(0x200, 25),
        b"first\0the \"second\" arg\x003\0"
    );
    guest
        .call("environ_sizes_get", &[RESULT, RESULT + 4])
        .unwrap();
    assert_eq!(guest.u32_at(RESULT), 2);
    guest.call("environ_get", &[0x100, 0x200]).unwrap();
    assert_eq!(guest.bytes_at(0x200, 25), b"a=new\nline\0b=escap \" ing\0");
}

#[test]
fn text_that_cannot_be_passed_on_is_refused() {
    let refused = |result: Result<Ctx, BuildError>| result.unwrap_err().to_string();
    assert_eq!(
        refused(nothing().arg("a\0b").build()),
        "an argument has a zero byte in it"
    );
    assert_eq!(
        refused(nothing().env("a=b", "c").build()),
        "a variable has an empty name, or one with '=' in it"
    );
    let missing = nothing()
        .preopen("/no/such/place", "/", wasi::Access::ReadOnly)
        .build();
    assert!(refused(missing).starts_with("cannot grant directory '/no/such/place': "));
}

#[test]
fn clocks_go_forward() {
    let mut guest = Guest::new(nothing());
    for clock in 0..4 {
        guest.call("clock_res_get", &[clock, RESULT]).unwrap();
        assert!((1..=1_000_000_000).contains(&guest.u64_at(RESULT)));
        guest.call("clock_time_get", &[clock, 0, RESULT]).unwrap();
        let first = guest.u64_at(RESULT);
        guest.call("clock_time_get", &[clock, 1, RESULT]).unwrap();
        assert!(guest.u64_at(RESULT) >= first);
    }
    assert_eq!(
        guest.call("clock_time_get", &[4, 0, RESULT]),
        Err(Errno::Inval)
    );
    assert_eq!(
        guest.call("clock_res_get", &[-1, RESULT]),
        Err(Errno::Inval)
    );
    // 2020-01-01, and the guest's own beginning.
    guest.call("clock_time_get", &[0, 0, RESULT]).unwrap();
    assert!(guest.u64_at(RESULT) > 1_577_836_800_000_000_000);
    guest.call("clock_time_get", &[1, 0, RESULT]).unwrap();
    assert!(guest.u64_at(RESULT) < 60_000_000_000);
}

#[test]
fn random_bytes_are_random_and_only_where_asked() {
    let mut guest = Guest::new(nothing());
    guest.call("random_get", &[0x100, 1024]).unwrap();
    assert!(guest.bytes_at(0x100, 1024).iter().any(|&byte| byte != 0));
    assert!(guest.bytes_at(0x500, 64).iter().all(|&byte| byte == 0));
    guest.call("random_get", &[0, 0]).unwrap();
    assert!(matches!(
        guest.raw("random_get", &[0, -1]),
        Err(Stop::Fault { .. })
    ));
}

#[test]
fn exits_and_signals_end_the_guest() {
    let mut guest = Guest::new(nothing());
    assert_eq!(guest.raw("proc_exit", &[33]), Err(Stop::Exit(Exit(33))));
    assert_eq!(guest.raw("proc_exit", &[-1]), Err(Stop::Exit(Exit(-1))));
    assert_eq!(guest.raw("proc_raise", &[6]), Err(Stop::Exit(Exit(134))));
    guest.call("proc_raise", &[0]).unwrap();
    guest.call("proc_raise", &[16]).unwrap();
    assert_eq!(guest.call("proc_raise", &[19]), Err(Errno::Notsup));
    assert_eq!(guest.call("proc_raise", &[31]), Err(Errno::Inval));
    guest.call("sched_yield", &[]).unwrap();
}
