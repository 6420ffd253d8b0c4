//! Modules whose functions throw and catch all the time.
//!
//! Apart from the generator of any modules because that makes few functions that catch what another one throws, and hardly any in
//! which it matters what locals were then.

use crate::Random;
use std::fmt::Write;

/// Statements in each other at most.
const DEPTH_MAX: usize = 5;

/// Clauses of the tags: the types of their payloads.
const TAGS: [&[&str]; 3] = [&[], &["i32"], &["i32", "i64"]];

/// A module, as text: some functions, each of which calls those before it.
pub(crate) fn module(random: &mut Random) -> String {
    let mut writer = Writer {
        random,
        out: String::new(),
        n_before: 0,
        labels: Vec::new(),
        n_labels: 0,
        n_left: 0,
    };
    writer.out +=
        "(module (memory (export \"m\") 1) (global $g (export \"g\") (mut i32) (i32.const 0))\n";
    writer.out += "(table funcref (elem $f0))\n";
    writer.out += "(type $t (func (param i32 i32) (result i32)))\n";
    writer.out += "(type $p2 (func (result i32 i64))) (type $p2r (func (result i32 i64 exnref)))\n";
    writer.out += "(type $p1r (func (result i32 exnref)))\n";
    for (nth, payload) in TAGS.iter().enumerate() {
        let _ = writeln!(writer.out, "(tag $e{nth} (param {}))", payload.join(" "));
    }
    for nth in 0..2 + writer.random.below(5) {
        writer.n_before = nth;
        writer.n_left = 10 + writer.random.below(60);
        let _ = writeln!(
            writer.out,
            "(func $f{nth} (export \"f{nth}\") (type $t) (local $a i32) (local $b i32) (local $w i64) (local $x exnref) (local $n0 i32) (local $n1 i32) (local $n2 i32)"
        );
        if nth == 0 {
            writer.out += "(if (i32.eqz (i32.rem_u (local.get 0) (i32.const 3))) (then (throw $e1 (local.get 1))))\n";
            writer.out +=
                "(if (i32.eqz (i32.rem_u (local.get 0) (i32.const 5))) (then (throw $e0)))\n";
            writer.out += "(if (i32.eqz (i32.rem_u (local.get 1) (i32.const 7))) (then (throw $e2 (local.get 0) (i64.extend_i32_u (local.get 1)))))\n";
        } else {
            writer.statements(0);
        }
        writer.expression(0);
        writer.out += ")\n";
    }
    writer.out += ")";
    writer.out
}

struct Writer<'r> {
    random: &'r mut Random,
    out: String,
    /// Functions that may be called.
    n_before: usize,
    /// Labels that pass nothing.
    labels: Vec<usize>,
    n_labels: usize,
    /// Statements that may still come in the function.
    n_left: usize,
}

