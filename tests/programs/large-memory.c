// Memory with 64-bit addresses: a table of more than 4 GiB, of which one number in each MiB is used.
// zig cc -target wasm64-freestanding -Os -s -nostdlib -Wl,--no-entry,--export=fill large-memory.c -o large-memory.wasm
#include <stddef.h>
#include <stdint.h>

#define PAGE 65536

// Fills `gib` GiB with numbers a MiB apart, going up, reads them going down, and gives their sum; 0 if one has changed.
uint64_t fill(uint64_t gib) {
    uint64_t bytes = gib << 30, step = 1 << 20, sum = 0;
    size_t old = __builtin_wasm_memory_grow(0, bytes / PAGE);
    if (old == (size_t)-1) return 0;
    volatile uint8_t *start = (volatile uint8_t *)(old * PAGE);
    for (uint64_t at = 0; at < bytes; at += step) *(volatile uint64_t *)(start + at) = at * 3 + 1;
    for (uint64_t at = bytes; at > 0;) {
        at -= step;
        uint64_t value = *(volatile uint64_t *)(start + at);
        if (value != at * 3 + 1) return 0;
        sum += value;
    }
    return sum;
}
