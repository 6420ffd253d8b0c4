;; A program of tail calls: an interpreter whose instructions each end with a call of the next one, through a table; and two
;; functions that call each other to a depth no stack has.
;; RUN[collatz]: run --tier %tier --invoke longest % 3000
;; RUN[even]: run --tier %tier --invoke even % 3000001
;; RUN[direct]: run --tier %tier --max-stack 64KiB --invoke countdown % 5000000
(module
  (type $instruction (func (param $pc i32) (param $n i64) (param $steps i64) (result i64)))
  (type $parity (func (param i32) (result i32)))
  (memory 1)
  (table $code 8 funcref)
  (elem (table $code) (i32.const 0) func $is_one $is_odd $halve $triple $jump $done)
  ;; The bytecode: each instruction is a byte, its operand the byte after it.
  ;;   0: is_one, to 10 if so    2: is_odd, to 6 if so    4: halve, to 0    6: triple, to 8    8: jump, to 0    10: done
  (data (i32.const 0) "\00\0a\01\06\02\00\03\08\04\00\05\00")

  (func $operand (param $pc i32) (result i32)
    (i32.load8_u offset=1 (local.get $pc)))
  (func $is_one (type $instruction) (param $pc i32) (param $n i64) (param $steps i64) (result i64)
    (local.set $pc
      (select (call $operand (local.get $pc)) (i32.add (local.get $pc) (i32.const 2))
        (i64.eq (local.get $n) (i64.const 1))))
    (return_call_indirect $code (type $instruction) (local.get $pc) (local.get $n) (local.get $steps)
      (i32.load8_u (local.get $pc))))
  (func $is_odd (type $instruction) (param $pc i32) (param $n i64) (param $steps i64) (result i64)
    (local.set $pc
      (select (call $operand (local.get $pc)) (i32.add (local.get $pc) (i32.const 2))
        (i32.wrap_i64 (i64.and (local.get $n) (i64.const 1)))))
    (return_call_indirect $code (type $instruction) (local.get $pc) (local.get $n) (local.get $steps)
      (i32.load8_u (local.get $pc))))
  (func $halve (type $instruction) (param $pc i32) (param $n i64) (param $steps i64) (result i64)
    (local.set $pc (call $operand (local.get $pc)))
    (return_call_indirect $code (type $instruction) (local.get $pc) (i64.shr_u (local.get $n) (i64.const 1))
      (i64.add (local.get $steps) (i64.const 1)) (i32.load8_u (local.get $pc))))
  (func $triple (type $instruction) (param $pc i32) (param $n i64) (param $steps i64) (result i64)
    (local.set $pc (call $operand (local.get $pc)))
    (return_call_indirect $code (type $instruction) (local.get $pc)
      (i64.add (i64.mul (local.get $n) (i64.const 3)) (i64.const 1))
      (i64.add (local.get $steps) (i64.const 1)) (i32.load8_u (local.get $pc))))
  (func $jump (type $instruction) (param $pc i32) (param $n i64) (param $steps i64) (result i64)
    (local.set $pc (call $operand (local.get $pc)))
    (return_call_indirect $code (type $instruction) (local.get $pc) (local.get $n) (local.get $steps)
      (i32.load8_u (local.get $pc))))
  (func $done (type $instruction) (param $pc i32) (param $n i64) (param $steps i64) (result i64)
    (local.get $steps))

  ;; The number below $end with the most steps to 1, and how many those are.
  (func (export "longest") (param $end i64) (result i64 i64)
    (local $best i64) (local $most i64) (local $steps i64)
    (loop $again
      (local.set $end (i64.sub (local.get $end) (i64.const 1)))
      (local.set $steps (call $is_one (i32.const 0) (local.get $end) (i64.const 0)))
      (if (i64.ge_u (local.get $steps) (local.get $most))
        (then (local.set $most (local.get $steps)) (local.set $best (local.get $end))))
      (br_if $again (i64.gt_u (local.get $end) (i64.const 1))))
    (local.get $best) (local.get $most))

  (elem declare func $even $odd)
  (func $even (export "even") (type $parity)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
    (return_call_ref $parity (i32.sub (local.get 0) (i32.const 1)) (ref.func $odd)))
  (func $odd (type $parity)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
    (return_call_ref $parity (i32.sub (local.get 0) (i32.const 1)) (ref.func $even)))

  ;; More parameters than registers, so that callers and callees move the stack, and not all the same number.
  (func $countdown (export "countdown") (param i32) (result i64)
    (return_call $wide (local.get 0) (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5) (i64.const 6)
      (i64.const 7) (i64.const 8) (i64.const 9) (i64.const 10)))
  (func $wide
    (param $n i32) (param $a i64) (param i64 i64 i64 i64 i64 i64 i64 i64) (param $last i64) (result i64)
    (if (i32.eqz (local.get $n)) (then (return (i64.add (local.get $a) (local.get $last)))))
    (return_call $narrow (i32.sub (local.get $n) (i32.const 1)) (local.get $last)))
  (func $narrow (param $n i32) (param $a i64) (result i64)
    (if (i32.eqz (local.get $n)) (then (return (local.get $a))))
    (return_call $wide (i32.sub (local.get $n) (i32.const 1)) (local.get $a) (i64.const 2) (i64.const 3) (i64.const 4)
      (i64.const 5) (i64.const 6) (i64.const 7) (i64.const 8) (i64.const 9) (i64.add (local.get $a) (i64.const 1)))))
