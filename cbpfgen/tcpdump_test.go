package cbpfgen

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestAgainstTcpdump compares the three forms with those of the system's tcpdump, or
// the one that GOFILTER_TCPDUMP names.
func TestAgainstTcpdump(t *testing.T) {
	tcpdump := os.Getenv("GOFILTER_TCPDUMP")
	if tcpdump == "" {
		var err error
		if tcpdump, err = exec.LookPath("tcpdump"); err != nil {
			t.Skip(err)
		}
	}
	print := func(flag, linkType, expr string) string {
		out, err := exec.Command(tcpdump, "-y", linkType, flag, expr).Output()
		if err != nil {
			t.Fatalf("%s %s %q: %v", tcpdump, flag, expr, err)
		}
		// libpcap before 1.11 pads instructions without operand.
		return strings.ReplaceAll(strings.ReplaceAll(string(out), "      \n", "\n"), " \n", "\n")
	}
	for _, c := range [][2]string{
		{"EN10MB", ""},
		{"EN10MB", "ip and tcp port 22"},
		{"EN10MB", "ip6 or arp"},
		{"EN10MB", "len > 100 and ip[len % 7] - (tcp[3:4] ^ 0x55) * udp[2] / 3 | -ip[9] & 0xf > 0xffffffff"},
		{"EN10MB", "ip[0] << 3 >> 1 == ether[ip[2] % 5:2] << ip[1]"},
		{"EN10MB", "greater 100 and less 2000"},
		{"EN10MB", "vlan and vlan 7 and host 1.2.3.4"},
		{"EN10MB", "ip[4:2] > ip[6:2] and ip[4:2] >= ip[6:2] and ip[1] & ip[2] != 0"},
		{"RAW", "ip6[2000000000] == 3"},
		{"EN10MB", "ether[4294967280:1] == 1 and ip[0xfffffff0] == 0xfffffff1"},
		{"IEEE802_11_RADIO", "wlan host 00:11:22:33:44:55"},
	} {
		prog, err := Parse(print("-ddd", c[0], c[1]))
		if err != nil {
			t.Fatal(err)
		}
		for flag, format := range map[string]string{"-d": Format(prog), "-dd": FormatC(prog), "-ddd": FormatDecimal(prog)} {
			if want := print(flag, c[0], c[1]); format != want {
				t.Errorf("%q: %s prints\n%swe print\n%s", c[1], flag, want, format)
			}
		}
	}
}
