package main

import (
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A step is a packet that comes at a time in seconds while the file has a size, and
// what becomes of it.
type step struct {
	at, size int64
	name     string // of the file that it belongs into
	err      error
}

func TestRotation(t *testing.T) {
	const start = 1_700_000_000 // 2023-11-14 22:13:20 UTC
	tests := []struct {
		args  []string
		first string
		steps []step
	}{
		{[]string{"-w", "f", "-C", "1"}, "f", []step{{0, 24, "f", nil}, {1, 1e6, "f", nil}, {2, 1e6 + 1, "f1", nil}, {3, 24, "f1", nil}, {4, 2e6, "f2", nil}}},
		{[]string{"-w", "f%s", "-C", "1k", "-W", "2"}, "f%s0", []step{{0, 1024, "f%s0", nil}, {0, 1025, "f%s1", nil}, {0, 1025, "f%s0", nil}, {0, 1025, "f%s1", nil}}},
		{[]string{"-w", "f", "-C", "1M", "-W", "1"}, "f", []step{{0, 1 << 20, "f", nil}, {0, 1<<20 + 1, "f", nil}}},
		{[]string{"-w", "f", "-C", "1g", "-W", "11"}, "f00", []step{{0, 1<<30 + 1, "f01", nil}}},
		{[]string{"-w", "f", "-C", "1", "-W", "10"}, "f0", []step{{0, 1e6 + 1, "f1", nil}}},
		{[]string{"-w", "f%s", "-G", "10"}, "f1700000000", []step{{9, 1e9, "f1700000000", nil}, {10, 24, "f1700000010", nil}, {25, 24, "f1700000025", nil}, {34, 24, "f1700000025", nil}}},
		{[]string{"-w", "f%S", "-G", "10", "-W", "2"}, "f20", []step{{10, 24, "f30", nil}, {20, 24, "", errFileLimit}}},
		// Of both the time counts first, and -W only gives the names.
		{[]string{"-w", "f%S", "-G", "10", "-C", "1", "-W", "3"}, "f200", []step{
			{1, 1e6 + 1, "f201", nil}, {10, 1e6 + 1, "f300", nil}, {11, 1e6 + 1, "f301", nil}, {12, 1e6 + 1, "f302", nil},
			{13, 1e6 + 1, "f300", nil}, {20, 24, "f400", nil}, {30, 24, "f500", nil}, {40, 24, "f000", nil}}},
		{[]string{"-w", "f", "-G", "10", "-C", "1"}, "f", []step{{1, 1e6 + 1, "f1", nil}, {10, 24, "f", nil}}},
		{[]string{"-w", "f%s", "-G", "0"}, "f%s", []step{{100, 1e9, "f%s", nil}}},
	}
	for _, test := range tests {
		o, err := parseOptions(test.args)
		if err != nil {
			t.Fatalf("%q: %v", test.args, err)
		}
		r := o.rotation
		r.since = start
		if name := r.name(o.write); name != test.first {
			t.Errorf("%q: first file %s, want %s", test.args, name, test.first)
		}
		last := test.first
		for _, s := range test.steps {
			due, err := r.due(time.Unix(start+s.at, 0), s.size)
			if due != (s.err != nil || s.name != last || s.size > r.size && r.size > 0) || err != s.err {
				t.Errorf("%q: second %d, %d bytes: %v, %v", test.args, s.at, s.size, due, err)
			}
			if name := r.name(o.write); err == nil && name != s.name {
				t.Errorf("%q: second %d, %d bytes: file %s, want %s", test.args, s.at, s.size, name, s.name)
			}
			last = s.name
		}
	}
}

func TestRotationErrors(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"-C", "1"}, "-C cannot be used without -w"},
		{[]string{"-G", "1"}, "-G cannot be used without -w"},
		{[]string{"-w", "f", "-z", "gzip"}, "-z cannot be used without -w and (-C or -G)"},
		{[]string{"-w", "-", "-C", "1"}, "-w - writes to standard output, which -C and -G cannot rotate"},
		{[]string{"-w", "f", "-C", "0"}, "invalid file size 0: want millions of bytes, or a number with k, m or g behind it"},
		{[]string{"-w", "f", "-C", "1kk"}, "invalid file size 1kk: want millions of bytes, or a number with k, m or g behind it"},
		{[]string{"-w", "f", "-C", "1t"}, "invalid file size 1t: want millions of bytes, or a number with k, m or g behind it"},
		{[]string{"-w", "f", "-C", "9223372036855"}, "file size 9223372036855 is too large"},
		{[]string{"-w", "f", "-C", "99999999999999999999"}, "file size 99999999999999999999 is too large"},
		{[]string{"-w", "f", "-G", "-1"}, "invalid number of seconds -1"},
		{[]string{"-w", "f", "-W", "0"}, "invalid number of output files 0"},
	} {
		if _, err := parseOptions(test.args); err == nil || err.Error() != test.want {
			t.Errorf("%q: %v, want %s", test.args, err, test.want)
		}
	}
}

