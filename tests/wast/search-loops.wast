;; Loops that look for a byte or compare bytes, which compilers do with vectors: at each place in and around 32 aligned bytes, at the end of memory,
;; and where there is no such byte.

(module
  (memory (export "memory") 1 2)

  (func (export "put") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "fill") (param $from i32) (param $byte i32) (param $bytes i32)
    (memory.fill (local.get $from) (local.get $byte) (local.get $bytes)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))

  ;; The way toolchains write it, with a number that follows.
  (func $length (export "length") (param $at i32) (result i32)
    (local $n i32) (local $next i32) (local $byte i32)
    (loop $more
      (local.set $byte (i32.add (local.get $at) (local.get $n)))
      (local.set $n (local.tee $next (i32.add (local.get $n) (i32.const 1))))
      (br_if $more (i32.load8_u (local.get $byte))))
    (i32.add (local.get $next) (i32.const -1)))

  ;; Another value goes along by three.
  (func $find (export "find") (param $at i32) (result i32 i32)
    (local $thrice i32)
    (loop $more
      (if (i32.ne (i32.load8_s (local.get $at)) (i32.const -2))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (local.set $thrice (i32.sub (local.get $thrice) (i32.const 3)))
          (br $more))))
    (local.get $at) (local.get $thrice))

  (func (export "find-in-one-block") (param $at i32) (result i32 i32)
    (local $thrice i32)
    (loop $more
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $thrice (i32.sub (local.get $thrice) (i32.const 3)))
      (br_if $more (i32.ne (i32.load8_s offset=64 (local.get $at)) (i32.const -2))))
    (local.get $at) (local.get $thrice))

  ;; What is not a 7.
  (func $skip (export "skip") (param $at i32) (result i32)
    (local $here i32)
    (loop $more
      (local.set $here (local.get $at))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $more (i32.eq (i32.load8_u (local.get $here)) (i32.const 7))))
    (local.get $here))

  ;; The way C libraries write it.
  (func $compare (export "compare") (param $a i32) (param $b i32) (param $n i32) (result i32)
    (local $d i32)
    (block $done
      (block $same
        (br_if $same (i32.eqz (local.get $n)))
        (loop $more
          (br_if $done
            (local.tee $d (i32.sub (i32.load8_u (local.get $a)) (i32.load8_u (local.get $b)))))
          (local.set $a (i32.add (local.get $a) (i32.const 1)))
          (local.set $b (i32.add (local.get $b) (i32.const 1)))
          (br_if $more (local.tee $n (i32.add (local.get $n) (i32.const -1))))))
      (local.set $d (i32.const 0)))
    (local.get $d))

  ;; The number of lengths up to 80, and of places in it where one byte is greater, that are seen wrongly.
  (func (export "all-comparisons") (result i32)
    (local $n i32) (local $at i32) (local $wrong i32)
    (memory.fill (i32.const 1024) (i32.const 200) (i32.const 512))
    (loop $lengths
      (local.set $at (i32.const 0))
      (loop $places
        (i32.store8 (i32.add (i32.const 1025) (local.get $at)) (i32.const 203))
        (local.set $wrong
          (i32.add (local.get $wrong)
            (i32.ne
              (call $compare (i32.const 1025) (i32.const 1234) (local.get $n))
              (select (i32.const 3) (i32.const 0) (i32.lt_u (local.get $at) (local.get $n))))))
        (local.set $wrong
          (i32.add (local.get $wrong)
            (i32.ne
              (call $compare (i32.const 1234) (i32.const 1025) (local.get $n))
              (select (i32.const -3) (i32.const 0) (i32.lt_u (local.get $at) (local.get $n))))))
        (i32.store8 (i32.add (i32.const 1025) (local.get $at)) (i32.const 200))
        (br_if $places
          (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 81))))
      (br_if $lengths
        (i32.ne (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 81))))
    (local.get $wrong))

  ;; The number of pairs of a start up to 70 and a length up to 100 that are found wrongly.
  (func (export "all-lengths") (result i32)
    (local $start i32) (local $n i32) (local $wrong i32)
    (loop $starts
      (local.set $n (i32.const 0))
      (memory.fill (i32.const 1024) (i32.const 1) (i32.const 256))
      (loop $lengths
        (i32.store8 (i32.add (i32.add (local.get $start) (local.get $n)) (i32.const 1024)) (i32.const 0))
        (local.set $wrong
          (i32.add (local.get $wrong)
            (i32.ne (local.get $n) (call $length (i32.add (local.get $start) (i32.const 1024))))))
        (i32.store8 (i32.add (i32.add (local.get $start) (local.get $n)) (i32.const 1024)) (i32.const 255))
        (br_if $lengths
          (i32.ne (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 100))))
      (br_if $starts
        (i32.ne (local.tee $start (i32.add (local.get $start) (i32.const 1))) (i32.const 70))))
    (local.get $wrong))
)

