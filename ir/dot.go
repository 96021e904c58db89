package ir

import (
	"fmt"
	"io"
	"strings"
)

// WriteDot writes f as a graph in Graphviz's language: a box for each block,
// the true way of a test drawn solid and the false way dashed.
func (f *Func) WriteDot(w io.Writer) error {
	var s strings.Builder
	fmt.Fprintf(&s, "digraph {\n\tlabel=%s\n\tnode [shape=box fontname=monospace]\n", dotString(f.Source))
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		t := printer{f: f}
		t.add(block(BlockID(b)))
		t.list(blk.Params)
		t.add("\n")
		for _, id := range blk.Values {
			t.value(id)
			t.add("\n")
		}
		switch blk.Kind {
		case KindIf:
			t.add(blk.Cond.String(), " ")
			t.operand(blk.X, blk.Cond == Set)
			t.add(" ")
			t.operand(blk.Y, blk.Cond == Set)
			t.add("\n")
		case KindAccept, KindReject:
			t.add(blk.Kind.String(), "\n")
		}
		fmt.Fprintf(&s, "\tb%d [label=%s]\n", b, dotString(t.buf.String()))
		for i := range blk.NumSucc() {
			e := &blk.Succ[i]
			t := printer{f: f}
			t.list(e.Args)
			style := "solid"
			if i == False {
				style = "dashed"
			}
			fmt.Fprintf(&s, "\tb%d -> b%d [style=%s label=%s]\n", b, e.To, style, dotString(t.buf.String()))
		}
	}
	s.WriteString("}\n")
	_, err := io.WriteString(w, s.String())
	return err
}

// dotString quotes text; its lines are set flush left.
func dotString(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return printable(r)
	}, text)
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\l`).Replace(text) + `"`
}
