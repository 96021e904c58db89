package oracle

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/gofilter/gofilter/internal/conformance"
)

// A Driver is a running driver program. It answers one request at a time.
type Driver struct {
	cmd *exec.Cmd
	in  *bufio.Writer
	out *bufio.Reader
	end io.Closer
}

// An Answer says what libpcap did with a filter.
type Answer struct {
	Prog    []conformance.Insn // nil where it was not compiled
	Refused string             // libpcap's message
	Died    string             // how libpcap crashed, or "hang"
}

// OK reports whether the filter was compiled.
func (a *Answer) OK() bool { return a.Prog != nil }

func (a *Answer) String() string {
	switch {
	case a.Died != "":
		return a.Died
	case a.Prog == nil:
		return "refuses: " + a.Refused
	}
	return fmt.Sprintf("accepts, %d instructions", len(a.Prog))
}

// Start starts the driver program at path.
func Start(path string) (*Driver, error) {
	cmd := exec.Command(path)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("driver: %w", err)
	}
	return &Driver{cmd: cmd, in: bufio.NewWriter(in), out: bufio.NewReader(out), end: in}, nil
}

// Close ends the driver.
func (d *Driver) Close() error {
	d.end.Close()
	return d.cmd.Wait()
}

// Version returns the name and version of the driver's library: "libpcap version
// 1.10.3 (with TPACKET_V3)".
func (d *Driver) Version() (string, error) {
	fmt.Fprintln(d.in, "version")
	if err := d.in.Flush(); err != nil {
		return "", fmt.Errorf("driver: %w", err)
	}
	line, err := d.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("driver: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// timeLimit is how long libpcap may take for one filter, in seconds.
const timeLimit = 4

// Compile has libpcap compile a case, first without, then with its optimizer.
func (d *Driver) Compile(c *Case) (plain, opt Answer, err error) {
	for optimize := range 2 {
		d.ask(c, optimize)
	}
	if err := d.in.Flush(); err != nil {
		return plain, opt, fmt.Errorf("driver: %w", err)
	}
	if plain, err = d.answer(); err == nil {
		opt, err = d.answer()
	}
	return plain, opt, err
}

// ask writes a request.
func (d *Driver) ask(c *Case, optimize int) {
	mask := "-"
	if c.Netmask.IsValid() {
		b := c.Netmask.As4()
		mask = hex.EncodeToString(b[:])
	}
	text := hex.EncodeToString([]byte(c.Expr))
	if text == "" {
		text = "-"
	}
	fmt.Fprintf(d.in, "%d %d %s %s %d %d %s\n", c.Link.DLT(), c.Snaplen, mask, c.View, optimize, timeLimit, text)
}

// Time has libpcap compile a case n times with its optimizer, and returns how much CPU
// time that took, in nanoseconds.
func (d *Driver) Time(c *Case, n int) (int64, error) {
	fmt.Fprintf(d.in, "time %d ", n)
	d.ask(c, 1)
	if err := d.in.Flush(); err != nil {
		return 0, fmt.Errorf("driver: %w", err)
	}
	line, err := d.out.ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("driver: %w", err)
	}
	var took int64
	if _, err := fmt.Sscanf(line, "took %d", &took); err != nil {
		return 0, fmt.Errorf("driver: %q is not compiled: %s", c.Expr, strings.TrimSpace(line))
	}
	return took, nil
}

// answer reads one reply.
func (d *Driver) answer() (a Answer, err error) {
	line, err := d.out.ReadString('\n')
	if err != nil {
		return a, fmt.Errorf("driver: %w", err)
	}
	word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	switch word {
	case "ok":
		nums := strings.Fields(rest)
		if len(nums) == 0 || len(nums)%4 != 0 {
			return a, fmt.Errorf("driver: a program of %d numbers", len(nums))
		}
		a.Prog = make([]conformance.Insn, len(nums)/4)
		for i := range a.Prog {
			var n [4]uint64
			for j := range n {
				if n[j], err = strconv.ParseUint(nums[4*i+j], 10, 32); err != nil {
					return a, fmt.Errorf("driver: %w", err)
				}
			}
			a.Prog[i] = conformance.Insn{Code: uint16(n[0]), JT: uint8(n[1]), JF: uint8(n[2]), K: uint32(n[3])}
		}
	case "refused":
		a.Refused = rest
	case "crash", "hang":
		a.Died = strings.TrimSuffix(line, "\n")
	default:
		return a, fmt.Errorf("driver: %s", strings.TrimSpace(line))
	}
	return a, nil
}