(assert_return (invoke "all-lengths") (i32.const 0))
(assert_return (invoke "all-comparisons") (i32.const 0))

;; What differs before the end of memory is found, whatever the number is; what does not leads out of bounds.
(invoke "fill" (i32.const 65400) (i32.const 5) (i32.const 136))
(invoke "fill" (i32.const 0) (i32.const 5) (i32.const 500))
(assert_return (invoke "compare" (i32.const 65400) (i32.const 0) (i32.const 136)) (i32.const 0))
(assert_return (invoke "compare" (i32.const 65400) (i32.const 400) (i32.const 136)) (i32.const 5))
(assert_return (invoke "compare" (i32.const 400) (i32.const 65400) (i32.const -1)) (i32.const -5))
(assert_trap (invoke "compare" (i32.const 65400) (i32.const 0) (i32.const 137)) "out of bounds memory access")
(assert_trap (invoke "compare" (i32.const 0) (i32.const 65400) (i32.const -1)) "out of bounds memory access")
(assert_trap (invoke "compare" (i32.const -16) (i32.const -16) (i32.const 64)) "out of bounds memory access")

;; Zeros before the start do not matter.
(invoke "fill" (i32.const 0) (i32.const 0) (i32.const 65536))
(assert_return (invoke "length" (i32.const 77)) (i32.const 0))
(invoke "fill" (i32.const 77) (i32.const 9) (i32.const 500))
(assert_return (invoke "length" (i32.const 77)) (i32.const 500))
(assert_return (invoke "length" (i32.const 76)) (i32.const 0))
(assert_return (invoke "length" (i32.const 576)) (i32.const 1))

;; The last byte of memory is the last that may be looked at.
(invoke "fill" (i32.const 0) (i32.const 9) (i32.const 65535))
(assert_return (invoke "length" (i32.const 0)) (i32.const 65535))
(assert_return (invoke "length" (i32.const 65535)) (i32.const 0))
(assert_trap (invoke "length" (i32.const 65536)) "out of bounds memory access")
(assert_trap (invoke "length" (i32.const -1)) "out of bounds memory access")
(invoke "put" (i32.const 65535) (i32.const 9))
(assert_trap (invoke "length" (i32.const 0)) "out of bounds memory access")
(assert_trap (invoke "length" (i32.const 65510)) "out of bounds memory access")
(assert_trap (invoke "length" (i32.const 65535)) "out of bounds memory access")

(assert_trap (invoke "find" (i32.const 3)) "out of bounds memory access")
(assert_trap (invoke "find-in-one-block" (i32.const 3)) "out of bounds memory access")
(invoke "put" (i32.const 300) (i32.const 0xfe))
(assert_return (invoke "find" (i32.const 3)) (i32.const 300) (i32.const -891))
(assert_return (invoke "find" (i32.const 300)) (i32.const 300) (i32.const 0))
(assert_return (invoke "find-in-one-block" (i32.const 3)) (i32.const 236) (i32.const -699))
(assert_return (invoke "find-in-one-block" (i32.const 235)) (i32.const 236) (i32.const -3))
;; The address wraps, and with it the search.
(assert_trap (invoke "find-in-one-block" (i32.const -70)) "out of bounds memory access")
(assert_return (invoke "find-in-one-block" (i32.const -1)) (i32.const 236) (i32.const -711))

(assert_return (invoke "skip" (i32.const 5)) (i32.const 5))
(invoke "fill" (i32.const 5) (i32.const 7) (i32.const 65531))
(assert_trap (invoke "skip" (i32.const 5)) "out of bounds memory access")
(assert_return (invoke "skip" (i32.const 4)) (i32.const 4))
(assert_return (invoke "grow") (i32.const 1))
(assert_return (invoke "skip" (i32.const 5)) (i32.const 65536))
