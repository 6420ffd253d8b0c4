//! The garbage-collected heap of a store: when it is made, what its types look like, and where references to its objects are.
//!
//! Apart from the heap itself, which knows no types and no roots, and from the operators, which know no roots.

use crate::extern_value::drop_dead;
use crate::vm::GlobalCell;
use crate::{Error, LoadedModule, StoreCore};
use abi::gc::{KIND_EXN, KIND_STRUCT, ObjectLayout, is_traced, storage_bytes};
use gc::{Dead, Exhausted, Heap, HeapSettings, Shape};
use module::{CompositeType, SubType, ValType};
use ops::Trap;

/// How objects of a type look to the collector. Those of a function type are exceptions of its tags.
fn shape(ty: &SubType) -> Shape {
    let fixed = |kind, layout: &ObjectLayout| {
        let traced = layout.fields.iter().filter(|f| is_traced(f.storage));
        let refs: Vec<u32> = traced.map(|field| field.offset).collect();
        Shape::fixed(kind, layout.size, &refs)
    };
    match &ty.composite {
        CompositeType::Struct(ty) => fixed(KIND_STRUCT, &ObjectLayout::of_struct(ty)),
        CompositeType::Func(ty) => fixed(KIND_EXN, &ObjectLayout::of_exn(ty)),
        CompositeType::Array(ty) => {
            let storage = ty.element.storage;
            let shift = storage_bytes(storage).trailing_zeros();
            Shape::array(shift as u8, is_traced(storage))
        }
    }
}

/// Whether values of a type are references into the heap.
pub(crate) fn is_traced_val(ty: ValType) -> bool {
    matches!(ty, ValType::Ref(ty) if !ty.is_func())
}

/// Calls the function with the reference in the low half of a slot.
fn visit_low(slot: &mut u64, visit: &mut dyn FnMut(&mut u32)) {
    let mut reference = *slot as u32;
    visit(&mut reference);
    *slot = u64::from(reference);
}

impl StoreCore {
    /// The heap, made if there is none.
    pub(crate) fn heap_or_make(&mut self) -> Result<&mut Heap, Error> {
        if self.heap.is_none() {
            let heap = Heap::new(HeapSettings {
                bytes_max: self.limits.gc_heap_bytes_max,
                stress: self.engine.settings().gc_stress,
            });
            let heap = heap.map_err(|error| Error::os("reserve a heap", error))?;
            self.heap = Some(Box::new(heap));
            self.publish_heap();
            for tag in 0..self.tags.len() {
                self.prepare_heap_for_tag(self.tags[tag].type_id);
            }
        }
        Ok(self.heap.as_mut().expect("just made"))
    }

    /// The heap, for reading.
    ///
    /// # Panics
    /// If there is none: then there are no objects either.
    pub(crate) fn heap(&self) -> &Heap {
        self.heap.as_ref().expect("there are objects, so a heap")
    }

    /// The heap, for anything but allocating.
    ///
    /// # Panics
    /// If there is none: then there are no objects either.
    pub(crate) fn heap_mut(&mut self) -> &mut Heap {
        self.heap.as_mut().expect("there are objects, so a heap")
    }

    /// Makes the heap ready for the types of a module, if it has any that objects can have.
    pub(crate) fn prepare_heap(&mut self, module: &LoadedModule) -> Result<(), Error> {
        let types = module.module().header().types();
        let of_objects = |ty: &SubType| !matches!(ty.composite, CompositeType::Func(_));
        if !types.iter().any(of_objects) {
            return Ok(());
        }
        let engine = self.engine.clone();
        let heap = self.heap_or_make()?;
        for (ty, &number) in types.iter().zip(module.type_ids()) {
            if of_objects(ty) && !heap.has_shape(number) {
                heap.set_shape(number, shape(&engine.types().get(number)));
            }
        }
        Ok(())
    }

    /// Makes the heap ready for objects of the type with this number.
    pub(crate) fn prepare_heap_for(&mut self, number: u32) -> Result<(), Error> {
        self.heap_or_make()?;
        self.prepare_heap_for_tag(number);
        Ok(())
    }

    /// Makes the heap, if there is one, ready for exceptions of a tag of this type: compiled code makes them as soon as there is a
    /// heap.
    pub(crate) fn prepare_heap_for_tag(&mut self, number: u32) {
        if let Some(heap) = &mut self.heap
            && !heap.has_shape(number)
        {
            heap.set_shape(number, shape(&self.engine.types().get(number)));
        }
    }

    /// Tells the heap what compiled code allocated, allocates, and tells compiled code where to go on.
    pub(crate) fn alloc(&mut self, alloc: impl FnOnce(&mut Heap) -> Option<u32>) -> Option<u32> {
        self.adopt_top();
        let object = alloc(self.heap.as_mut()?);
        self.publish_heap();
        object
    }

