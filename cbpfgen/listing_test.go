package cbpfgen

import (
	"strings"
	"testing"
)

// sshText is "ip and tcp port 22" as the passes leave it.
const sshText = `func linktype=EN10MB view=file snaplen=65535 "ip and tcp port 22"
b0:
	v1 = load16 [12]                    ; 0:2 ip
	if eq v1 0x800 -> b1, b7            ; 0:2 ip
b1: <- b0
	v2 = load8 [23]                     ; 7:18 tcp port 22
	if eq v2 6 -> b2, b7
b2: <- b1
	v3 = load16 [20]
	if set v3 0x1fff -> b7, b3
b3: <- b2
	v4 = load8 [14]
	v5 = and v4 0xf
	v6 = lsh v5 2
	v7 = load16 [v6+14]
	if eq v7 22 -> b5, b4
b4: <- b3
	v8 = load16 [v6+16]
	if eq v8 22 -> b6, b7
b5: <- b3
	jump b6
b6: <- b4 b5
	accept
b7: <- b0 b1 b2 b4
	reject
`

const sshListing = `(000) ldh      [12]
(001) jeq      #0x800           jt 2	jf 12
(002) ldb      [23]
(003) jeq      #0x6             jt 4	jf 12
(004) ldh      [20]
(005) jset     #0x1fff          jt 12	jf 6
(006) ldxb     4*([14]&0xf)
(007) ldh      [x + 14]
(008) jeq      #0x16            jt 11	jf 9
(009) ldh      [x + 16]
(010) jeq      #0x16            jt 11	jf 12
(011) ret      #65535
(012) ret      #0
`

func TestSSHListing(t *testing.T) {
	prog, err := GenerateProgram(parseFunc(t, sshText), Options{Kernel: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := Format(prog.Insns); got != sshListing {
		t.Errorf("got\n%swant\n%s", got, sshListing)
	}
	f := parseFunc(t, sshText)
	if w := f.Words(prog.Spans[0]); w != "ip" {
		t.Errorf("instruction 0 is from %q", w)
	}
	if w := f.Words(prog.Spans[2]); w != "tcp port 22" {
		t.Errorf("instruction 2 is from %q", w)
	}
}

// listings are Funcs with the whole program that they become. The text lacks the
// first line and, in the listing, instruction numbers.
var listings = []struct {
	name, text, want string
	kernel           bool
}{
	{
		name: "lone accept",
		text: `b0:
	accept
`,
		want: `ret      #9
`,
	},
	{
		name: "lone reject",
		text: `b0:
	reject
`,
		want: `ret      #0
`,
	},
	{
		name: "lone reject computes nothing",
		text: `b0:
	v1 = load8 [0]
	reject
`,
		want: `ret      #0
`,
	},
	{
		name: "accept with a load that can fault",
		text: `b0:
	v1 = load8 [40]
	v2 = add v1 1
	accept
`,
		want: `ldb      [40]
ret      #9
`,
	},
	{
		name: "one load for several tests",
		text: `b0:
	v1 = load16 [12]
	if eq v1 0x800 -> b2, b1
b1: <- b0
	if eq v1 0x86dd -> b2, b3
b2: <- b0 b1
	accept
b3: <- b1
	reject
`,
		want: `ldh      [12]
jeq      #0x800           jt 3	jf 2
jeq      #0x86dd          jt 3	jf 4
ret      #9
ret      #0
`,
	},
	{
		name: "mask and compare with zero",
		text: `b0:
	v1 = load8 [20]
	v2 = and v1 7
	if eq v2 0 -> b1, b2
b1: <- b0
	if ge v1 0x40 -> b3, b2
b2: <- b0 b1
	reject
b3: <- b1
	accept
`,
		want: `ldb      [20]
jset     #0x7             jt 4	jf 2
jge      #0x40            jt 3	jf 4
ret      #9
ret      #0
`,
	},
	{
		name: "constant on the left",
		text: `b0:
	v1 = len
	if gt 100 v1 -> b1, b2
b1: <- b0
	accept
b2: <- b0
	reject
`,
		want: `ld       #pktlen
jge      #0x64            jt 3	jf 2
ret      #9
ret      #0
`,
	},
	{
		name: "comparison of two loads",
		text: `b0:
	v1 = load16 [34]
	v2 = load16 [36]
	if gt v1 v2 -> b1, b2
b1: <- b0
	accept
b2: <- b0
	reject
`,
		want: `ldh      [36]
tax
ldh      [34]
jgt      x                jt 4	jf 5
ret      #9
ret      #0
`,
	},
	{
		name: "a parameter for paths with different header lengths",
		text: `b0:
	v1 = meta vlan_present
	if eq v1 1 -> b2(14), b1
b1: <- b0
	v2 = load16 [12]
	if eq v2 0x8100 -> b2(18), b4
b2(v3): <- b0 b1
	v4 = load16 [v3+2]
	if eq v4 0x1ff -> b3, b4
b3: <- b2
	accept
b4: <- b1 b2
	reject
`,
		want: `ldb      [vlanp]
ldx      #0xe
jeq      #0x1             jt 6	jf 3
ldh      [12]
jeq      #0x8100          jt 5	jf 9
ldx      #0x12
ldh      [x + 2]
jeq      #0x1ff           jt 8	jf 9
ret      #9
ret      #0
`,
	},
	{
		name:   "an index that may be too large, in the kernel",
		kernel: true,
		text: `b0:
	v1 = load32 [0]
	v2 = load8 [v1+4]
	if eq v2 1 -> b1, b2
b1: <- b0
	accept
b2: <- b0
	reject
`,
		want: `ld       [0]
jgt      #0x3fffffff      jt 6	jf 2
tax
ldb      [x + 4]
jeq      #0x1             jt 5	jf 6
ret      #9
ret      #0
`,
	},
	{
		name: "the same for libpcap",
		text: `b0:
	v1 = load32 [0]
	v2 = load8 [v1+4]
	if eq v2 1 -> b1, b2
b1: <- b0
	accept
b2: <- b0
	reject
`,
		want: `ld       [0]
tax
ldb      [x + 4]
jeq      #0x1             jt 4	jf 5
ret      #9
ret      #0
`,
	},
	{
		name: "an offset that no packet has",
		text: `b0:
	v1 = load16 [12]
	if eq v1 0x800 -> b1, b2
b1: <- b0
	v2 = load8 [0xfffff02c]
	if eq v2 1 -> b2, b3
b2: <- b0 b1
	accept
b3: <- b1
	reject
`,
		want: `ldh      [12]
jeq      #0x800           jt 3	jf 2
ret      #9
ret      #0
`,
	},
	{
		name:   "a count that may be too large, in the kernel",
		kernel: true,
		text: `b0:
	v1 = load8 [0]
	v2 = load8 [1]
	v3 = lsh v1 v2
	if eq v3 16 -> b1, b2
b1: <- b0
	accept
b2: <- b0
	reject
`,
		want: `ldb      [0]
ldb      [1]
jgt      #0x1f            jt 7	jf 3
tax
ldb      [0]
lsh      x
ja       8
ld       #0x0
jeq      #0x10            jt 9	jf 10
ret      #9
ret      #0
`,
	},
}

func TestListings(t *testing.T) {
	for _, c := range listings {
		t.Run(c.name, func(t *testing.T) {
			text := "func linktype=EN10MB view=socket snaplen=9 \"\"\n" + c.text
			got := Format(run(t, text, Options{Kernel: c.kernel}))
			var b strings.Builder
			for line := range strings.Lines(got) {
				b.WriteString(line[len("(000) "):])
			}
			if got := b.String(); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}
