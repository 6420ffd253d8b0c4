//! What becomes of the entries of an index space.
//!
//! Apart from applying it because it is what analyses give.

/// Which entries of an index space stay, and what their numbers become.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Renumbering {
    /// By old number.
    new: Vec<u32>,
    /// By old number: whether the entry goes, and another one stands for it. Empty if there is none.
    replaced: Vec<bool>,
    n_kept: u32,
}

const GONE: u32 = u32::MAX;

impl Renumbering {
    /// All of `n` entries stay as they are.
    pub fn identity(n: usize) -> Renumbering {
        Renumbering::keeping(n, |_| true)
    }

    /// Of `n` entries those stay for which `keep` is true, in their order.
    pub fn keeping(n: usize, mut keep: impl FnMut(usize) -> bool) -> Renumbering {
        let mut n_kept = 0;
        let new = (0..n).map(|old| match keep(old) {
            true => {
                n_kept += 1;
                n_kept - 1
            }
            false => GONE,
        });
        Renumbering {
            new: new.collect(),
            replaced: Vec::new(),
            n_kept,
        }
    }

    /// Of `n` entries those stay that `order` lists by their old numbers, in this order.
    ///
    /// # Panics
    /// If it lists one twice, or one that there is not.
    pub fn ordered(n: usize, order: &[u32]) -> Renumbering {
        let mut new = vec![GONE; n];
        for (at, &old) in order.iter().enumerate() {
            let place = &mut new[old as usize];
            assert_eq!(*place, GONE, "entry {old} is listed once");
            *place = at as u32;
        }
        Renumbering {
            new,
            replaced: Vec::new(),
            n_kept: order.len() as u32,
        }
    }

    /// Of all entries those stay that are their own representative in `by`, in their order; each other one goes, and what names it
    /// names its representative instead.
    ///
    /// # Panics
    /// If a representative has another one.
    pub fn merging(by: &[u32]) -> Renumbering {
        let is_own = |at: usize| by[at] as usize == at;
        let mut numbers = Renumbering::keeping(by.len(), is_own);
        numbers.replaced = vec![false; by.len()];
        for (at, &by) in by.iter().enumerate() {
            assert!(is_own(by as usize), "entry {by} stands for {at}, and stays");
            if by as usize != at {
                numbers.new[at] = numbers.new[by as usize];
                numbers.replaced[at] = true;
            }
        }
        numbers
    }

    /// Both: those stay that `order` lists, in this order; each other one goes, and what names it names its representative in `by`, if
    /// that stays.
    ///
    /// # Panics
    /// If `order` lists an entry twice, or one that there is not.
    pub fn ordered_merging(order: &[u32], by: &[u32]) -> Renumbering {
        let mut numbers = Renumbering::ordered(by.len(), order);
        let own = numbers.new.clone();
        numbers.replaced = vec![false; by.len()];
        for (at, &by) in by.iter().enumerate() {
            if own[at] == GONE && own[by as usize] != GONE {
                numbers.new[at] = own[by as usize];
                numbers.replaced[at] = true;
            }
        }
        numbers
    }

    /// What number an entry gets, or the one that stands for it; `None` if it goes, or there is none.
    pub fn get(&self, old: u32) -> Option<u32> {
        self.new
            .get(old as usize)
            .copied()
            .filter(|new| *new != GONE)
    }

    /// Whether an entry stays itself.
    pub fn keeps(&self, old: u32) -> bool {
        self.get(old).is_some() && !self.replaced.get(old as usize).is_some_and(|&is| is)
    }

    /// How many entries there were.
    #[expect(
        clippy::len_without_is_empty,
        reason = "whether there were none is no question"
    )]
    pub fn len(&self) -> usize {
        self.new.len()
    }

    /// How many entries stay.
    pub fn n_kept(&self) -> u32 {
        self.n_kept
    }

    /// Whether nothing changes.
    pub fn is_identity(&self) -> bool {
        let same = |(old, &new): (usize, &u32)| old as u32 == new;
        self.new.iter().enumerate().all(same)
    }

    /// The old numbers of what stays, in the new order; only those from `first` on.
    pub(crate) fn order_from(&self, first: u32) -> Vec<u32> {
        let n = self.new.len() as u32;
        let mut order: Vec<u32> = (first..n).filter(|&old| self.keeps(old)).collect();
        order.sort_by_key(|&old| self.new[old as usize]);
        order
    }
}
