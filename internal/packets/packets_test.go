package packets

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const pcaps = "../../testdata/pcaps"

// TestTestdata compares testdata/pcaps with what the generator writes.
func TestTestdata(t *testing.T) {
	files := Files()
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(pcaps, name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator writes: run make pcaps", name)
		}
	}
	entries, err := os.ReadDir(pcaps)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if files[e.Name()] == nil {
			t.Errorf("%s is not written by the generator", e.Name())
		}
	}
}

// TestDeterminism: two calls give the same bytes.
func TestDeterminism(t *testing.T) {
	a, b := Files(), Files()
	for name := range a {
		if !bytes.Equal(a[name], b[name]) {
			t.Errorf("%s differs between two calls", name)
		}
	}
}

// TestTcpdump has tcpdump read every capture and find every checksum right.
func TestTcpdump(t *testing.T) {
	tcpdump, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("no tcpdump here")
	}
	for _, c := range Captures() {
		cmd := exec.Command(tcpdump, "-nn", "-vv", "-r", filepath.Join(pcaps, c.Name+".pcap"))
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			t.Errorf("%s: %v\n%s", c.Name, err, &stderr)
			continue
		}
		for line := range strings.Lines(stderr.String()) {
			// The second is what tcpdump says of every LINUX_SLL2 file.
			if !strings.HasPrefix(line, "reading from file ") && line != "Warning: interface names might be incorrect\n" {
				t.Errorf("%s: tcpdump says %q", c.Name, line)
			}
		}
		for line := range strings.Lines(stdout.String()) {
			for _, bad := range []string{"bad cksum", "bad udp cksum", "incorrect", "malformed", "bad-len", "bad-hlen"} {
				if strings.Contains(line, bad) && !strings.Contains(line, "[|") && !strings.HasPrefix(c.Name, "cut-") {
					t.Errorf("%s: %s", c.Name, line)
				}
			}
		}
	}
}

func TestChecksums(t *testing.T) {
	// The example of RFC 1071 §3: the sum is ddf2.
	if got := fold16(sum16(0, []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7})); got != ^uint16(0xddf2) {
		t.Errorf("checksum is %#x, want %#x", got, ^uint16(0xddf2))
	}
	// An odd byte counts as the high half of a word.
	if got := fold16(sum16(0, []byte{0x12})); got != ^uint16(0x1200) {
		t.Errorf("checksum of one byte is %#x", got)
	}
	src, dst := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	// A packet with its checksum in it sums to zero.
	seg := TCP{SrcPort: 1, DstPort: 2, Flags: SYN}.Bytes(src, dst, []byte("odd"))
	if got := fold16(sum16(pseudo(src, dst, ProtoTCP, len(seg)), seg)); got != 0 {
		t.Errorf("TCP checksum leaves %#x", got)
	}
	ip := IPv4{Src: src, Dst: dst, Proto: ProtoTCP, Options: []byte{1, 1, 1, 0}}.Bytes(seg)
	if got := fold16(sum16(0, ip[:24])); got != 0 {
		t.Errorf("IPv4 checksum leaves %#x", got)
	}
}

// TestLayout compares whole packets with bytes written out by hand.
func TestLayout(t *testing.T) {
	src, dst := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	for _, tt := range []struct {
		name string
		got  []byte
		want string
	}{
		{"ethernet", Ethernet(Broadcast, MAC{1, 2, 3, 4, 5, 6}, EtherARP, []byte{7}), "ffffffffffff010203040506080607"},
		{"vlan", VLAN(0x6064, EtherIPv4, []byte{7}), "6064080007"},
		{"arp", ARP(1, MAC{1}, src, MAC{2}, dst), "0001080006040001" + "0100000000000a000001" + "0200000000000a000002"},
		{"ipv4", IPv4{Src: src, Dst: dst, Proto: 17, ID: 1, MF: true, FragOff: 2}.Bytes([]byte{9}), "450000150001200240" + "11" + "46d3" + "0a0000010a00000209"},
		{"udp", UDP(src, dst, 1, 2, nil), "00010002" + "0008" + "ebd8"},
		{"fragment6", Fragment6(17, 3, true, 5, []byte{9}), "1100001900000005" + "09"},
		{"options6", Options6(6, 6, []byte{9}), "06000104" + "00000000" + "09"},
		{"ah", AH(6, 1, 2, nil)[:12], "060400000000000100000002"},
		{"null", Null(be, AFInet, []byte{9}), "0000000209"},
		{"sll", SLL(4, MAC{1, 2, 3, 4, 5, 6}, EtherIPv4, []byte{9}), "000400010006010203040506" + "0000080009"},
		{"sll2", SLL2(4, 3, MAC{1, 2, 3, 4, 5, 6}, EtherIPv4, []byte{9}), "08000000" + "00000003" + "00010406" + "0102030405060000" + "09"},
		{"ppp", PPP(PPPIPv4, []byte{9}), "ff03002109"},
	} {
		if got := hex.EncodeToString(tt.got); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
