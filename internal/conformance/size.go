package conformance

import (
	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/cbpfgen"
)

// Size returns the number of instructions of the classic program that this compiler
// makes of an accept case.
func (r *Runner) Size(c *Case) (int, error) {
	cfg, err := r.config(c)
	if err != nil {
		return 0, err
	}
	f, err := gofilter.Compile(c.Expr, cfg)
	if err != nil {
		return 0, err
	}
	prog, err := cbpfgen.Generate(f.IR(), cbpfgen.Options{})
	return len(prog), err
}
