package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofilter/gofilter/internal/netlab"
)

// patience bounds each wait for the command.
const patience = 10 * time.Second

// live captures on one end of a veth pair while connections to ports 22 and 80 are made over it.
func (d *demo) live() error {
	lab, err := netlab.Open(netlab.Options{})
	if errors.Is(err, os.ErrPermission) {
		return &leftOut{"private network namespaces need privilege (run as root): " + err.Error()}
	}
	if err != nil {
		return &leftOut{"no private network here: " + err.Error()}
	}
	defer lab.Close()

	args := []string{"-i", lab.Right.Link, "-n", "-l", "--immediate-mode", filter}
	fmt.Println("$ gofilter " + quote(args))
	cmd := exec.Command(d.gofilter, args...)
	out := &watched{changed: make(chan struct{}, 1)}
	cmd.Stdout, cmd.Stderr = out, out
	// The child starts in the namespace of the thread that makes it.
	if err := lab.Right.Do(cmd.Start); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	err = traffic(lab, out)
	if stop := cmd.Process.Signal(syscall.SIGINT); err == nil {
		err = stop
	}
	select {
	case status := <-ended:
		if err == nil {
			err = status
		}
	case <-time.After(patience):
		cmd.Process.Kill()
		err = errors.New("gofilter does not end on SIGINT")
	}
	fmt.Print(out.String())
	if err != nil {
		return err
	}
	if strings.Contains(out.String(), ".80:") || strings.Contains(out.String(), ".80 >") {
		return errors.New("a packet of port 80 came through the filter")
	}
	return want(out.String(), "192.0.2.2.22", "0 packets dropped by kernel")
}

// traffic makes connections once the capture listens, and waits for its last line.
func traffic(lab *netlab.Lab, out *watched) error {
	if err := out.wait("listening on"); err != nil {
		return err
	}
	for _, port := range []uint16{80, 22, 80} {
		if err := lab.TCP("tcp4", port, 100); err != nil {
			return err
		}
	}
	return out.wait("192.0.2.2.22")
}

// watched collects what a process writes.
type watched struct {
	mu      sync.Mutex
	buf     bytes.Buffer
	changed chan struct{}
}

var _ io.Writer = (*watched)(nil)

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.changed <- struct{}{}:
	default:
	}
	return w.buf.Write(b)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// wait returns once text has been written.
func (w *watched) wait(text string) error {
	late := time.After(patience)
	for !strings.Contains(w.String(), text) {
		select {
		case <-w.changed:
		case <-late:
			return fmt.Errorf("gofilter did not print %q:\n%s", text, w)
		}
	}
	return nil
}
