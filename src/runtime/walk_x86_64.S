// gort_walk_parked and gort_call_on_stack, x86-64 System V. The contract is in walk.h.
//
// The frame that gort_switch saves, from low to high: r15 r14 r13 r12 rbx rbp return-address
// (56 bytes, sched/switch_x86_64.S). rbx, which the called function preserves, holds its address.
// Runs on any stack. Not here: the switch itself (sched/switch_x86_64.S).
#if defined(__x86_64__)
        .text
        .globl  gort_walk_parked
        .type   gort_walk_parked, @function
        .p2align 4
gort_walk_parked:
        .cfi_startproc
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbx, 0
        movq    %rdi, %rbx
        movq    %rdx, %rdi
        .cfi_remember_state
        .cfi_def_cfa %rbx, 56
        .cfi_offset %rbp, -16
        .cfi_offset %rbx, -24
        .cfi_offset %r12, -32
        .cfi_offset %r13, -40
        .cfi_offset %r14, -48
        .cfi_offset %r15, -56
        call    *%rsi
        .cfi_restore_state
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbx
        ret
        .cfi_endproc
        .size   gort_walk_parked, .-gort_walk_parked

        .globl  gort_call_on_stack
        .type   gort_call_on_stack, @function
        .p2align 4
gort_call_on_stack:
        .cfi_startproc
        .cfi_undefined %rip
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        movq    %rsp, %rbx
        movq    %rdi, %rsp
        movq    %rdx, %rdi
        call    *%rsi
        movq    %rbx, %rsp
        popq    %rbx
        ret
        .cfi_endproc
        .size   gort_call_on_stack, .-gort_call_on_stack
#endif

// Also of the file that is empty on this machine: else the linker makes stacks executable.
        .section .note.GNU-stack,"",%progbits
