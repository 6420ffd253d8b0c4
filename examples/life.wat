;; Conway's Game of Life on a torus: a gun that fires gliders, shown after every thirty generations.
;;
;;     cargo run --release -- run examples/life.wat
;;
;; The only import is WASI's fd_write, which prints the text that `$show` puts into memory.

(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param $fd i32) (param $iovs i32) (param $n_iovs i32) (param $n_written i32) (result i32)))

  ;; Memory:      0  one iovec (address, length), then the number of bytes written
  ;;             16  the first generation, as text
  ;;           4096  the cells of this generation, one byte each, row after row
  ;;           8192  the cells of the next generation
  ;;          12288  the text of one generation
  (memory (export "memory") 1)
  (global $width i32 (i32.const 64))
  (global $height i32 (i32.const 24))
  (global $cells (mut i32) (i32.const 4096))
  (global $next (mut i32) (i32.const 8192))

  (data (i32.const 16)
    "                                                                "
    "                          O                                     "
    "                        O O                                     "
    "              OO      OO            OO                          "
    "             O   O    OO            OO                          "
    "  OO        O     O   OO                                        "
    "  OO        O   O OO    O O                                     "
    "            O     O       O                                     "
    "             O   O                                              "
    "              OO                                                ")
  (global $pattern i32 (i32.const 16))
  (global $pattern_bytes i32 (i32.const 640))

  ;; The cell at column x, row y: both wrap around at the edges.
  (func $cell (param $x i32) (param $y i32) (result i32)
    (local.set $x (i32.rem_u (i32.add (local.get $x) (global.get $width)) (global.get $width)))
    (local.set $y (i32.rem_u (i32.add (local.get $y) (global.get $height)) (global.get $height)))
    (i32.load8_u
      (i32.add (global.get $cells) (i32.add (i32.mul (local.get $y) (global.get $width)) (local.get $x)))))

  ;; How many of the eight cells around one are alive.
  (func $neighbours (param $x i32) (param $y i32) (result i32)
    (local $left i32) (local $right i32) (local $above i32) (local $below i32)
    (local.set $left (i32.sub (local.get $x) (i32.const 1)))
    (local.set $right (i32.add (local.get $x) (i32.const 1)))
    (local.set $above (i32.sub (local.get $y) (i32.const 1)))
    (local.set $below (i32.add (local.get $y) (i32.const 1)))
    (call $cell (local.get $left) (local.get $above))
    (call $cell (local.get $x) (local.get $above))
    (call $cell (local.get $right) (local.get $above))
    (call $cell (local.get $left) (local.get $y))
    (call $cell (local.get $right) (local.get $y))
    (call $cell (local.get $left) (local.get $below))
    (call $cell (local.get $x) (local.get $below))
    (call $cell (local.get $right) (local.get $below))
    i32.add i32.add i32.add i32.add i32.add i32.add i32.add)

  ;; A living cell with two or three neighbours stays, a dead one with three is born.
  (func $step
    (local $x i32) (local $y i32) (local $n i32) (local $to i32)
    (local.set $to (global.get $next))
    (loop $rows
      (local.set $x (i32.const 0))
      (loop $columns
        (local.set $n (call $neighbours (local.get $x) (local.get $y)))
        (i32.store8 (local.get $to)
          (i32.or
            (i32.eq (local.get $n) (i32.const 3))
            (i32.and
              (i32.eq (local.get $n) (i32.const 2))
              (call $cell (local.get $x) (local.get $y)))))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (local.set $x (i32.add (local.get $x) (i32.const 1)))
        (br_if $columns (i32.lt_u (local.get $x) (global.get $width))))
      (local.set $y (i32.add (local.get $y) (i32.const 1)))
      (br_if $rows (i32.lt_u (local.get $y) (global.get $height))))
    ;; The generations change places.
    (global.get $cells)
    (global.set $cells (global.get $next))
    (global.set $next))

  ;; Prints the cells, then an empty line.
  (func $show
    (local $from i32) (local $to i32) (local $column i32) (local $end i32)
    (local.set $from (global.get $cells))
    (local.set $end (i32.add (local.get $from) (i32.mul (global.get $width) (global.get $height))))
    (local.set $to (i32.const 12288))
    (loop $rows
      (local.set $column (i32.const 0))
      (loop $columns
        (i32.store8 (local.get $to)
          (select (i32.const 79) (i32.const 46) (i32.load8_u (local.get $from)))) ;; O or .
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (local.set $column (i32.add (local.get $column) (i32.const 1)))
        (br_if $columns (i32.lt_u (local.get $column) (global.get $width))))
      (i32.store8 (local.get $to) (i32.const 10))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (br_if $rows (i32.lt_u (local.get $from) (local.get $end))))
    (i32.store8 (local.get $to) (i32.const 10))
    (i32.store (i32.const 0) (i32.const 12288))
    (i32.store (i32.const 4) (i32.sub (local.get $to) (i32.const 12287)))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))

  (func $start_pattern
    (local $at i32)
    (loop $cells
      (i32.store8 (i32.add (global.get $cells) (local.get $at))
        (i32.eq (i32.load8_u (i32.add (global.get $pattern) (local.get $at))) (i32.const 79)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $cells (i32.lt_u (local.get $at) (global.get $pattern_bytes)))))

  (func (export "_start")
    (local $generation i32)
    (call $start_pattern)
    (call $show)
    (loop $generations
      (call $step)
      (local.set $generation (i32.add (local.get $generation) (i32.const 1)))
      (if (i32.eqz (i32.rem_u (local.get $generation) (i32.const 30)))
        (then (call $show)))
      (br_if $generations (i32.lt_u (local.get $generation) (i32.const 90))))))
