// gort_switch and the first frame of a goroutine, aarch64 AAPCS.
//
// Saved frame, from low to high: x29 x30 x19..x28 d8..d15, 160 bytes. The CFI describes it, so a
// debugger, and gort's own dump, unwind a goroutine from its saved stack pointer.
// In:  x0 = where to store sp, x1 = sp to load, x2 = the goroutine left or null.
// Out: x0 = current thread. The contract is in switch.h.
#if defined(__aarch64__)
        .text
        .globl  gort_switch
        .type   gort_switch, %function
        .p2align 4
gort_switch:
        .cfi_startproc
        stp     x29, x30, [sp, #-160]!
        .cfi_def_cfa_offset 160
        .cfi_rel_offset x29, 0
        .cfi_rel_offset x30, 8
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
        stp     d8, d9, [sp, #96]
        stp     d10, d11, [sp, #112]
        stp     d12, d13, [sp, #128]
        stp     d14, d15, [sp, #144]
        .cfi_rel_offset x19, 16
        .cfi_rel_offset x20, 24
        .cfi_rel_offset x21, 32
        .cfi_rel_offset x22, 40
        .cfi_rel_offset x23, 48
        .cfi_rel_offset x24, 56
        .cfi_rel_offset x25, 64
        .cfi_rel_offset x26, 72
        .cfi_rel_offset x27, 80
        .cfi_rel_offset x28, 88
        mov     x9, sp
        str     x9, [x0]
        mov     sp, x1
        .globl  gort_switch_resume
gort_switch_resume:
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #64]
        ldp     x27, x28, [sp, #80]
        ldp     d8, d9, [sp, #96]
        ldp     d10, d11, [sp, #112]
        ldp     d12, d13, [sp, #128]
        ldp     d14, d15, [sp, #144]
        ldp     x29, x30, [sp], #160
        .cfi_def_cfa_offset 0
        .cfi_restore x29
        .cfi_restore x30
        // We are on the resumed stack: whoever was left may run elsewhere from this store on [G2].
        cbz     x2, 1f
        add     x2, x2, #8
        stlr    wzr, [x2]
1:      adrp    x9, :gottprel:gort_current_thread
        ldr     x9, [x9, :gottprel_lo12:gort_current_thread]
        mrs     x0, tpidr_el0
        ldr     x0, [x0, x9]
        ret
        .cfi_endproc
        .size   gort_switch, .-gort_switch

        .globl  gort_goroutine_entry
        .type   gort_goroutine_entry, %function
        .p2align 4
        nop
gort_goroutine_entry:
        .cfi_startproc
        .cfi_undefined x30
        nop
        mov     x29, xzr
        bl      gort_goroutine_main
        brk     #1
        .cfi_endproc
        .size   gort_goroutine_entry, .-gort_goroutine_entry
#endif

// Also of the file that is empty on this machine: else the linker makes stacks executable.
        .section .note.GNU-stack,"",%progbits
