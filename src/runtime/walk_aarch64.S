// gort_walk_parked and gort_call_on_stack, aarch64 AAPCS. The contract is in walk.h.
//
// The frame that gort_switch saves, from low to high: x29 x30 x19..x28 d8..d15 (160 bytes,
// sched/switch_aarch64.S). x19, which the called function preserves, holds its address.
// Runs on any stack. Not here: the switch itself (sched/switch_aarch64.S).
#if defined(__aarch64__)
        .text
        .globl  gort_walk_parked
        .type   gort_walk_parked, %function
        .p2align 4
gort_walk_parked:
        .cfi_startproc
        stp     x29, x30, [sp, #-32]!
        .cfi_def_cfa_offset 32
        .cfi_rel_offset x29, 0
        .cfi_rel_offset x30, 8
        str     x19, [sp, #16]
        .cfi_rel_offset x19, 16
        mov     x19, x0
        mov     x0, x2
        .cfi_remember_state
        .cfi_def_cfa x19, 160
        .cfi_offset x29, -160
        .cfi_offset x30, -152
        .cfi_offset x19, -144
        .cfi_offset x20, -136
        .cfi_offset x21, -128
        .cfi_offset x22, -120
        .cfi_offset x23, -112
        .cfi_offset x24, -104
        .cfi_offset x25, -96
        .cfi_offset x26, -88
        .cfi_offset x27, -80
        .cfi_offset x28, -72
        blr     x1
        .cfi_restore_state
        ldr     x19, [sp, #16]
        ldp     x29, x30, [sp], #32
        .cfi_restore x19
        .cfi_restore x29
        .cfi_restore x30
        .cfi_def_cfa_offset 0
        ret
        .cfi_endproc
        .size   gort_walk_parked, .-gort_walk_parked

        .globl  gort_call_on_stack
        .type   gort_call_on_stack, %function
        .p2align 4
gort_call_on_stack:
        .cfi_startproc
        .cfi_undefined x30
        stp     x29, x30, [sp, #-32]!
        .cfi_def_cfa_offset 32
        str     x19, [sp, #16]
        mov     x19, sp
        mov     sp, x0
        mov     x0, x2
        blr     x1
        mov     sp, x19
        ldr     x19, [sp, #16]
        ldp     x29, x30, [sp], #32
        ret
        .cfi_endproc
        .size   gort_call_on_stack, .-gort_call_on_stack
#endif

// Also of the file that is empty on this machine: else the linker makes stacks executable.
        .section .note.GNU-stack,"",%progbits