impl Writer<'_> {
    fn statements(&mut self, depth: usize) {
        for _ in 0..1 + self.random.below(4) {
            if self.n_left == 0 {
                return;
            }
            self.n_left -= 1;
            self.statement(depth);
        }
    }

    fn local(&mut self) -> &'static str {
        ["0", "1", "$a", "$b"][self.random.below(4)]
    }

    fn label(&mut self) -> usize {
        self.n_labels += 1;
        self.n_labels
    }

    fn statement(&mut self, depth: usize) {
        let choice = self.random.below(if depth >= DEPTH_MAX { 8 } else { 15 });
        match choice {
            0..=2 => {
                let local = self.local();
                let _ = write!(self.out, "(local.set {local} ");
                self.expression(depth);
                self.out += ")\n";
            }
            3 => {
                self.out += "(global.set $g ";
                self.expression(depth);
                self.out += ")\n";
            }
            4 => {
                let _ = write!(
                    self.out,
                    "(i32.store (i32.const {}) ",
                    4 * self.random.below(8)
                );
                self.expression(depth);
                self.out += ")\n";
            }
            5 => {
                self.out += "(if ";
                self.expression(depth);
                self.out += "(then ";
                self.throw(depth);
                self.out += "))\n";
            }
            6 if !self.labels.is_empty() => {
                let label = self.labels[self.random.below(self.labels.len())];
                let _ = write!(self.out, "(br_if $l{label} ");
                self.expression(depth);
                self.out += ")\n";
            }
            7 => {
                self.out += "(drop ";
                self.call(depth);
                self.out += ")\n";
            }
            6 | 8 => {
                self.out += "(if ";
                self.expression(depth);
                self.out += "(then ";
                self.statements(depth + 1);
                self.out += ")";
                if self.random.below(2) == 0 {
                    self.out += "(else ";
                    self.statements(depth + 1);
                    self.out += ")";
                }
                self.out += ")\n";
            }
            9 if depth < 3 => {
                let label = self.label();
                let _ = write!(
                    self.out,
                    "(local.set $n{depth} (i32.const 3)) (loop $l{label} "
                );
                self.statements(depth + 1);
                let _ = writeln!(
                    self.out,
                    "(br_if $l{label} (local.tee $n{depth} (i32.sub (local.get $n{depth}) (i32.const 1)))))"
                );
            }
            9 | 10 => {
                let label = self.label();
                let _ = write!(self.out, "(block $l{label} ");
                self.labels.push(label);
                self.statements(depth + 1);
                self.labels.pop();
                self.out += ")\n";
            }
            _ => self.catch(depth),
        }
    }

    fn throw(&mut self, depth: usize) {
        match self.random.below(8) {
            0 => self.out += "(throw $e0)",
            1..=3 => {
                self.out += "(throw $e1 ";
                self.expression(depth);
                self.out += ")";
            }
            4 | 5 => {
                self.out += "(throw $e2 ";
                self.expression(depth);
                self.out += "(local.get $w))";
            }
            6 => self.out += "(throw_ref (local.get $x))",
            _ => {
                self.out += "(return ";
                self.expression(depth);
                self.out += ")";
            }
        }
    }

    /// Blocks that clauses lead to, in each other, and what catches in the innermost.
    fn catch(&mut self, depth: usize) {
        let n = 1 + self.random.below(3);
        let end = self.label();
        let mut clauses = Vec::new();
        for _ in 0..n {
            let tag = [Some(0), Some(1), Some(1), Some(2), None][self.random.below(5)];
            let with_ref = self.random.below(2) == 0;
            clauses.push((tag, with_ref, self.label()));
        }
        let _ = write!(self.out, "(block $l{end} ");
        self.labels.push(end);
        for &(tag, with_ref, label) in clauses.iter().rev() {
            let _ = write!(self.out, "(block $c{label} {} ", result(tag, with_ref));
        }
        self.out += "(try_table ";
        for &(tag, with_ref, label) in &clauses {
            let with_ref = if with_ref { "_ref" } else { "" };
            let _ = match tag {
                Some(tag) => write!(self.out, "(catch{with_ref} $e{tag} $c{label}) "),
                None => write!(self.out, "(catch_all{with_ref} $c{label}) "),
            };
        }
        self.statements(depth + 1);
        self.out += ")";
        let _ = writeln!(self.out, "(br $l{end})");
        for &(tag, with_ref, _) in &clauses {
            self.out += ")\n";
            if with_ref {
                self.out += ["(local.set $x)", "(drop)", "(throw_ref)"][self.random.below(3)];
            }
            let types = tag.map_or(&[][..], |tag: usize| TAGS[tag]);
            for &ty in types.iter().rev() {
                match (self.random.below(3), ty) {
                    (0, _) => self.out += "(drop)",
                    (_, "i64") => self.out += "(local.set $w)",
                    _ => {
                        let local = self.local();
                        let _ = write!(self.out, "(local.set {local})");
                    }
                }
            }
            self.statements(depth + 1);
            if self.random.below(3) == 0 {
                self.throw(depth + 1);
            }
            if self.random.below(2) == 0 {
                let _ = write!(self.out, "(br $l{end})");
            } else {
                // The next handler expects something.
                self.out += "(return (i32.const 77))";
            }
        }
        self.labels.pop();
        self.out += ")\n";
    }

    fn call(&mut self, depth: usize) {
        if self.n_before == 0 || depth > DEPTH_MAX + 2 {
            self.out += "(local.get 0)";
            return;
        }
        if self.random.below(6) == 0 {
            self.out += "(call_indirect (type $t) ";
            self.expression(depth + 1);
            self.expression(depth + 1);
            self.out += "(i32.const 0))";
            return;
        }
        let _ = write!(self.out, "(call $f{} ", self.random.below(self.n_before));
        self.expression(depth + 1);
        self.expression(depth + 1);
        self.out += ")";
    }

    fn expression(&mut self, depth: usize) {
        match self.random.below(if depth > DEPTH_MAX + 2 { 4 } else { 9 }) {
            0 => {
                let _ = write!(self.out, "(i32.const {})", self.random.below(20));
            }
            1..=3 => {
                let local = self.local();
                let _ = write!(self.out, "(local.get {local})");
            }
            4 => self.out += "(global.get $g)",
            5 => {
                let _ = write!(
                    self.out,
                    "(i32.load (i32.const {}))",
                    4 * self.random.below(8)
                );
            }
            6 | 7 => {
                let op = ["add", "sub", "xor", "lt_s"][self.random.below(4)];
                let _ = write!(self.out, "(i32.{op} ");
                self.expression(depth + 1);
                self.expression(depth + 1);
                self.out += ")";
            }
            _ => self.call(depth + 1),
        }
    }
}

/// What a clause leaves on the stack.
fn result(tag: Option<usize>, with_ref: bool) -> &'static str {
    match (tag, with_ref) {
        (None | Some(0), false) => "",
        (None | Some(0), true) => "(result exnref)",
        (Some(1), false) => "(result i32)",
        (Some(1), true) => "(result i32 exnref)",
        (_, false) => "(result i32 i64)",
        (_, true) => "(result i32 i64 exnref)",
    }
}

#[cfg(test)]
mod tests {
    use super::module;
    use crate::Random;

    #[test]
    fn what_is_made_is_valid() {
        for seed in 0..200 {
            let text = module(&mut Random::new(seed));
            let bytes = wharf_text::wat_to_wasm(&text, None);
            let bytes = bytes.unwrap_or_else(|error| panic!("{error}\n{text}"));
            let mut validator =
                wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all());
            let outcome = validator.validate_all(&bytes);
            outcome.unwrap_or_else(|error| panic!("{error}\n{text}"));
        }
    }
}
