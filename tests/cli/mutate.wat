;; RUN: mutate --seed 1 % -t
;; RUN[smaller]: mutate --seed 3 --reduce % -t
;; RUN[same]: mutate --seed 9 --preserve-semantics % -o %tmp/a.wasm && run --invoke f %tmp/a.wasm

;; One change that its seed decides about.
(module (func (export "f") (result i32) (i32.add (i32.const 20) (i32.const 22))))
