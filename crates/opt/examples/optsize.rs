//! x
fn main() {
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).unwrap();
        let t = std::time::Instant::now();
        match wharf_opt::optimize(bytes.clone(), wharf_opt::Level::SIZE) {
            Ok(out) => {
                println!(
                    "{path:50} {} -> {} ({:.4}) {:?}",
                    bytes.len(),
                    out.len(),
                    out.len() as f64 / bytes.len() as f64,
                    t.elapsed()
                );
                if let Ok(to) = std::env::var("OUT") {
                    std::fs::write(to, &out).unwrap();
                }
            }
            Err(e) => println!("{path:50} {e}"),
        }
    }
}
