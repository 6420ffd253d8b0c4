;; RUN: validate %
;; EXIT: 1
(module binary "\00asm" "\01\00\00\00" "\01\05\01\60")
