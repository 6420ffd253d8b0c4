//! Prints how fast a module decodes: sections alone, bodies validated, bodies validated and folded, side tables.
//!
//! Apart from tests because it takes any file: `cargo run --release -p wharf-module --example read_speed -- FILE.wasm`.

use std::time::Instant;
use wharf_module as module;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("expected a file")?;
    let bytes = module::Bytes::from(std::fs::read(path)?);
    let features = module::Features::default();
    let mut scratch = module::ReadScratch::default();
    let megabytes = bytes.len() as f64 / 1e6;
    let report = |what: &str, start: Instant| {
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{what:12} {:8.1} ms  {:7.1} MB/s",
            seconds * 1e3,
            megabytes / seconds
        );
    };
    for _ in 0..3 {
        let start = Instant::now();
        let trusted = module::decode_trusted(bytes.clone())?;
        report("sections", start);

        let start = Instant::now();
        let mut result = Ok(());
        module::decode(bytes.clone(), &features, &mut |_, input| {
            if result.is_ok() {
                result = input.validate(&mut scratch);
            }
        })?;
        result?;
        report("validate", start);

        let start = Instant::now();
        let mut n_ops = 0;
        let mut result = Ok(());
        module::decode(bytes.clone(), &features, &mut |_, input| {
            let count = || -> Result<(), module::Error> {
                let mut body = input.read(&mut scratch)?;
                while let Some(op) = body.next()? {
                    n_ops += u64::from(std::hint::black_box(op).0 != 0);
                }
                Ok(())
            };
            if result.is_ok() {
                result = count();
            }
        })?;
        result?;
        report("fold", start);

        let start = Instant::now();
        for defined in 0..trusted.body_ranges().len() {
            std::hint::black_box(module::FuncCode::decode(&trusted, defined)?);
        }
        report("side tables", start);
        println!("{n_ops} operators\n");
    }
    Ok(())
}
