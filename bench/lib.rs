//! Benchmarks of Wharf beside a peer; see `README.md` in this folder.
