;; Where addresses come from: text has lines of its own; without them, the function is known.
;; RUN: addr2line % 0x23 @25 35 0x2a
;; RUN[code]: addr2line --code-section-relative % 3 4
;; RUN[json]: addr2line --json % 0x23 0
;; RUN[plain]: wat2wasm % -o %tmp/plain.wasm && addr2line %tmp/plain.wasm 0x28 0x5 0x23
;; RUN[outside]: addr2line % 0xffffff
;; EXIT[outside]: 1
;; RUN[word]: addr2line % there
;; EXIT[word]: 2
(module
  (func $first (export "first")
    i32.const 1
    drop)
  (func $second
    i32.const 2
    drop))
