// gort_switch and the first frame of a goroutine, x86-64 System V.
//
// Saved frame, from low to high: r15 r14 r13 r12 rbx rbp return-address. The CFI describes each
// push, so a debugger, and gort's own dump, unwind a goroutine from its saved stack pointer.
// In:  rdi = where to store sp, rsi = sp to load, rdx = the goroutine left or null.
// Out: rax = current thread. The contract is in switch.h.
#if defined(__x86_64__)
        .text
        .globl  gort_switch
        .type   gort_switch, @function
        .p2align 4
gort_switch:
        .cfi_startproc
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbp, 0
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rbx, 0
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r12, 0
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r13, 0
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r14, 0
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %r15, 0
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        .globl  gort_switch_resume
gort_switch_resume:
        popq    %r15
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r15
        popq    %r14
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r14
        popq    %r13
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r13
        popq    %r12
        .cfi_adjust_cfa_offset -8
        .cfi_restore %r12
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbx
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        .cfi_restore %rbp
        // We are on the resumed stack: whoever was left may run elsewhere from this store on [G2].
        testq   %rdx, %rdx
        je      1f
        movl    $0, 8(%rdx)
1:      movq    gort_current_thread@gottpoff(%rip), %rax
        movq    %fs:(%rax), %rax
        ret
        .cfi_endproc
        .size   gort_switch, .-gort_switch

        .globl  gort_goroutine_entry
        .type   gort_goroutine_entry, @function
        .p2align 4
        nop
gort_goroutine_entry:
        .cfi_startproc
        .cfi_undefined %rip
        nop
        movq    %rax, %rdi
        xorl    %ebp, %ebp
        call    gort_goroutine_main@PLT
        ud2
        .cfi_endproc
        .size   gort_goroutine_entry, .-gort_goroutine_entry
#endif

// Also of the file that is empty on this machine: else the linker makes stacks executable.
        .section .note.GNU-stack,"",%progbits
