//! Types in the words of the text format.
//!
//! Apart because the parser's own words tell module indices from others, which readers of modules need not know.

use std::fmt::Display;

use wasmparser::{HeapType, RefType};

/// A value, reference or storage type.
pub(crate) fn type_words(ty: &impl Display) -> String {
    let text = ty.to_string();
    match text.split_once("(module ") {
        // The parenthesis that closes the index is the first behind it.
        Some((before, rest)) => format!("{before}{}", rest.replacen(')', "", 1)),
        None => text,
    }
}

/// A heap type.
pub(crate) fn heap_type_words(ty: &HeapType) -> String {
    let text = RefType::new(false, *ty).map_or(String::new(), |ty| type_words(&ty));
    match text
        .strip_prefix("(ref ")
        .and_then(|it| it.strip_suffix(')'))
    {
        Some(heap) => heap.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{heap_type_words, type_words};
    use wasmparser::{AbstractHeapType, HeapType, RefType, UnpackedIndex, ValType};

    #[test]
    fn types_are_as_text_says_them() {
        let indexed = HeapType::Concrete(UnpackedIndex::Module(7));
        let reference = |nullable| RefType::new(nullable, indexed).expect("small indices fit");
        assert_eq!(type_words(&ValType::I32), "i32");
        assert_eq!(type_words(&RefType::FUNCREF), "funcref");
        assert_eq!(type_words(&reference(true)), "(ref null 7)");
        assert_eq!(type_words(&reference(false)), "(ref 7)");
        assert_eq!(heap_type_words(&indexed), "7");
        let i31 = HeapType::Abstract {
            shared: false,
            ty: AbstractHeapType::I31,
        };
        assert_eq!(heap_type_words(&i31), "i31");
    }
}
