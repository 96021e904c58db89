package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// dropPrivileges turns the process into the user that -Z names, on all its threads, if
// it is root. What is open stays open.
func (s *session) dropPrivileges() error {
	name := s.opt.dropTo
	if name == "" || os.Getuid() != 0 && os.Geteuid() != 0 {
		return nil
	}
	id, err := identify(name)
	if err != nil {
		return fmt.Errorf("-Z %s: %w", name, err)
	}
	if err := id.assume(); err != nil {
		return fmt.Errorf("-Z %s: %w", name, err)
	}
	s.notice("dropped privs to %s", name)
	return nil
}

// An identity is what the kernel knows of a user.
type identity struct {
	uid, gid int
	groups   []int // all that the user is in, gid among them
}

// identify looks a user up in the system's files.
func identify(name string) (*identity, error) {
	u, err := user.Lookup(name)
	var unknown user.UnknownUserError
	if errors.As(err, &unknown) {
		return nil, errors.New("there is no such user")
	}
	if err != nil {
		return nil, err
	}
	texts, err := u.GroupIds()
	if err != nil {
		return nil, err
	}
	numbers := make([]int, 0, len(texts)+2)
	for _, text := range append([]string{u.Uid, u.Gid}, texts...) {
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("id %q is not a number", text)
		}
		numbers = append(numbers, n)
	}
	return &identity{uid: numbers[0], gid: numbers[1], groups: numbers[2:]}, nil
}

// assume makes the identity the process's own, and makes sure that it is for good.
func (id *identity) assume() error {
	// Package syscall does each of these on all threads.
	if err := syscall.Setgroups(id.groups); err != nil {
		return fmt.Errorf("set the groups: %w", err)
	}
	if err := syscall.Setresgid(id.gid, id.gid, id.gid); err != nil {
		return fmt.Errorf("set the group: %w", err)
	}
	if err := syscall.Setresuid(id.uid, id.uid, id.uid); err != nil {
		return fmt.Errorf("set the user: %w", err)
	}
	if id.uid == 0 {
		return nil
	}
	if syscall.Setresuid(-1, 0, -1) == nil || syscall.Setresgid(-1, 0, -1) == nil && id.gid != 0 {
		return errors.New("the privileges could be had back")
	}
	return id.verify()
}

// verify looks at each thread of the process.
func (id *identity) verify() error {
	files, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil || len(files) == 0 {
		return nil // no /proc; the system calls have said that it worked
	}
	four := func(n int) string { return strings.Repeat(" "+strconv.Itoa(n), 4) }
	want := map[string]string{"Uid": four(id.uid), "Gid": four(id.gid), "CapPrm": " 0000000000000000", "CapEff": " 0000000000000000"}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // a thread that has ended
		}
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
			if w, ok := want[key]; ok && strings.ReplaceAll(value, "\t", " ") != w {
				return fmt.Errorf("a thread kept privileges: %s:%s", key, value)
			}
		}
	}
	return nil
}
