package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/internal/netlab"
)

// A tool is a command that captures.
type tool struct {
	name string
	path string
}

// withTools calls f with gofilter, which is built for it, and tcpdump.
func withTools(f func(ours, theirs tool) error) error {
	dir, err := os.MkdirTemp("", "benchlive")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ours, theirs := tool{"gofilter", filepath.Join(dir, "gofilter")}, tool{name: "tcpdump"}
	if theirs.path, err = exec.LookPath(theirs.name); err != nil {
		return fmt.Errorf("%w: %w", errors.ErrUnsupported, err)
	}
	build := exec.Command("go", "build", "-o", ours.path, "github.com/gofilter/gofilter/cmd/gofilter")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return f(ours, theirs)
}

// A running tool captures at an end of a lab, on the last processor.
type running struct {
	tool
	cmd     *exec.Cmd
	stderr  bytes.Buffer // when there is no more, or it listens
	listens chan bool    // whether it does; closed when stderr is
}

// readyTime is how long a tool may take until it captures.
const readyTime = 10 * time.Second

// pin keeps this thread on a processor.
func pin(processor int) error {
	var set unix.CPUSet
	set.Set(processor)
	return os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(0, &set))
}

// start starts to capture into /dev/null and returns when the tool does.
func (t tool) start(ns *netlab.Namespace, args ...string) (*running, error) {
	r := &running{tool: t, cmd: exec.Command(t.path, append([]string{"-i", ns.Link, "-w", os.DevNull}, args...)...)}
	said, says, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer says.Close()
	r.cmd.Stderr = says
	err = ns.Do(func() error {
		// The thread ends with Do, and its processor is the child's.
		if err := pin(runtime.NumCPU() - 1); err != nil {
			return err
		}
		return r.cmd.Start()
	})
	if err != nil {
		said.Close()
		return nil, err
	}
	r.listens = make(chan bool, 1)
	go func() {
		defer said.Close()
		var b [4096]byte
		for told := false; ; {
			n, err := said.Read(b[:])
			r.stderr.Write(b[:n])
			if !told && (err != nil || strings.Contains(r.stderr.String(), "listening on ")) {
				told = true
				r.listens <- err == nil
			}
			if err != nil {
				close(r.listens)
				return
			}
		}
	}()
	select {
	case ok := <-r.listens:
		if ok {
			time.Sleep(50 * time.Millisecond) // until it waits
			return r, nil
		}
		err = errors.Join(r.cmd.Wait(), errors.New(r.stderr.String()))
	case <-time.After(readyTime):
		r.cmd.Process.Kill()
		err = errors.New("does not begin to capture")
	}
	return nil, fmt.Errorf("%s: %w", t.name, err)
}

// cpu returns how long the tool's threads have run: the first field of each schedstat.
func (r *running) cpu() (sum time.Duration, err error) {
	list, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", r.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for _, name := range list {
		b, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // the thread has ended
		}
		if err != nil {
			return 0, err
		}
		first, _, _ := strings.Cut(string(b), " ")
		n, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		sum += time.Duration(n)
	}
	return sum, nil
}

// Close ends the capture.
func (r *running) Close() error {
	_, _, err := r.end()
	return err
}

// end ends the capture and returns how many packets the tool says it captured, and how
// many the kernel dropped.
func (r *running) end() (captured, dropped int, err error) {
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		return 0, 0, err
	}
	err = r.cmd.Wait()
	for range r.listens {
	}
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w\n%s", r.name, err, r.stderr.String())
	}
	for line := range strings.Lines(r.stderr.String()) {
		number, words, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.Atoi(number)
		switch {
		case err != nil:
		case strings.HasSuffix(words, " captured"):
			captured = n
		case strings.HasSuffix(words, " dropped by kernel"):
			dropped = n
		}
	}
	return captured, dropped, nil
}