func TestStrftime(t *testing.T) {
	const letters = "aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%"
	formats := []string{"%Q", "%", "a%-", "%-d|%_d|%5d|%05e|%-j|%^a|%_H|%10A|%Ey|%Od", "cap-%Y%m%d_%H%M%S.pcap"}
	for _, c := range letters {
		formats = append(formats, "%"+string(c))
	}
	zone := time.FixedZone("CET", 3600)
	if got, want := strftime(formats[4], time.Unix(1767225599, 0).In(zone)), "cap-20260101_005959.pcap"; got != want {
		t.Errorf("%s: %s, want %s", formats[4], got, want)
	}
	if got, want := strftime(formats[3], time.Unix(1767225599, 0).In(zone)), "1| 1|00001|00001|1|THU| 0|  Thursday|26|01"; got != want {
		t.Errorf("%s: %s, want %s", formats[3], got, want)
	}
	if got := strftime("%Q%", time.Unix(0, 0)); got != "%Q%" {
		t.Errorf("no conversion: %s", got)
	}
	// Days around the turns of years, where weeks are counted in three ways.
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 to compare with")
	}
	var times []string
	for year := 2019; year < 2030; year++ {
		for day := -3; day < 8; day++ {
			times = append(times, strconv.FormatInt(time.Date(year, 1, day, 3*day+9, 2, 1, 0, time.UTC).Unix(), 10))
		}
	}
	const separator = "\x1f"
	script := "import sys, time\nfor s in sys.argv[2].split(): print(*[time.strftime(f, time.gmtime(int(s))) for f in sys.argv[1].split('" + separator + "')], sep='" + separator + "', end='\\x1e')"
	cmd := exec.Command(python, "-c", script, strings.Join(formats[3:], separator), strings.Join(times, " "))
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\x1e"), "\x1e")
	if len(lines) != len(times) {
		t.Fatalf("%d lines for %d times", len(lines), len(times))
	}
	for i, line := range lines {
		sec, _ := strconv.ParseInt(times[i], 10, 64)
		for j, want := range strings.Split(line, separator) {
			format := formats[3+j]
			got := strftime(format, time.Unix(sec, 0).UTC())
			if format == "%Z" && want == "GMT" {
				want = "UTC" // what a struct tm of gmtime's is called
			}
			if got != want {
				t.Errorf("%s at %s: %q, want %q", format, times[i], got, want)
			}
		}
	}
}

// filesIn returns the names and contents of a directory's files.
func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, e := range list {
		all[e.Name()] = readFile(t, filepath.Join(dir, e.Name()))
	}
	return all
}

