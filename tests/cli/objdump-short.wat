;; A file that ends in its first bytes.
;; RUN: objdump %
;; EXIT: 1
(module binary "\00asm\01")
