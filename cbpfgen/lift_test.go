package cbpfgen

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/gofilter/gofilter/internal/cbpfvm"
	"github.com/gofilter/gofilter/ir"
	"golang.org/x/net/bpf"
)

// cells of the machine, as lift numbers them: A, X, then M[].
const (
	cellA = 0
	cellX = 1
	cells = 2 + scratchWords
)

// lift turns a program that Verify accepts into a Func of the same meaning. With
// programs of other compilers for input it shows what select makes of code that it
// has not been made for. A return of A is not supported and makes it return nil.
func lift(prog []bpf.RawInstruction) *ir.Func {
	l := &lifter{prog: prog, f: &ir.Func{LinkType: "EN10MB", View: ir.ViewSocket}}
	if !l.leaders() {
		return nil
	}
	l.live()
	for pc := range prog {
		if id := l.blockAt[pc]; id >= 0 && l.reached[pc] {
			l.block(pc, id)
		}
	}
	if err := l.f.Sort(); err != nil {
		panic(err)
	}
	l.f.Compact()
	return l.f
}

type lifter struct {
	prog    []bpf.RawInstruction
	f       *ir.Func
	blockAt []ir.BlockID // by instruction; -1 inside a block
	reached []bool
	needs   []uint32                         // by instruction: the cells that are read before they are written
	params  map[ir.BlockID][]int             // the cells that the block's parameters are
	cells   map[ir.BlockID][cells]ir.ValueID // at the start of blocks with one way into them
}

// leaders finds the beginnings of blocks.
func (l *lifter) leaders() bool {
	n := len(l.prog)
	lead := make([]bool, n)
	l.reached = make([]bool, n)
	lead[0], l.reached[0] = true, true
	for pc, i := range l.prog {
		if !l.reached[pc] {
			continue
		}
		for _, to := range next(i, pc) {
			l.reached[to] = true
			if i.Op&7 == clsJMP {
				lead[to] = true
			}
		}
		switch {
		case i.Op == opRetA:
			return false
		case i.Op == opRetK && i.K != 0:
			l.f.Snaplen = i.K
		}
	}
	l.blockAt = make([]ir.BlockID, n)
	for pc := range l.prog {
		l.blockAt[pc] = -1
		if lead[pc] && l.reached[pc] {
			l.blockAt[pc] = l.f.AddBlock()
		}
	}
	return true
}

// next returns the instructions that may come after the one at pc.
func next(i bpf.RawInstruction, pc int) []int {
	switch {
	case i.Op&7 == clsRET:
		return nil
	case i.Op == opJa:
		return []int{pc + 1 + int(i.K)}
	case i.Op&7 == clsJMP:
		return []int{pc + 1 + int(i.Jt), pc + 1 + int(i.Jf)}
	}
	return []int{pc + 1}
}

// live finds what each instruction needs, and gives each block with more than one
// way into it parameters for that.
func (l *lifter) live() {
	n := len(l.prog)
	l.needs = make([]uint32, n)
	ways := make([]int, n)
	for pc := n - 1; pc >= 0; pc-- {
		if !l.reached[pc] {
			continue
		}
		i := l.prog[pc]
		var need uint32
		for _, to := range next(i, pc) {
			need |= l.needs[to]
			ways[to]++
		}
		if i.Op&7 == clsJMP {
			if i.Op != opJa {
				need |= 1 << cellA
				if i.Op&srcX != 0 {
					need |= 1 << cellX
				}
			}
		} else if i.Op&7 != clsRET {
			reads, writes, _ := effects(i.Op)
			if writes.a {
				need &^= 1 << cellA
			}
			if writes.x {
				need &^= 1 << cellX
			}
			c := insn{op: i.Op}
			if c.storesSlot() {
				need &^= 1 << (2 + i.K)
			}
			if c.loadsSlot() {
				need |= 1 << (2 + i.K)
			}
			if reads.a {
				need |= 1 << cellA
			}
			if reads.x {
				need |= 1 << cellX
			}
		}
		l.needs[pc] = need
	}
	l.params = make(map[ir.BlockID][]int)
	l.cells = make(map[ir.BlockID][cells]ir.ValueID)
	for pc, id := range l.blockAt {
		if id < 0 || ways[pc] < 2 {
			continue
		}
		for c := range cells {
			if l.needs[pc]&(1<<c) != 0 {
				l.params[id] = append(l.params[id], c)
			}
		}
	}
}

