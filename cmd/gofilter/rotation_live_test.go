//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/internal/savefile"
)

// stream sends numbered datagrams until done is closed and returns how many.
func stream(t *testing.T, lab *netlab.Lab, done <-chan struct{}) (n uint64) {
	s, err := lab.Left.Sender()
	if err != nil {
		t.Error(err)
		return 0
	}
	defer s.Close()
	frames := make([][]byte, 16)
	for {
		select {
		case <-done:
			return n
		default:
		}
		for i := range frames {
			frames[i] = lab.Left.Datagram(lab.Right, 5000, 7, fmt.Appendf(nil, "%010d", n))
			n++
		}
		if err := s.Send(frames...); err != nil {
			t.Error(err)
			return n
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// numbersIn returns the numbers of the stream's datagrams in a savefile.
func numbersIn(t *testing.T, name string) (all []uint64) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := savefile.NewReader(f, name)
	if err != nil {
		t.Fatal(err)
	}
	var rec savefile.Record
	for {
		if err := r.Next(&rec); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.ParseUint(string(rec.Data[42:]), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
}

// Each packet of a stream is in one file, in order, whether the files end by size, by
// time or by either.
func TestLiveRotate(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	for _, test := range []struct {
		args  []string
		files int // at least
	}{
		{[]string{"-C", "8k"}, 10},
		{[]string{"-G", "1"}, 2},
		{[]string{"-G", "1", "-C", "16k"}, 4},
	} {
		dir := t.TempDir()
		r := capturing(t, lab, append([]string{"-i", lab.Right.Link, "-w", filepath.Join(dir, "%s-"), "udp dst port 7"}, test.args...)...)
		done, sent := make(chan struct{}), make(chan uint64)
		go func() { sent <- stream(t, lab, done) }()
		time.Sleep(2500 * time.Millisecond)
		close(done)
		n := <-sent
		_, stderr := r.end(syscall.SIGINT)
		if want := fmt.Sprintf("\n%d packets captured\n%d packets received by filter\n0 packets dropped by kernel\n", n, n); !strings.HasSuffix(stderr, want) {
			t.Errorf("%q: %d packets sent, %s", test.args, n, stderr)
		}
		all := make(map[uint64]string)
		files := filesIn(t, dir)
		for name := range files {
			last := uint64(0)
			for i, k := range numbersIn(t, filepath.Join(dir, name)) {
				if other, twice := all[k]; twice {
					t.Errorf("%q: packet %d is in %s and %s", test.args, k, other, name)
				}
				if i > 0 && k != last+1 {
					t.Errorf("%q: %s: packet %d behind %d", test.args, name, k, last)
				}
				all[k], last = name, k
			}
		}
		if uint64(len(all)) != n || len(files) < test.files {
			t.Errorf("%q: %d packets in %d files, want %d", test.args, len(all), len(files), n)
		}
	}
}

// With -G the files of -W end the capture, as a success.
func TestLiveFileLimit(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	tool := filepath.Join(dir, "tool")
	script(t, tool, "echo $1 >> "+log+"\n")
	r := capturing(t, lab, "-i", lab.Right.Link, "-w", filepath.Join(dir, "f%s"), "-G", "1", "-W", "2", "-z", tool)
	done, sent := make(chan struct{}), make(chan uint64)
	go func() { sent <- stream(t, lab, done) }()
	_, stderr := r.end(nil)
	close(done)
	<-sent
	files, err := filepath.Glob(filepath.Join(dir, "f*"))
	if err != nil || len(files) != 2 {
		t.Errorf("%q, %v", files, err)
	}
	n := 0
	for _, name := range files {
		n += packetsIn(t, name)
	}
	if want := fmt.Sprintf("\nMaximum file limit reached: 2\n%d packets captured\n", n); !strings.Contains(stderr, want) {
		t.Errorf("no %q in\n%s", want, stderr)
	}
	eventually(t, "run on both files", func() bool {
		b, _ := os.ReadFile(log)
		return strings.Count(string(b), "\n") == 2
	})
}

// nobody returns a user without privilege and a directory of its own.
func nobody(t *testing.T) (u *user.User, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		netlab.Skip(t, "only root can become another user")
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Skip(err)
	}
	// t.TempDir is in a directory that only root may enter.
	if dir, err = os.MkdirTemp("", "gofilter"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	return u, dir
}

// statusOf returns the lines of a key from the status of each thread of a process.
func statusOf(t *testing.T, pid int, key string) map[string]int {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(threads) == 0 {
		t.Fatalf("%d threads, %v", len(threads), err)
	}
	found := make(map[string]int)
	for _, name := range threads {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // ended
		}
		for line := range strings.Lines(string(b)) {
			if rest, ok := strings.CutPrefix(line, key+":"); ok {
				found[strings.Join(strings.Fields(rest), " ")]++
			}
		}
	}
	return found
}

// With -Z the interface is opened as root, and everything after that is the user's:
// all threads, all files, what -z runs. The capture goes on to its last packet.
func TestLiveDropPrivileges(t *testing.T) {
	u, dir := nobody(t)
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	log := filepath.Join(dir, "log")
	tool := filepath.Join(dir, "tool")
	script(t, tool, "id -u >> "+log+"\n")
	for _, mode := range []string{"auto", "classic"} {
		os.Remove(log)
		out := filepath.Join(dir, mode)
		r := capturing(t, lab, "-Z", "nobody", "--attach", mode, "-i", lab.Right.Link, "-C", "1k", "-z", tool, "-w", out, "udp dst port 7")
		pid := r.cmd.Process.Pid
		for key, want := range map[string]string{
			"Uid": strings.Repeat(u.Uid+" ", 3) + u.Uid, "Gid": strings.Repeat(u.Gid+" ", 3) + u.Gid, "Groups": u.Gid,
			"CapEff": "0000000000000000", "CapPrm": "0000000000000000",
		} {
			if found := statusOf(t, pid, key); len(found) != 1 || found[want] == 0 {
				t.Errorf("%s: %s of the threads: %v, want %s", mode, key, found, want)
			}
		}
		send(t, lab, 60)
		_, stderr := r.end(syscall.SIGINT)
		if !strings.HasPrefix(stderr, "dropped privs to nobody\n") || !strings.HasSuffix(stderr, "60 packets captured\n60 packets received by filter\n0 packets dropped by kernel\n") {
			t.Errorf("%s: %s", mode, stderr)
		}
		n := 0
		files, _ := filepath.Glob(out + "*")
		for _, name := range files {
			n += packetsIn(t, name)
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			if uid := info.Sys().(*syscall.Stat_t).Uid; fmt.Sprint(uid) != u.Uid {
				t.Errorf("%s belongs to %d", name, uid)
			}
		}
		if n != 60 || len(files) < 4 {
			t.Errorf("%s: %d packets in %d files", mode, n, len(files))
		}
		eventually(t, "run of -z on each file", func() bool {
			b, _ := os.ReadFile(log)
			return string(b) == strings.Repeat(u.Uid+"\n", len(files)-1)
		})
	}
}

func TestDropPrivileges(t *testing.T) {
	_, dir := nobody(t)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	web := readFile(t, pcap("web"))
	in := filepath.Join(dir, "secret") // only root may read it
	if err := os.WriteFile(in, []byte(web), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	if r := runCommand(t, "", "-Z", "nobody", "-r", in, "-w", out); r.status != 0 || readFile(t, out) != web {
		t.Errorf("status %d, %s", r.status, r.stderr)
	}
	shut := filepath.Join(t.TempDir(), "out")
	if r := runCommand(t, "", "-Z", "nobody", "-r", in, "-w", shut); r.status != 1 || !strings.HasSuffix(r.stderr, "gofilter: "+shut+": permission denied\n") {
		t.Errorf("in root's directory: status %d, %s", r.status, r.stderr)
	}
	if r := runCommand(t, "", "-Z", "root", "-r", in, "-w", shut); r.status != 0 || readFile(t, shut) != web {
		t.Errorf("-Z root: status %d, %s", r.status, r.stderr)
	}
	if r := runCommand(t, "", "-Z", "no such user", "-r", in, "-w", out); r.status != 1 || !strings.HasSuffix(r.stderr, "gofilter: -Z no such user: there is no such user\n") {
		t.Errorf("status %d, %s", r.status, r.stderr)
	}
}

// An identity that could be left again is found out.
func TestVerify(t *testing.T) {
	id := &identity{uid: 12345, gid: 12345}
	if err := id.verify(); err == nil || !strings.HasPrefix(err.Error(), "a thread kept privileges: ") {
		t.Errorf("this process passes for user 12345: %v", err)
	}
}
