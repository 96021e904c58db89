package ebpfgen_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gofilter/gofilter/ebpfgen"
)

// sshInC is tcpPort22 in C.
const sshInC = `/* The verifier wants to see an offset and a pointer tested that the compiler would otherwise know, or make anew. */
#define ssh_opaque(x) asm volatile("" : "+r"(x))

/* ip and tcp port 22 */
static inline __attribute__((always_inline))
unsigned int ssh(struct xdp_md *ctx, const unsigned char *data, const unsigned char *data_end)
{
	const unsigned char *p;
	unsigned long at;
	unsigned int v1, v2, v3, v4, v5, v6, v7, v8;

	/* ip */
	if (data + 14 > data_end)
		return 0;
	v1 = (unsigned int)data[12] << 8 | data[13];
	if (v1 != 0x800u) {
		return 0;
	}
	/* tcp port 22 */
	if (data + 24 > data_end)
		return 0;
	v2 = data[23];
`

func TestFormatCText(t *testing.T) {
	got, err := ebpfgen.FormatC(parse(t, tcpPort22, ebpfgen.XDP), ebpfgen.XDP, "ssh")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got, sshInC) || !strings.HasSuffix(got, "\treturn 0;\n}\n") {
		t.Errorf("got\n%s\nwant at its beginning\n%s", got, sshInC)
	}
	inline, err := ebpfgen.FormatC(parse(t, tcpPort22, ebpfgen.XDP), ebpfgen.Inline(ebpfgen.Registers{}), "ssh")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(inline, "\nunsigned int ssh(const unsigned char *data, const unsigned char *data_end)\n") {
		t.Errorf("got\n%s", inline)
	}
}

func TestFormatCRefuses(t *testing.T) {
	f, vlan := parse(t, tcpPort22, ebpfgen.XDP), parse(t, vlanPresent, ebpfgen.SchedCLS)
	tests := []struct {
		name string
		err  func() error
		want string
	}{
		{"no target", func() error { _, err := ebpfgen.FormatC(f, ebpfgen.Target{}, "f"); return err }, "target none: no target was given"},
		{"view", func() error { _, err := ebpfgen.FormatC(vlan, ebpfgen.XDP, "f"); return err }, "target xdp: needs a filter for view xdp or file, not tc"},
		{"metadatum", func() error {
			_, err := ebpfgen.FormatC(vlan, ebpfgen.Inline(ebpfgen.Registers{}), "f")
			return err
		}, "target inline: has no metadatum vlan_present"},
	}
	for _, test := range tests {
		err := test.err()
		var unsupported *ebpfgen.UnsupportedError
		if !errors.As(err, &unsupported) || err.Error() != test.want {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
	for _, name := range []string{"", "4", "a-b", "é"} {
		if _, err := ebpfgen.FormatC(f, ebpfgen.XDP, name); err == nil {
			t.Errorf("name %q was taken", name)
		}
	}
}

// TestFormatCComment has a filter whose text would end a comment.
func TestFormatCComment(t *testing.T) {
	f := parse(t, strings.ReplaceAll(tcpPort22, `"ip and tcp port 22"`, `"ip */ main(); /*\n22"`), ebpfgen.XDP)
	got, err := ebpfgen.FormatC(f, ebpfgen.XDP, "f")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got, "/* ip * / main(); / * 22 */\n") {
		t.Errorf("got\n%s", got)
	}
}
