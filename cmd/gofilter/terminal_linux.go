package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// terminalSize returns how many characters a line of the terminal has, and how many lines there
// are; 0 where it does not say.
func terminalSize(f *os.File) (columns, rows int) {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0
	}
	return int(size.Col), int(size.Row)
}
