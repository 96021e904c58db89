package conformance

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// A tally counts the cases of one row.
type tally struct {
	total int
	by    [numOutcomes]int
}

func (t *tally) add(o Outcome) {
	t.total++
	t.by[o]++
}

// rate is the share that passes, in percent; a row without cases passes.
func (t *tally) rate() float64 {
	if t.total == 0 {
		return 100
	}
	return 100 * float64(t.by[Pass]) / float64(t.total)
}

// Required lists the link types of which at least MinRate percent of the accept cases that
// need no names must pass.
var Required = []string{"EN10MB", "RAW", "IPV4", "IPV6", "NULL", "LOOP", "LINUX_SLL", "LINUX_SLL2", "PPP"}

// MinRate is a share in percent; see Required.
const MinRate = 70

// Table prints what became of the cases, for each kind and link type, and returns what
// of it must not be; an empty list is success. whole says that no case was left out, so that
// the shares mean something.
func Table(w io.Writer, reports []Report, whole bool) (failures []string, err error) {
	var (
		accept, names, reject = map[string]*tally{}, map[string]*tally{}, map[string]*tally{}
		apply, all            tally
		inputs, stricter      int
	)
	row := func(m map[string]*tally, key string) *tally {
		if m[key] == nil {
			m[key] = &tally{}
		}
		return m[key]
	}
	for _, r := range reports {
		all.add(r.Outcome)
		inputs += r.Inputs
		stricter += r.Stricter
		switch {
		case r.Case.Kind == "apply":
			apply.add(r.Outcome)
		case r.Case.Kind == "reject":
			row(reject, "all link types").add(r.Outcome)
		case r.Case.Needs == "etc":
			row(names, r.Case.DLT).add(r.Outcome)
		default:
			row(accept, r.Case.DLT).add(r.Outcome)
		}
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	section := func(title string, m map[string]*tally) {
		if len(m) == 0 {
			return
		}
		fmt.Fprintf(t, "%s\tcases\tpass\tunsupported\twrong\tcrash\twrongly refused\twrongly accepted\tskipped\tpass rate\t\n", title)
		var sum tally
		line := func(name string, y *tally) {
			fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%.0f %%\t\n", name, y.total,
				y.by[Pass], y.by[Unsupported], y.by[WrongVerdict], y.by[Crash], y.by[WrongRefusal], y.by[WrongAccept], y.by[Skipped], y.rate())
		}
		for _, name := range order(m) {
			line(name, m[name])
			sum.total += m[name].total
			for o, n := range m[name].by {
				sum.by[o] += n
			}
		}
		if len(m) > 1 {
			line("together", &sum)
		}
		fmt.Fprintln(t, "\t\t\t\t\t\t\t\t\t\t")
	}
	section("accept", accept)
	section("accept, names", names)
	section("reject", reject)
	if apply.total > 0 {
		section("apply", map[string]*tally{"savefiles": &apply})
	}
	if err := t.Flush(); err != nil {
		return nil, err
	}
	fmt.Fprintf(w, "%d cases, %d packets; on %d of these the reference's optimized program accepts where its plain one and this compiler fault\n", all.total, inputs, stricter)
	for _, o := range []Outcome{WrongVerdict, Crash, WrongAccept} {
		if n := all.by[o]; n > 0 {
			failures = append(failures, fmt.Sprintf("%d cases: %v", n, o))
		}
	}
	if whole {
		for _, name := range Required {
			if y := row(accept, name); y.rate() < MinRate || y.total == 0 {
				failures = append(failures, fmt.Sprintf("%s: %.0f %% of %d accept cases pass, want at least %d %%", name, y.rate(), y.total, MinRate))
			}
		}
	}
	return failures, nil
}

// order lists the rows: the required link types first, then by name.
func order(m map[string]*tally) []string {
	var rest, list []string
	for name := range m {
		if !slices.Contains(Required, name) {
			rest = append(rest, name)
		}
	}
	slices.Sort(rest)
	for _, name := range Required {
		if m[name] != nil {
			list = append(list, name)
		}
	}
	return append(list, rest...)
}
