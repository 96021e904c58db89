//go:build !linux

package main

import "os/exec"

// startLow starts a command; only on Linux with a priority of its own.
func startLow(cmd *exec.Cmd) error { return cmd.Start() }
