//go:build linux

// Command guest runs the suite of the kernel matrix: as the only program of an emulated machine, which it
// prepares, or with the directory of the suite as its argument.
package main

import (
	"fmt"
	"os"
	"os/exec"
)

// stageDir is where the suite is in an emulated machine.
const stageDir = "/stage"

func main() {
	if os.Getpid() == 1 {
		boot()
		return
	}
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "guest: want the directory of the suite")
		os.Exit(1)
	}
	if err := run(os.Args[1], os.Stdout); err != nil {
		fmt.Println("guest:", err)
		os.Exit(1)
	}
}

// boot is the life of process 1. The suite runs in another process: libraries look at /proc before main.
func boot() {
	err := prepare()
	if err == nil {
		cmd := exec.Command(os.Args[0], stageDir)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
		cmd.Env = append(os.Environ(), emulatedEnv+"=1", "HOME=/tmp", "TMPDIR=/tmp", "PATH=/")
		err = cmd.Run()
	}
	if err != nil {
		fmt.Println("guest:", err)
	}
	halt()
}
