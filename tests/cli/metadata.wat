;; RUN: metadata show %
;; RUN[json]: metadata show --json %
;; RUN[add]: metadata add --name new --language C=23 --sdk kit=1 --version 2.0 --clear-authors % -o %tmp/a.wasm && metadata show %tmp/a.wasm
;; RUN[twice]: metadata add --authors me --authors you %
;; EXIT[twice]: 2
;; RUN[malformed]: metadata add --language C %
;; EXIT[malformed]: 2

;; A name, a producer, an author; the last in more than a line, and with what would move a cursor.
(module $old
  (@producers (language "WAT" ""))
  (@custom "authors" "first\nsecond \1b[31m")
)
