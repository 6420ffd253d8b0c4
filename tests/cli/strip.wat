;; RUN: strip % -o %tmp/a.wasm && metadata show %tmp/a.wasm
;; RUN[all]: strip --all % -o %tmp/a.wasm && metadata show %tmp/a.wasm
;; RUN[named]: strip -R note --producers % -o %tmp/a.wasm && metadata show --json %tmp/a.wasm
;; RUN[kept]: strip -a -k producers % -o %tmp/a.wasm && metadata show %tmp/a.wasm
;; RUN[matching]: strip -d ^prod % -o %tmp/a.wasm && metadata show %tmp/a.wasm
;; RUN[pattern]: strip -d ( %
;; EXIT[pattern]: 2
;; RUN[nothing]: strip absent.wasm
;; EXIT[nothing]: 1

;; What goes and what stays, in a component and the module in it.
(component $outer
  (core module $inner
    (func $f)
    (@custom "homepage" "https://example.com")
    (@producers (language "WAT" "2") (processed-by "tool" ""))
  )
  (@custom "description" "said of the outer one")
)
