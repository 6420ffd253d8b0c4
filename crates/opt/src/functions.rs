//! Each function by itself: built, improved, written back.
//!
//! Apart from what is done with whole modules because functions do not wait for each other: threads take the next one.

use module::{FuncIdx, Module, ReadScratch};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What one thread needs for one function after another.
#[derive(Default)]
struct Worker {
    builder: ir::Builder,
    scratch: ReadScratch,
}

impl Worker {
    /// A shorter body of a function, if there is one.
    fn body(&mut self, module: &Module, func: FuncIdx, pipeline: &[&str]) -> Option<Vec<u8>> {
        let header = module.header();
        let input = module.body(func)?;
        let n_bytes = input.bytes_len();
        let ty = header.func_type(func);
        let reader = input.trusted().read(&mut self.scratch).ok()?;
        let built = self.builder.build(reader, ir::BuildOptions::default());
        let built = built.ok()?;
        let env = passes::Env::new(header, ty.params());
        passes::run(built, &env, pipeline);
        let mut body = Vec::with_capacity(n_bytes);
        // What cannot be written stays as it was.
        ir::emit(built, header, ty, &mut body).ok()?;
        (body.len() < n_bytes).then_some(body)
    }
}

/// New bodies for defined functions, by position; those that are `None` stay.
pub(crate) fn bodies(module: &Module, n_threads: usize, pipeline: &[&str]) -> Vec<Option<Vec<u8>>> {
    let header = module.header();
    let (n_imported, n) = (header.n_imported_funcs(), header.n_defined_funcs());
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(n));
    let work = || {
        let mut worker = Worker::default();
        let mut mine = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= n {
                break;
            }
            let func = FuncIdx((n_imported + at) as u32);
            if let Some(body) = worker.body(module, func, pipeline) {
                mine.push((at, body));
            }
        }
        done.lock().expect("no thread panics with it").extend(mine);
    };
    std::thread::scope(|scope| {
        for _ in 1..n_threads.min(n) {
            scope.spawn(work);
        }
        work();
    });
    let mut bodies = vec![None; n];
    for (at, body) in done.into_inner().expect("no thread panics with it") {
        bodies[at] = Some(body);
    }
    bodies
}
