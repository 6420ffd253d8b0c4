;; Sections, items, instructions and bytes of a module.
;; RUN: objdump %
;; RUN[details]: objdump -x %
;; RUN[code]: objdump -d %
;; RUN[raw]: objdump -s -j data %
;; RUN[bytes]: objdump --bytes %
;; RUN[json]: objdump --json -x -d %
;; RUN[one]: objdump --bytes --json -j type %
;; RUN[nosection]: objdump -x -j nothing %
;; EXIT[nosection]: 1
(module $m
  (type $pair (struct (field i32) (field (mut i64))))
  (import "env" "log" (func $log (param i32)))
  (import "env" "limit" (global $limit i32))
  (table $t 2 funcref)
  (memory $mem 1 4)
  (global $count (mut i32) (i32.const -1))
  (tag $oops (param i32))
  (export "main" (func $main))
  (start $init)
  (elem (i32.const 0) func $main $init)
  (data $hello (i32.const 16) "hello\n")
  (func $init)
  (func $main (param $n i32) (result f64) (local $x f64) (local i32 i32)
    (block $out
      (br_if $out (i32.eqz (local.get $n)))
      (call $log (i32.load offset=4 (local.get $n)))
      (call_indirect $t (i32.const 1000)))
    (global.set $count (i32.add (global.get $limit) (i32.const 1)))
    (f64.mul (local.get $x) (f64.const 1.5))))