    /// How far compiled code has allocated.
    pub(crate) fn guest_top(&self) -> u32 {
        // SAFETY: the context belongs to the store, and no guest runs while the store is held.
        unsafe { (*self.ctx()).gc_top }
    }

    /// Takes over how far compiled code has allocated.
    fn adopt_top(&mut self) {
        let top = self.guest_top();
        if let Some(heap) = &mut self.heap {
            heap.set_top(top);
        }
    }

    /// Tells compiled code where it may allocate.
    fn publish_heap(&mut self) {
        let ctx = self.ctx();
        if let Some(heap) = &self.heap {
            // SAFETY: as in `adopt_top`.
            unsafe {
                (*ctx).gc_base = heap.base();
                (*ctx).gc_top = heap.top();
                (*ctx).gc_end = heap.end();
            }
        }
    }

    /// Collects so that an object of `bytes` can be made next. References that are in no root are wrong afterwards.
    ///
    /// # Errors
    /// [`Trap::HeapExhausted`], or [`Trap::AllocationTooLarge`] if no heap would have room for it.
    pub(crate) fn make_room(&mut self, bytes: u64) -> Result<(), Trap> {
        self.adopt_top();
        let mut heap = self.heap.take().expect("allocated in before");
        let mut dead = Dead::new();
        let outcome = heap.make_room(bytes, &mut |visit| self.visit_roots(visit), &mut dead);
        self.heap = Some(heap);
        self.publish_heap();
        drop_dead(dead);
        match outcome {
            Ok(()) => Ok(()),
            Err(Exhausted) if bytes > self.heap().object_bytes_max() => {
                Err(Trap::AllocationTooLarge)
            }
            Err(Exhausted) => Err(Trap::HeapExhausted),
        }
    }

    /// Makes an object of a fixed size with this type number, all zeros; collects if there is no room. References that are in no
    /// root may be wrong afterwards.
    ///
    /// # Errors
    /// As for [`make_room`](Self::make_room).
    pub(crate) fn new_struct(&mut self, ty: u32) -> Result<u32, Trap> {
        if let Some(object) = self.alloc(|heap| heap.alloc(ty)) {
            return Ok(object);
        }
        self.make_room(self.heap().array_bytes(ty, 0))?;
        let object = self.alloc(|heap| heap.alloc(ty));
        Ok(object.expect("room was made"))
    }

    /// Makes an array, all zeros; as [`new_struct`](Self::new_struct).
    ///
    /// # Errors
    /// As for [`make_room`](Self::make_room).
    pub(crate) fn new_array(&mut self, ty: u32, len: u32) -> Result<u32, Trap> {
        if let Some(array) = self.alloc(|heap| heap.alloc_array(ty, len)) {
            return Ok(array);
        }
        self.make_room(self.heap().array_bytes(ty, len))?;
        let array = self.alloc(|heap| heap.alloc_array(ty, len));
        Ok(array.expect("room was made"))
    }

    /// Collects all objects that nothing refers to.
    ///
    /// # Errors
    /// If the system has no memory for it.
    pub fn collect_garbage(&mut self) -> Result<(), Error> {
        self.adopt_top();
        let Some(mut heap) = self.heap.take() else {
            return Ok(());
        };
        let mut dead = Dead::new();
        let outcome = heap.collect(&mut |visit| self.visit_roots(visit), &mut dead);
        self.heap = Some(heap);
        self.publish_heap();
        drop_dead(dead);
        outcome.map_err(|Exhausted| Trap::HeapExhausted.into())
    }

    /// Calls the function with every reference into the heap that is not in it.
    fn visit_roots(&mut self, visit: &mut dyn FnMut(&mut u32)) {
        for global in &self.globals {
            if is_traced_val(global.ty.content) {
                visit_cell(global.cell, visit);
            }
        }
        for table in &mut self.tables {
            if !table.ty.element.is_func() {
                for element in table.elements_mut() {
                    visit_low(element, visit);
                }
            }
        }
        for instance in &mut self.instances {
            let header = instance.module.module().header().clone();
            for (segment, elements) in header.elems().iter().zip(&mut instance.elems) {
                if !segment.ty.is_func() {
                    for element in elements {
                        visit_low(element, visit);
                    }
                }
            }
        }
        for root in &mut self.roots {
            visit(root);
        }
        self.handles.visit(visit);
        self.owned_roots.visit(visit);
        if let Some(executor) = self.engine.executor().cloned() {
            executor.visit_roots(self, visit);
        }
        self.visit_stack_roots(visit);
    }
}

fn visit_cell(cell: std::ptr::NonNull<GlobalCell>, visit: &mut dyn FnMut(&mut u32)) {
    // SAFETY: the cell lives as long as the store, which is held mutably.
    let raw = unsafe { cell.read() };
    let mut bits = raw.u64();
    visit_low(&mut bits, visit);
    // SAFETY: as above.
    unsafe { cell.write(abi::Raw::from_u64(bits)) };
}
