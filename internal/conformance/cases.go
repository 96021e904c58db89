// Package conformance runs the recorded filters of libpcap 1.11's test suite against this
// compiler.
//
// A recorded case of kind accept has the two programs that libpcap made of the expression,
// before and after its optimizer. They are run here, on a machine of this package's own,
// beside the verdicts of this compiler, over packets that are made so that every program
// takes as many of its paths as can be found. Equal instructions are not asked for,
// equal verdicts are; see [Rule].
package conformance

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
)

// A Case is one line of cases.jsonl.gz.
type Case struct {
	ID            int        `json:"id"`
	Kind          string     `json:"kind"` // "accept", "reject" or "apply"
	Name          string     `json:"name"`
	Expr          string     `json:"expr"`
	DLT           string     `json:"dlt"`
	Snaplen       uint32     `json:"snaplen"`
	Netmask       netip.Addr `json:"netmask"`
	LinuxExt      bool       `json:"linuxext"`
	SavefileOrder string     `json:"savefile_order"` // "", "native" or "swapped"
	Needs         string     `json:"needs"`          // "" or "etc"

	Unopt    program `json:"unopt"`
	Opt      program `json:"opt"` // nil where OptError says why
	OptError string  `json:"opt_error"`

	Error                string `json:"error"`
	OnlyOptimizerRejects bool   `json:"only_optimizer_rejects"`

	Savefile string   `json:"savefile"` // under savefiles/
	Results  []uint32 `json:"results"`
}

// program decodes the recorded form of a program, [[code, jt, jf, k], ...].
type program []Insn

func (p *program) UnmarshalJSON(b []byte) error {
	var raw [][4]uint32
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	if raw == nil {
		*p = nil
		return nil
	}
	*p = make(program, len(raw))
	for i, r := range raw {
		if r[0] > 0xffff || r[1] > 0xff || r[2] > 0xff {
			return fmt.Errorf("instruction %d: %v is none", i, r)
		}
		(*p)[i] = Insn{uint16(r[0]), uint8(r[1]), uint8(r[2]), r[3]}
	}
	return Validate(*p)
}

// Load reads all cases of the data in dir.
func Load(dir string) ([]Case, error) {
	path := filepath.Join(dir, "cases.jsonl.gz")
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var cases []Case
	s := bufio.NewScanner(z)
	s.Buffer(nil, 16<<20)
	for n := 1; s.Scan(); n++ {
		var c Case
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, n, err)
		}
		switch c.Kind {
		case "accept", "reject", "apply":
		default:
			return nil, fmt.Errorf("%s: line %d: unknown kind %q", path, n, c.Kind)
		}
		cases = append(cases, c)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return cases, nil
}
