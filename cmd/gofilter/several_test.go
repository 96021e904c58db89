//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/internal/savefile"
)

// loopback sends n datagrams to port 7 over the right namespace's loopback device.
func loopback(t *testing.T, lab *netlab.Lab, n int) {
	t.Helper()
	s, err := lab.Right.LoopbackSender()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range n {
		if err := s.Send(lab.Left.Datagram(lab.Right, 5000, 7, []byte("over lo"))); err != nil {
			t.Fatal(err)
		}
	}
}

// Several interfaces into one file: nothing is missing of either, and pcapng says
// which is which, what they were filtered with, and their counts.
func TestLiveSeveral(t *testing.T) {
	for _, reader := range []string{"tcpdump", "tshark", "capinfos"} {
		peer(t, reader)
	}
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	link := lab.Right.Link
	for _, name := range []string{"out.pcap", "out.pcapng"} {
		file := filepath.Join(t.TempDir(), name)
		r := capturing(t, lab, "-v", "-i", link, "-i", "lo", "-w", file, "udp dst port 7")
		r.until("listening on lo")
		for range 3 {
			send(t, lab, 5)
			loopback(t, lab, 4)
			time.Sleep(50 * time.Millisecond)
		}
		_, stderr := r.end(syscall.SIGINT)
		for _, want := range []string{
			"gofilter: " + link + ": filter attached with ", "gofilter: lo: filter attached with ",
			"gofilter: listening on " + link + ", link-type EN10MB (Ethernet), snapshot length 262144 bytes\nlistening on lo, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n" +
				"27 packets captured\n27 packets received by filter\n0 packets dropped by kernel\n",
		} {
			if !strings.Contains(stderr, want) {
				t.Errorf("%s: no %q in\n%s", name, want, stderr)
			}
		}
		if n := packetsIn(t, file); n != 27 {
			t.Errorf("%s: %d packets", name, n)
		}
		readable(t, file)
		if name == "out.pcap" {
			continue
		}
		lines := strings.Split(strings.TrimSpace(tsharkFields(t, file, "frame.interface_name", "udp.dstport")), "\n")
		sort.Strings(lines)
		if got, want := strings.Join(lines, "\n"), strings.TrimSpace(strings.Repeat("lo\t7\n", 12)+strings.Repeat(link+"\t7\n", 15)); got != want {
			t.Errorf("tshark:\n%s", got)
		}
		infos, err := exec.Command(peer(t, "capinfos"), "-M", file).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"Filter string = udp dst port 7", "Number of stat entries = 1", "Time precision = nanoseconds (9)", "Capture application: gofilter "} {
			if !strings.Contains(string(infos), want) {
				t.Errorf("no %q in\n%s", want, infos)
			}
		}
	}
}

// A statistic is what a pcapng file says of an interface at its end.
type statistic struct{ received, dropped, delivered uint64 }

// statisticsIn reads the statistics blocks of a file with little-endian blocks.
func statisticsIn(t *testing.T, name string) []statistic {
	t.Helper()
	b := []byte(readFile(t, name))
	u16 := func(at int) int { return int(b[at]) | int(b[at+1])<<8 }
	u64 := func(at int) (n uint64) {
		for k := 7; k >= 0; k-- {
			n = n<<8 | uint64(b[at+k])
		}
		return n
	}
	var all []statistic
	for at := 0; at < len(b); {
		size := u16(at+4) | u16(at+6)<<16
		if u16(at) == 5 && u16(at+2) == 0 {
			var s statistic
			for o := at + 20; u16(o) != 0; o += 4 + (u16(o+2)+3)&^3 {
				switch u16(o) {
				case 4:
					s.received = u64(o + 4)
				case 5:
					s.dropped = u64(o + 4)
				case 8:
					s.delivered = u64(o + 4)
				}
			}
			all = append(all, s)
		}
		at += size
	}
	return all
}

