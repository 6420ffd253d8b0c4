;; Loops over arrays, which compilers may do with vectors or with other addresses: at all distances between what is read and what is
;; written, of all lengths, and out of bounds. Each is compared with a loop whose body is a call, which stays as it is.

(module
  (memory (export "memory") 1)

  (func $reset (local $i i32)
    (loop $next
      (i32.store8 (local.get $i)
        (i32.add (i32.const 1)
          (i32.shr_u (i32.mul (local.get $i) (i32.const 0x9e3779b1)) (i32.const 26))))
      (br_if $next
        (i32.lt_u (local.tee $i (call $plus (local.get $i) (i32.const 1))) (i32.const 2048)))))

  (func $plus (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))

  (func $hash (result i64) (local $i i32) (local $hash i64)
    (loop $next
      (local.set $hash
        (i64.rotl
          (i64.mul (i64.xor (local.get $hash) (i64.load (local.get $i))) (i64.const 0x9e3779b97f4a7c15))
          (i64.const 23)))
      (br_if $next (i32.ne (local.tee $i (call $plus (local.get $i) (i32.const 8))) (i32.const 2048))))
    (local.get $hash))

  ;; By name: one element, and the loop over n of them.
  (func $copy-one (param $to i32) (param $from i32)
    (i32.store8 (local.get $to) (i32.load8_u (local.get $from))))
  (func $copy (param $to i32) (param $from i32) (param $n i32)
    (loop $next
      (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func $copy-by-call (param $to i32) (param $from i32) (param $n i32)
    (loop $next
      (call $copy-one (local.get $to) (local.get $from))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  ;; to[i] = (to[i] * 3 + from[i]) ^ (from[i] << 5), two elements a round.
  (func $mix-one (param $to i32) (param $from i32)
    (i32.store (local.get $to)
      (i32.xor
        (i32.add (i32.mul (i32.load (local.get $to)) (i32.const 3)) (i32.load (local.get $from)))
        (i32.shl (i32.load (local.get $from)) (i32.const 5)))))
  (func $mix (param $to i32) (param $from i32) (param $n i32) (local $i i32) (local $a i32) (local $b i32)
    (local.set $n (i32.shl (local.get $n) (i32.const 3)))
    (loop $next
      (local.set $a (i32.add (local.get $to) (local.get $i)))
      (local.set $b (i32.add (local.get $from) (local.get $i)))
      (i32.store (local.get $a)
        (i32.xor
          (i32.add (i32.mul (i32.load (local.get $a)) (i32.const 3)) (i32.load (local.get $b)))
          (i32.shl (i32.load (local.get $b)) (i32.const 5))))
      (i32.store offset=4 (local.get $a)
        (i32.xor
          (i32.add (i32.mul (i32.load offset=4 (local.get $a)) (i32.const 3)) (i32.load offset=4 (local.get $b)))
          (i32.shl (i32.load offset=4 (local.get $b)) (i32.const 5))))
      (br_if $next (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 8))) (local.get $n)))))
  (func $mix-by-call (param $to i32) (param $from i32) (param $n i32)
    (loop $next
      (call $mix-one (local.get $to) (local.get $from))
      (call $mix-one (call $plus (local.get $to) (i32.const 4)) (call $plus (local.get $from) (i32.const 4)))
      (local.set $to (i32.add (local.get $to) (i32.const 8)))
      (local.set $from (i32.add (local.get $from) (i32.const 8)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  ;; to[i] = (from[i-1] + from[i]) * 0.5, and the one before is carried.
  (func $mean-one (param $to i32) (param $from i32) (param $before f64)
    (f64.store (local.get $to)
      (f64.mul (f64.add (local.get $before) (f64.load (local.get $from))) (f64.const 0.5))))
  (func $mean (param $to i32) (param $from i32) (param $n i32) (local $before f64) (local $here f64)
    (local.set $before (f64.load (local.get $from)))
    (local.set $from (i32.add (local.get $from) (i32.const 8)))
    (loop $next
      (local.set $here (f64.load (local.get $from)))
      (f64.store (local.get $to)
        (f64.mul (f64.add (local.get $before) (local.get $here)) (f64.const 0.5)))
      (local.set $before (local.get $here))
      (local.set $to (i32.add (local.get $to) (i32.const 8)))
      (local.set $from (i32.add (local.get $from) (i32.const 8)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func $mean-by-call (param $to i32) (param $from i32) (param $n i32) (local $before f64) (local $here f64)
    (local.set $before (f64.load (local.get $from)))
    (local.set $from (i32.add (local.get $from) (i32.const 8)))
    (loop $next
      (local.set $here (f64.load (local.get $from)))
      (call $mean-one (local.get $to) (local.get $from) (local.get $before))
      (local.set $before (local.get $here))
      (local.set $to (i32.add (local.get $to) (i32.const 8)))
      (local.set $from (i32.add (local.get $from) (i32.const 8)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  ;; to[i] = from[i] + from[16], which is the same for all rounds unless the loop writes it.
  (func $add-one (param $to i32) (param $from i32) (param $same i32)
    (i32.store16 (local.get $to)
      (i32.add (i32.load16_s (local.get $from)) (i32.load16_u (local.get $same)))))
  (func $add (param $to i32) (param $from i32) (param $n i32) (local $same i32) (local $i i32)
    (local.set $same (i32.add (local.get $from) (i32.const 32)))
    (loop $next
      (i32.store16 (local.get $to)
        (i32.add (i32.load16_s (local.get $from)) (i32.load16_u (local.get $same))))
      (local.set $to (i32.add (local.get $to) (i32.const 2)))
      (local.set $from (i32.add (local.get $from) (i32.const 2)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))))
  (func $add-by-call (param $to i32) (param $from i32) (param $n i32) (local $same i32)
    (local.set $same (i32.add (local.get $from) (i32.const 32)))
    (loop $next
      (call $add-one (local.get $to) (local.get $from) (local.get $same))
      (local.set $to (i32.add (local.get $to) (i32.const 2)))
      (local.set $from (i32.add (local.get $from) (i32.const 2)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  ;; Sums bytes while it copies: no lanes, but addresses. The counter goes down.
  (global $sum (mut i32) (i32.const 0))
  (func $sum-one (param $to i32) (param $from i32)
    (i32.store16 (local.get $to) (i32.mul (i32.load8_u (local.get $from)) (i32.const 257)))
    (global.set $sum
      (i32.add (i32.mul (global.get $sum) (i32.const 31)) (i32.load8_s (local.get $from)))))
  (func $sum-up (param $to i32) (param $from i32) (param $n i32) (local $sum i32)
    (loop $next
      (i32.store16 (local.get $to) (i32.mul (i32.load8_u (local.get $from)) (i32.const 257)))
      (local.set $sum
        (i32.add (i32.mul (local.get $sum) (i32.const 31)) (i32.load8_s (local.get $from))))
      (local.set $to (i32.add (local.get $to) (i32.const 2)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (br_if $next (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
    (i32.store (i32.const 2044) (local.get $sum)))
  (func $sum-by-call (param $to i32) (param $from i32) (param $n i32)
    (global.set $sum (i32.const 0))
    (loop $next
      (call $sum-one (local.get $to) (local.get $from))
      (local.set $to (i32.add (local.get $to) (i32.const 2)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.store (i32.const 2044) (global.get $sum)))

  (type $loop (func (param i32 i32 i32)))
  (table funcref (elem $copy $copy-by-call $mix $mix-by-call $mean $mean-by-call $add $add-by-call
    $sum-up $sum-by-call))

  ;; The number of distances and lengths for which a loop does something else than the one that calls.
  (func (export "differences") (param $which i32) (result i32)
    (local $from i32) (local $n i32) (local $hash i64) (local $wrong i32)
    (local.set $from (i32.const 986))
    (loop $distances
      (local.set $n (i32.const 1))
      (loop $lengths
        (call $reset)
        (call_indirect (type $loop) (i32.const 1024) (local.get $from) (local.get $n) (local.get $which))
        (local.set $hash (call $hash))
        (call $reset)
        (call_indirect (type $loop) (i32.const 1024) (local.get $from) (local.get $n)
          (i32.add (local.get $which) (i32.const 1)))
        (local.set $wrong (i32.add (local.get $wrong) (i64.ne (call $hash) (local.get $hash))))
        (local.set $n (i32.add (i32.add (local.get $n) (i32.const 1)) (i32.shr_u (local.get $n) (i32.const 1))))
        (br_if $lengths (i32.lt_u (local.get $n) (i32.const 120))))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (br_if $distances (i32.ne (local.get $from) (i32.const 1060))))
    (local.get $wrong))

  (func (export "copy") (param i32 i32 i32)
    (call $copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "mix") (param i32 i32 i32)
    (call $mix (local.get 0) (local.get 1) (local.get 2)))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "reset") (call $reset))

  ;; Bytes from `at` on that are 0x55, which `fill` writes.
  (func (export "fill") (param $at i32) (param $end i32)
    (loop $next
      (i32.store8 (local.get $at) (i32.const 0x55))
      (br_if $next (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end)))))
  ;; Its low byte, as bytes, n of them; and 8 bytes at a time, all the same or not.
  (func (export "fill bytes") (param $at i32) (param $n i32) (param $byte i64)
    (loop $next
      (i64.store8 (local.get $at) (local.get $byte))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "fill with -1") (param $at i32) (param $end i32)
    (loop $next
      (i64.store (local.get $at) (i64.const -1))
      (br_if $next (i32.lt_s (local.tee $at (i32.add (local.get $at) (i32.const 8))) (local.get $end)))))
  (func (export "fill with 1") (param $at i32) (param $end i32)
    (loop $next
      (i64.store (local.get $at) (i64.const 1))
      (br_if $next (i32.lt_s (local.tee $at (i32.add (local.get $at) (i32.const 8))) (local.get $end)))))

  (func (export "count") (param $at i32) (result i32) (local $n i32)
    (loop $next
      (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x55))
        (then
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $next
            (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 65536))))))
    (local.get $n))

  ;; A stride, so that the end is missed: the loop goes on until it wraps, or is out of bounds.
  (func (export "miss") (param $at i32) (param $end i32)
    (loop $next
      (i32.store8 (local.get $at) (i32.const 0x77))
      (br_if $next (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 3))) (local.get $end)))))
)

(assert_return (invoke "differences" (i32.const 0)) (i32.const 0))
(assert_return (invoke "differences" (i32.const 2)) (i32.const 0))
(assert_return (invoke "differences" (i32.const 4)) (i32.const 0))
(assert_return (invoke "differences" (i32.const 6)) (i32.const 0))
(assert_return (invoke "differences" (i32.const 8)) (i32.const 0))

;; All that is inside is written before the trap.
(assert_trap (invoke "fill" (i32.const 65000) (i32.const 65540)) "out of bounds memory access")
(assert_return (invoke "count" (i32.const 65000)) (i32.const 536))
(assert_return (invoke "count" (i32.const 64999)) (i32.const 0))
(assert_return (invoke "fill" (i32.const 64000) (i32.const 65536)))
(assert_return (invoke "count" (i32.const 64000)) (i32.const 1536))
(assert_return (invoke "count" (i32.const 63999)) (i32.const 0))
;; What begins below zero is out of bounds, though the rest is not.
(assert_trap (invoke "fill" (i32.const -100) (i32.const 100)) "out of bounds memory access")
;; An end behind the start: through all of the address space.
(assert_trap (invoke "fill" (i32.const 63000) (i32.const 62000)) "out of bounds memory access")
(assert_return (invoke "count" (i32.const 63000)) (i32.const 2536))
(assert_trap (invoke "miss" (i32.const 60000) (i32.const 60100)) "out of bounds memory access")
(assert_return (invoke "load" (i32.const 60099)) (i32.const 0x77))
(assert_return (invoke "load" (i32.const 60102)) (i32.const 0x77))
(assert_return (invoke "load" (i32.const 65535)) (i32.const 0x77))
(assert_return (invoke "load" (i32.const 65534)) (i32.const 0x55))
(assert_return (invoke "load" (i32.const 65533)) (i32.const 0x55))

;; The source ends before the target does, and the other way round.
(invoke "reset")
(assert_trap (invoke "copy" (i32.const 0) (i32.const 65500) (i32.const 100)) "out of bounds memory access")
(assert_return (invoke "load" (i32.const 30)) (i32.const 0x55))
(assert_return (invoke "load" (i32.const 36)) (i32.const 16))
(assert_trap (invoke "copy" (i32.const 65500) (i32.const 100) (i32.const 100)) "out of bounds memory access")
(assert_trap (invoke "mix" (i32.const 65536) (i32.const 0) (i32.const 100)) "out of bounds memory access")

;; Fills.
(invoke "reset")
(assert_return (invoke "fill bytes" (i32.const 100) (i32.const 300) (i64.const 0x1234567855)))
(assert_return (invoke "load" (i32.const 99)) (i32.const 12))
(assert_return (invoke "load" (i32.const 100)) (i32.const 0x55))
(assert_return (invoke "load" (i32.const 399)) (i32.const 0x55))
(assert_return (invoke "load" (i32.const 400)) (i32.const 14))
(assert_trap (invoke "fill bytes" (i32.const 65500) (i32.const 100) (i64.const 0xaa)) "out of bounds memory access")
(assert_return (invoke "load" (i32.const 65535)) (i32.const 0xaa))
(assert_return (invoke "load" (i32.const 65500)) (i32.const 0xaa))
(assert_return (invoke "fill with -1" (i32.const 200) (i32.const 360)))
(assert_return (invoke "load" (i32.const 199)) (i32.const 0x55))
(assert_return (invoke "load" (i32.const 200)) (i32.const 0xff))
(assert_return (invoke "load" (i32.const 359)) (i32.const 0xff))
(assert_return (invoke "load" (i32.const 360)) (i32.const 0x55))
(assert_return (invoke "fill with 1" (i32.const 204) (i32.const 350)))
(assert_return (invoke "load" (i32.const 203)) (i32.const 0xff))
(assert_return (invoke "load" (i32.const 204)) (i32.const 1))
(assert_return (invoke "load" (i32.const 205)) (i32.const 0))
(assert_return (invoke "load" (i32.const 348)) (i32.const 1))
(assert_return (invoke "load" (i32.const 355)) (i32.const 0))
(assert_return (invoke "load" (i32.const 356)) (i32.const 0xff))

;; What is computed for nothing may trap, and then nothing is written behind it; nor may it be done early where all is done as it was.
(module
  (memory 1)
  (func (export "divide") (param $n i32) (local $i i32)
    (loop $next
      (i32.store (i32.shl (local.get $i) (i32.const 2))
        (i32.add
          (i32.load offset=32768 (i32.shl (local.get $i) (i32.const 2)))
          (i32.const 1)))
      (drop (i32.div_s (i32.const 100) (i32.sub (i32.const 50) (local.get $i))))
      (br_if $next
        (i32.lt_u
          (local.tee $i (i32.add (local.get $i) (i32.const 1)))
          (local.get $n)))))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
)
(assert_return (invoke "divide" (i32.const 40)))
(assert_return (invoke "load" (i32.const 156)) (i32.const 1))
(assert_return (invoke "load" (i32.const 160)) (i32.const 0))
(assert_trap (invoke "divide" (i32.const 100)) "integer divide by zero")
(assert_return (invoke "load" (i32.const 200)) (i32.const 1))
(assert_return (invoke "load" (i32.const 204)) (i32.const 0))