// Rotated by size, the files are tcpdump's to the byte.
func TestRotateAsTcpdump(t *testing.T) {
	tcpdump := peer(t, "tcpdump")
	lan := readFile(t, pcap("lan"))
	in := filepath.Join(t.TempDir(), "in.pcap")
	if err := os.WriteFile(in, []byte(lan[:24]+strings.Repeat(lan[24:], 400)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args  []string
		files int
	}{
		{[]string{"-C", "1"}, 5},
		{[]string{"-C", "1", "-W", "3"}, 3},
		{[]string{"-C", "2", "-W", "101"}, 3},
		{[]string{"-C", "5", "-W", "5"}, 1},
		{[]string{"-W", "5"}, 1},
		{[]string{"-G", "1000", "-C", "1", "-W", "12"}, 5},
	} {
		ours, theirs := t.TempDir(), t.TempDir()
		r := runCommand(t, "", append([]string{"-r", in, "-w", filepath.Join(ours, "%y.pcap")}, test.args...)...)
		if r.status != 0 {
			t.Errorf("%q: %s", test.args, r.stderr)
		}
		if msg, err := exec.Command(tcpdump, append([]string{"-Z", "root", "-r", in, "-w", filepath.Join(theirs, "%y.pcap")}, test.args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, msg)
		}
		got, want := filesIn(t, ours), filesIn(t, theirs)
		if !reflect.DeepEqual(got, want) || len(want) != test.files {
			t.Errorf("%q: files %v, tcpdump's %v", test.args, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
	}
}

// script writes a program of the shell.
func script(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// eventually waits until f is true.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for start := time.Now(); !f(); time.Sleep(10 * time.Millisecond) {
		if time.Since(start) > 20*time.Second {
			t.Fatalf("no %s in 20 seconds", what)
		}
	}
}

// The command of -z runs once on each file that another one followed, whole and
// closed, and with the lowest priority.
func TestPostrotate(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("priorities are as on Linux")
	}
	dir := t.TempDir()
	tool, log := filepath.Join(dir, "tool"), filepath.Join(dir, "log")
	script(t, tool, `echo "$# $1 $(nice) $(wc -c < "$1")" >> `+log+"\n")
	out := filepath.Join(dir, "f")
	r := runCommand(t, "", "-r", pcap("lan"), "-w", out, "-C", "4k", "-z", tool)
	if r.status != 0 || strings.Contains(r.stderr, "-z") {
		t.Fatal(r.stderr)
	}
	files, err := filepath.Glob(out + "*")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	eventually(t, "run on each closed file", func() bool {
		b, _ := os.ReadFile(log)
		return strings.Count(string(b), "\n") == len(files)-1
	})
	lines := readFile(t, log)
	for i := range len(files) - 1 {
		name := numbered(out, i, 0)
		want := "1 " + name + " 19 " + strconv.Itoa(len(readFile(t, name))) + "\n"
		if !strings.Contains(lines, want) {
			t.Errorf("no %q in\n%s", want, lines)
		}
	}
	r = runCommand(t, "", "-r", pcap("lan"), "-w", out, "-C", "4k", "-z", filepath.Join(dir, "none"))
	if r.status != 0 || !strings.Contains(r.stderr, "gofilter: -z "+filepath.Join(dir, "none")+" "+out+": ") {
		t.Errorf("status %d, %s", r.status, r.stderr)
	}
}

// Where another file cannot be had, what came before is whole.
func TestRotateIntoNothing(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "f")
	if err := os.Mkdir(out+"1", 0o700); err != nil {
		t.Fatal(err)
	}
	r := runCommand(t, "", "-r", pcap("lan"), "-w", out, "-C", "4k")
	if r.status != 1 || !strings.HasSuffix(r.stderr, "gofilter: "+out+"1: is a directory\n") || packetsIn(t, out) == 0 {
		t.Errorf("status %d, %s", r.status, r.stderr)
	}
	if runtime.GOOS != "linux" {
		return
	}
	// The second file is on a full disk.
	if err := errors.Join(os.Remove(out+"1"), os.Symlink("/dev/full", out+"1")); err != nil {
		t.Fatal(err)
	}
	r = runCommand(t, "", "-r", pcap("lan"), "-w", out, "-C", "4k")
	if r.status != 1 || !strings.HasSuffix(r.stderr, "gofilter: "+out+"1: no space left on device\n") || packetsIn(t, out) == 0 {
		t.Errorf("status %d, %s", r.status, r.stderr)
	}
}