// block translates the block that begins at pc.
func (l *lifter) block(pc int, id ir.BlockID) {
	f := l.f
	now, ok := l.cells[id]
	if !ok {
		for c := range now {
			now[c] = f.Const(0)
		}
	}
	for _, c := range l.params[id] {
		now[c] = f.Param(id)
	}
	for ; ; pc++ {
		i := l.prog[pc]
		switch i.Op & 7 {
		case clsRET:
			if i.K == 0 {
				f.Reject(id)
			} else {
				f.Accept(id)
			}
			return
		case clsJMP:
			l.jump(id, i, pc, now)
			return
		}
		l.insn(id, i, &now)
		if l.blockAt[pc+1] >= 0 {
			e := l.edge(pc+1, now)
			f.Jump(id, e.To, e.Args...)
			return
		}
	}
}

func (l *lifter) edge(pc int, now [cells]ir.ValueID) ir.Edge {
	e := ir.Edge{To: l.blockAt[pc]}
	for _, c := range l.params[e.To] {
		e.Args = append(e.Args, now[c])
	}
	l.cells[e.To] = now
	for _, c := range l.params[e.To] {
		cells := l.cells[e.To]
		cells[c] = ir.None
		l.cells[e.To] = cells
	}
	return e
}

func (l *lifter) jump(id ir.BlockID, i bpf.RawInstruction, pc int, now [cells]ir.ValueID) {
	f := l.f
	if i.Op == opJa {
		e := l.edge(pc+1+int(i.K), now)
		f.Jump(id, e.To, e.Args...)
		return
	}
	cond := map[uint16]ir.Cond{jmpJEQ: ir.Eq, jmpJGT: ir.Gt, jmpJGE: ir.Ge, jmpJSET: ir.Set}[i.Op&0xf0]
	y := now[cellX]
	if i.Op&srcX == 0 {
		y = f.Const(i.K)
	}
	t, e := l.edge(pc+1+int(i.Jt), now), l.edge(pc+1+int(i.Jf), now)
	f.If(id, cond, now[cellA], y, t.To, e.To)
	f.Block(id).Succ = [2]ir.Edge{t, e}
}

func (l *lifter) insn(id ir.BlockID, i bpf.RawInstruction, now *[cells]ir.ValueID) {
	f := l.f
	size := map[uint16]ir.Size{widthW: ir.Word, widthH: ir.Half, widthB: ir.Byte}[i.Op&0x18]
	switch i.Op & 7 {
	case clsLD, clsLDX:
		cell := i.Op & 1
		switch i.Op & 0xe0 {
		case modeIMM:
			now[cell] = f.Const(i.K)
		case modeABS:
			if i.K >= adOffset {
				now[cell] = f.New(id, ir.Value{Op: ir.OpMeta, Meta: ir.Meta(i.K - adOffset)})
			} else {
				now[cell] = f.Load(id, size, ir.None, i.K)
			}
		case modeIND:
			now[cell] = f.Load(id, size, now[cellX], i.K)
		case modeMEM:
			now[cell] = now[2+i.K]
		case modeLEN:
			now[cell] = f.New(id, ir.Value{Op: ir.OpLen})
		case modeMSH:
			b := f.Load(id, ir.Byte, ir.None, i.K)
			now[cell] = f.Binary(id, ir.OpLsh, f.Binary(id, ir.OpAnd, b, f.Const(0xf)), f.Const(2))
		}
	case clsST, clsSTX:
		now[2+i.K] = now[i.Op&1]
	case clsALU:
		if i.Op == opNeg {
			now[cellA] = f.New(id, ir.Value{Op: ir.OpNeg, Args: [2]ir.ValueID{now[cellA]}})
			return
		}
		y := now[cellX]
		if i.Op&srcX == 0 {
			y = f.Const(i.K)
		}
		for op, code := range aluOps {
			if code == i.Op&0xf0 {
				now[cellA] = f.Binary(id, op, now[cellA], y)
				return
			}
		}
		panic("no operation")
	case clsMISC:
		now[i.Op>>7&1^1] = now[i.Op>>7&1]
	}
}

