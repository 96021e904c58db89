package main

import (
	"fmt"
	"os"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// cpuTime returns how long this thread has run. Time in which it waited for a CPU is not in it.
func cpuTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic("benchspeed: no clock of the thread: " + err.Error())
	}
	return time.Duration(t.Nano())
}

// pin keeps this thread on the CPU where it is.
func pin() error {
	var cpu uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 {
		return os.NewSyscallError("getcpu", errno)
	}
	var set unix.CPUSet
	set.Set(int(cpu))
	return os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(0, &set))
}

// system says what the figures are of: the kernel, and how it runs programs.
func system() string {
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			return "unknown"
		}
		return strings.TrimSpace(string(text))
	}
	return fmt.Sprintf("Linux %s, bpf_jit_enable %s, bpf_jit_harden %s; retbleed: %s; srso: %s",
		read("/proc/sys/kernel/osrelease"), read("/proc/sys/net/core/bpf_jit_enable"), read("/proc/sys/net/core/bpf_jit_harden"),
		read("/sys/devices/system/cpu/vulnerabilities/retbleed"), read("/sys/devices/system/cpu/vulnerabilities/spec_rstack_overflow"))
}