// Interfaces of different link types go into pcapng only, and each has its filter.
func TestLiveSeveralLinkTypes(t *testing.T) {
	peer(t, "ip")
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	tun := tunnel(t, lab)
	link := lab.Right.Link
	dir := t.TempDir()
	cmd := command(t, "-i", link, "-i", "tun9", "-w", filepath.Join(dir, "f.pcap"), "udp")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	err := lab.Right.Do(cmd.Run)
	if want := "gofilter: " + link + " has link type EN10MB and tun9 has RAW; a pcap file has only one: write --pcapng\n"; err == nil || stderr.String() != want {
		t.Errorf("%v, %s", err, stderr.String())
	}
	file := filepath.Join(dir, "f.pcapng")
	r := capturing(t, lab, "-i", link, "-i", "tun9", "-w", file, "udp dst port 7 and ip[8] > 0")
	r.until("listening on tun9")
	send(t, lab, 2)
	for range 3 {
		frame := lab.Left.Datagram(lab.Right, 5000, 7, []byte("hello"))
		if _, err := tun.Write(frame[14:]); err != nil {
			t.Fatal(err)
		}
	}
	_, errs := r.end(syscall.SIGINT)
	if !strings.Contains(errs, "\n5 packets captured\n") {
		t.Errorf("%s", errs)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in, err := savefile.NewReader(f, file)
	if err != nil {
		t.Fatal(err)
	}
	var rec savefile.Record
	found := make(map[string]int)
	for in.Next(&rec) == nil {
		found[fmt.Sprint(rec.Interface.Name, " ", rec.Interface.LinkType)]++
	}
	if found[link+" EN10MB"] != 2 || found["tun9 RAW"] != 3 || len(found) != 2 {
		t.Errorf("%v", found)
	}
	if got := statisticsIn(t, file); len(got) != 2 || got[0] != (statistic{2, 0, 2}) || got[1] != (statistic{3, 0, 3}) {
		t.Errorf("statistics: %+v", got)
	}
	if n := runCommand(t, "", "--count", "-r", file, "dst port 7").stdout; n != "5 packets\n" {
		t.Errorf("read back: %s", n)
	}
	// tcpdump reads no file of several link types; tshark does.
	if got := tsharkFields(t, file, "frame.interface_name", "udp.dstport"); strings.Count(got, link+"\t7\n") != 2 || strings.Count(got, "tun9\t7\n") != 3 {
		t.Errorf("tshark:\n%s", got)
	}
}

// tunnel makes a device without link-layer header, tun9, in the right namespace. What
// is written to the file it receives.
func tunnel(t *testing.T, lab *netlab.Lab) *os.File {
	t.Helper()
	fd := -1
	err := lab.Right.Do(func() (err error) { // where it is opened is where the device will be
		fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		t.Skipf("no device without link-layer header: %v", err)
	}
	file := os.NewFile(uintptr(fd), "tun9")
	t.Cleanup(func() { file.Close() })
	err = lab.Right.Do(func() error {
		request, err := unix.NewIfreq("tun9")
		if err != nil {
			return err
		}
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
			return err
		}
		if msg, err := exec.Command("ip", "link", "set", "tun9", "up").CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, msg)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Lines say which interface; -c counts all together; an interface that goes ends the
// capture after what the others have.
func TestLiveSeveralPrint(t *testing.T) {
	lab := netlab.NewWith(t, netlab.Options{Quiet: true})
	link := lab.Right.Link
	r := capturing(t, lab, "-ntc", "5", "-i", link, "-i", "lo", "udp dst port 7")
	r.until("listening on lo")
	send(t, lab, 3)
	loopback(t, lab, 2)
	stdout, stderr := r.end(nil)
	line := " IP 192.0.2.1.5000 > 192.0.2.2.7: UDP, length "
	if strings.Count(stdout, link+line+"5\n") != 3 || strings.Count(stdout, "lo"+line+"7\n") != 2 || !strings.Contains(stderr, "\n5 packets captured\n") {
		t.Errorf("%s%s", stdout, stderr)
	}
	r = capturing(t, lab, "-nt", "-i", link, "-i", "lo", "udp dst port 7")
	r.until("listening on lo")
	send(t, lab, 2)
	loopback(t, lab, 2)
	if err := lab.Right.SetUp(false); err != nil {
		t.Fatal(err)
	}
	out, _ := io.ReadAll(r.stdout)
	if strings.Count(string(out), "UDP") != 4 || r.cmd.Wait() == nil {
		t.Errorf("%s", out)
	}
	r.until("gofilter: " + link + ": the interface is down")
}
