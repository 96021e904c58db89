package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// emulated is the machine. Its processor is emulated, so that it works where there is no virtualization; of
// what the emulation pretends, cmpxchg16b is wrong under some kernels (the slab allocator of 6.12 uses it).
var emulated = []string{
	"-machine", "q35,accel=tcg", "-cpu", "Nehalem,-cx16", "-smp", "1", "-m", "2048",
	"-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio",
}

// bootLine has the kernel print on the serial line, and no more than what is serious; a panic ends the machine.
const bootLine = "console=ttyS0 quiet loglevel=3 panic=-1"

// boot boots the kernel with the stage as its file system and copies what it prints to w.
func (i *image) boot(stage string, w io.Writer, patience time.Duration) error {
	initrd, err := os.CreateTemp("", "kernelmatrix-initrd-")
	if err != nil {
		return err
	}
	defer os.Remove(initrd.Name())
	defer initrd.Close()
	if err := i.pack(stage, initrd); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	args := append(emulated[:len(emulated):len(emulated)], "-kernel", i.vmlinuz, "-initrd", initrd.Name(), "-append", bootLine)
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", args...)
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Run()
	if s := cmd.ProcessState; s != nil {
		fmt.Fprintf(w, "the emulated machine took %.0f s of a processor\n", (s.UserTime() + s.SystemTime()).Seconds())
	}
	if err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("it takes longer than %s", patience)
		}
		return fmt.Errorf("qemu-system-x86_64: %w", err)
	}
	return nil
}

// names are files of this machine's that the guest has, too: names of ports and protocols in filters.
var names = []string{"etc/services", "etc/protocols"}

// Where things are in the guest's file system.
const (
	guestStage   = "stage"
	guestModules = "modules"
)

// pack writes the file system that the kernel starts with.
func (i *image) pack(stage string, w io.Writer) error {
	modules, err := i.load()
	if err != nil {
		return err
	}
	a := newArchive(w)
	for _, d := range []string{"dev", "proc", "sys", "tmp", guestModules} {
		a.dir(d)
	}
	a.entry("dev/console", modeDevice, 5, 1, nil)
	for n, m := range modules {
		a.file(fmt.Sprintf("%s/%02d-%s.ko", guestModules, n, m.name), m.code)
	}
	a.dir("etc")
	for _, name := range names {
		content, err := os.ReadFile("/" + name)
		if err != nil {
			return fmt.Errorf("%w (package netbase)", err)
		}
		a.file(name, content)
	}
	guest, err := os.ReadFile(filepath.Join(stage, guestProgram))
	if err != nil {
		return err
	}
	a.file("init", guest)
	if err := a.tree(stage, guestStage); err != nil {
		return err
	}
	return a.close()
}

// here runs the suite on the running kernel.
func here(stage string, w io.Writer, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(stage, guestProgram), stage)
	cmd.Stdout, cmd.Stderr = w, w
	return cmd.Run()
}