// TestLift: a program's Func generates a program with its verdicts again.
func TestLift(t *testing.T) {
	for seed := range *rounds / 3 {
		r := rand.New(rand.NewPCG(uint64(seed), 13))
		first, err := Generate(randomFunc(r, 20), Options{})
		if err != nil {
			continue
		}
		checkLift(t, r, first)
	}
}

// checkLift lifts prog, generates from that, and returns the new program.
func checkLift(t *testing.T, r *rand.Rand, prog []bpf.RawInstruction) []bpf.RawInstruction {
	t.Helper()
	f := lift(prog)
	if f == nil {
		return nil
	}
	if err := f.Check(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, Format(prog), f)
	}
	again, err := Generate(f, Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, f)
	}
	if err := Verify(again); err != nil {
		t.Fatalf("%v in\n%s", err, Format(again))
	}
	for range 20 {
		pkt := randomPacket(r)
		md := randomMeta(r, len(pkt))
		got, want := cbpfvm.Run(cbpfvm.Libpcap, again, pkt, md), cbpfvm.Run(cbpfvm.Libpcap, prog, pkt, md)
		if got != want {
			t.Fatalf("verdict %d, want %d for % x\n%s\n%s\n%s", got, want, pkt, Format(prog), f, Format(again))
		}
	}
	return again
}

// TestLiftPrograms does the same with the programs of a conformance set, and shows
// where the result is longer than the original. GOFILTER_CONFORMANCE names the set's
// directory.
func TestLiftPrograms(t *testing.T) {
	dir := os.Getenv("GOFILTER_CONFORMANCE")
	if dir == "" {
		t.Log("GOFILTER_CONFORMANCE is not set; TestLift has programs of our own")
		return
	}
	file, err := os.Open(filepath.Join(dir, "cases.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var total, before, after, longer [2]int
	sc := bufio.NewScanner(z)
	sc.Buffer(nil, 64<<20)
	for sc.Scan() {
		var c struct {
			Name, Expr string
			Unopt, Opt [][4]uint32
		}
		if err := json.Unmarshal(sc.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		for k, rows := range [][][4]uint32{c.Opt, c.Unopt} {
			var prog []bpf.RawInstruction
			for _, row := range rows {
				prog = append(prog, bpf.RawInstruction{Op: uint16(row[0]), Jt: uint8(row[1]), Jf: uint8(row[2]), K: row[3]})
			}
			if verify(prog, 1<<16) != nil {
				continue
			}
			again := checkLift(t, rand.New(rand.NewPCG(1, 1)), prog)
			if again == nil {
				continue
			}
			total[k]++
			before[k] += len(prog)
			after[k] += len(again)
			if len(again) > len(prog) {
				longer[k]++
				if k == 0 {
					t.Logf("%s: %q: %d instructions, were %d", c.Name, c.Expr, len(again), len(prog))
					t.Logf("\n%s\n%s", Format(prog), Format(again))
				}
			}
		}
	}
	for k, name := range []string{"optimized", "unoptimized"} {
		t.Logf("%s: %d programs, %d instructions, were %d; %d longer", name, total[k], after[k], before[k], longer[k])
	}
}
