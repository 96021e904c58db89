package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/internal/source"
)

// Ports of the frames: the filter wants the first.
const (
	wantedPort   = 7
	unwantedPort = 9
)

// A soak is one run.
type soak struct {
	gofilter string
	time     time.Duration
	report   time.Duration
	rate     float64
	size     int
	snaplen  int
	buffer   int
	rotate   string
	workers  string
	dir      string

	lab    *netlab.Lab
	src    *source.Source
	cmd    *exec.Cmd
	stderr bytes.Buffer
	files  files
	memory []sample
}

func main() {
	var s soak
	flag.StringVar(&s.gofilter, "gofilter", "bin/gofilter", "the command to run")
	flag.DurationVar(&s.time, "time", time.Hour, "how long to capture")
	flag.DurationVar(&s.report, "report", 0, "how often to print a line; 0: sixty times")
	flag.Float64Var(&s.rate, "rate", 200000, "frames a second, half of them wanted")
	flag.IntVar(&s.size, "size", 64, "length of a frame in bytes")
	flag.IntVar(&s.snaplen, "snaplen", 0, "-s of the command; 0: none")
	flag.IntVar(&s.buffer, "buffer", 0, "-B of the command in KiB; 0: none")
	flag.StringVar(&s.rotate, "rotate", "32m", "-C of the command")
	flag.StringVar(&s.workers, "workers", "1", "--workers of the command")
	flag.StringVar(&s.dir, "dir", "", "directory for the files; empty: a temporary one")
	flag.Parse()
	if err := s.run(); err != nil {
		fmt.Fprintf(os.Stderr, "soak: %v\n", err)
		os.Exit(1)
	}
}

// run makes the network, captures, and checks.
func (s *soak) run() (err error) {
	if s.report == 0 {
		s.report = max(s.time/60, time.Second)
	}
	dir, err := os.MkdirTemp(s.dir, "soak")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s.files.base = filepath.Join(dir, "out")
	if s.lab, err = netlab.Open(netlab.Options{Quiet: true}); err != nil {
		return err
	}
	defer s.lab.Close()
	payload := max(s.size-source.NumberOffset, source.NumberSize)
	s.src, err = source.Open(s.lab.Left, source.Options{Rate: s.rate, CPU: 1, Kinds: [][]byte{
		s.lab.Left.Datagram(s.lab.Right, 1000, wantedPort, make([]byte, payload)),
		s.lab.Left.Datagram(s.lab.Right, 1000, unwantedPort, make([]byte, payload)),
	}})
	if err != nil {
		return err
	}
	defer s.src.Close()
	if err := s.start(); err != nil {
		return err
	}
	defer s.cmd.Process.Kill()
	s.src.Start()
	if err := s.watch(); err != nil {
		return err
	}
	if err := s.src.Stop(); err != nil {
		return err
	}
	s.cmd.Process.Signal(os.Interrupt)
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", s.gofilter, err, &s.stderr)
	}
	if err := s.files.rest(); err != nil {
		return err
	}
	return s.check()
}

// start runs the command on the last processor, with this process on the others.
func (s *soak) start() error {
	args := []string{"-i", s.lab.Right.Link, "-w", s.files.base, "-C", s.rotate, "--workers", s.workers}
	if s.snaplen > 0 {
		args = append(args, "-s", strconv.Itoa(s.snaplen))
	}
	if s.buffer > 0 {
		args = append(args, "-B", strconv.Itoa(s.buffer))
	}
	s.cmd = exec.Command(s.gofilter, append(args, fmt.Sprintf("udp dst port %d", wantedPort))...)
	s.cmd.Stderr = &s.stderr
	err := s.lab.Right.Do(func() error {
		if n := runtime.NumCPU(); n > 1 {
			// The thread ends with Do, and its processor is the child's.
			var set unix.CPUSet
			set.Set(n - 1)
			if err := unix.SchedSetaffinity(0, &set); err != nil {
				return err
			}
		}
		return s.cmd.Start()
	})
	if err != nil {
		return err
	}
	// Its first file is there when it listens.
	for start := time.Now(); time.Since(start) < 10*time.Second; time.Sleep(10 * time.Millisecond) {
		if info, err := os.Stat(s.files.base); err == nil && info.Size() > 0 {
			time.Sleep(100 * time.Millisecond)
			return nil
		}
	}
	return fmt.Errorf("%s does not begin to capture\n%s", s.gofilter, &s.stderr)
}

// watch reads files as they are completed, and prints how the command is, until the time
// is over or somebody interrupts.
func (s *soak) watch() error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	begin := time.Now()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	fmt.Printf("%8s %12s %12s %6s %9s %9s %8s\n", "time", "sent", "read back", "files", "RSS KiB", "own KiB", "CPU %")
	next := begin.Add(s.report)
	for now := begin; now.Sub(begin) < s.time; {
		select {
		case <-signals:
			return nil
		case now = <-look.C:
		}
		if err := s.files.completed(); err != nil {
			return err
		}
		if now.Before(next) {
			continue
		}
		next = next.Add(s.report)
		m, err := sampleOf(s.cmd.Process.Pid)
		if err != nil {
			return errors.Join(err, errors.New(s.stderr.String()))
		}
		m.at = now.Sub(begin)
		var cpu float64
		if n := len(s.memory); n > 0 {
			cpu = 100 * float64(m.cpu-s.memory[n-1].cpu) / float64(m.at-s.memory[n-1].at)
		}
		s.memory = append(s.memory, m)
		fmt.Printf("%8s %12d %12d %6d %9d %9d %8.1f\n", m.at.Round(time.Second), s.src.Sent(), s.files.packets, s.files.read, m.rss, m.own, cpu)
	}
	return nil
}

// check compares all counts.
func (s *soak) check() error {
	sent := s.src.Sent()
	wanted, rejected := s.src.SentOf(0, sent), s.src.SentOf(1, sent)
	counts := make(map[string]uint64)
	for line := range strings.Lines(s.stderr.String()) {
		number, words, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseUint(number, 10, 64); err == nil {
			counts[strings.Replace(words, "packets ", "packet ", 1)] = n
		}
	}
	captured, received, dropped := counts["packet captured"], counts["packet received by filter"], counts["packet dropped by kernel"]
	fmt.Printf("sent %d: captured %d, dropped %d, rejected %d; received by filter %d; refused by the link %d times\n",
		sent, captured, dropped, rejected, received, s.src.Refused())
	fmt.Printf("files %d, packets in them %d, numbers missing %d, out of order %d\n", s.files.read, s.files.packets, wanted-s.files.packets, s.files.disorder)
	var errs []error
	expect := func(what string, got, want uint64) {
		if got != want {
			errs = append(errs, fmt.Errorf("%s: %d, want %d", what, got, want))
		}
	}
	expect("received by filter", received, wanted)
	expect("captured and dropped", captured+dropped, wanted)
	expect("packets in files", s.files.packets, captured)
	expect("packets in files that the filter rejects", s.files.unwanted, 0)
	expect("packets in files that are there twice or out of order", s.files.disorder, 0)
	return errors.Join(append(errs, flat(s.memory))...)
}
