;; Names of the name section, as they were written.
;; RUN: demangle -t %
;; RUN[binary]: demangle % -o %tmp/out.wasm && wasm2wat %tmp/out.wasm
;; RUN[names]: demangle --names _Z3food _ZN4core3fmt5write17h0123456789abcdefE main
;; RUN[filter]: demangle --filter
;; STDIN[filter]: %
(module
  (func $main (local $_Z3foov i32))
  (func $_ZN4rustE)
  (func $_RINvNtC3std3mem4swaphEB4_)
  (func $_Z3food (call $_ZN4rustE)))
