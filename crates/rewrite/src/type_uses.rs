//! How often everything but the types themselves names each type.
//!
//! Apart from writing because nothing comes of it but numbers. They are counted while the module is written once more and thrown away, so
//! that they are of exactly the places that a renumbering has to change: decoded operators leave out some of them.

use crate::Error;
use crate::apply::{Gone, short_block_type};
use module::Module;
use wasm_encoder::reencode::{self, Reencode, utils};
use wasmparser::Parser;

/// By type: how many places name it, beside types. Names of the `name` section do not count.
///
/// # Errors
/// If the module has something that the encoder does not know.
pub fn type_uses(module: &Module) -> Result<Vec<u32>, Error> {
    let mut counter = Counter {
        module,
        counts: vec![0; module.header().n_defined_types()],
    };
    let mut out = wasm_encoder::Module::new();
    counter.parse_core_module(&mut out, Parser::new(0), module.bytes())?;
    Ok(counter.counts)
}

struct Counter<'m> {
    module: &'m Module,
    counts: Vec<u32>,
}

impl Reencode for Counter<'_> {
    type Error = Gone;

    fn type_index(&mut self, index: u32) -> Result<u32, reencode::Error<Gone>> {
        if let Some(count) = self.counts.get_mut(index as usize) {
            *count += 1;
        }
        Ok(index)
    }

    fn block_type(
        &mut self,
        ty: wasmparser::BlockType,
    ) -> Result<wasm_encoder::BlockType, reencode::Error<Gone>> {
        match short_block_type(self.module, ty) {
            Some([]) => Ok(wasm_encoder::BlockType::Empty),
            Some(&[ty, ..]) => {
                if let module::ValType::Ref(ty) = ty
                    && let module::HeapType::Concrete(_, ty) = ty.heap
                {
                    self.type_index(ty.0)?;
                }
                Ok(wasm_encoder::BlockType::Empty)
            }
            None => utils::block_type(self, ty),
        }
    }

    fn parse_type_section(
        &mut self,
        _types: &mut wasm_encoder::TypeSection,
        _section: wasmparser::TypeSectionReader<'_>,
    ) -> Result<(), reencode::Error<Gone>> {
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        _module: &mut wasm_encoder::Module,
        _section: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error<Gone>> {
        Ok(())
    }
}
